//! What senders of OpenTelemetry, Loki, Datadog, GELF and systemd ask for.

use super::operation::Described;
use super::parameters::{content_encoding, header, query};
use super::refusals::{Form, OF_BODY, OF_RATE, OF_RECORDS, OF_TAKING};
use super::shapes::{
    Shape, anything, bytes, count, list, map, named, object, open_object, text, truth,
};
use super::tags::{DATADOG, LOKI, OPENTELEMETRY, OTHERS};
use crate::access::Scope;
use crate::http::ingest::{datadog, loki, otlp};
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod::{Get, Post};

const OF_OTLP: Form = Form {
    refuse: otlp::refusal,
    asked_as: &[
        "application/json",
        "application/x-protobuf",
        "application/protobuf",
    ],
    schema: "OtlpStatus",
};
const OF_LOKI: Form = Form {
    refuse: loki::refusal,
    asked_as: &[""],
    schema: "",
};
const OF_DATADOG: Form = Form {
    refuse: datadog::refusal,
    asked_as: &[""],
    schema: "DatadogErrors",
};
const OF_DATADOG_KEY: Form = Form {
    refuse: datadog::no_key,
    asked_as: &[""],
    schema: "DatadogErrors",
};

pub(super) fn described() -> Vec<Described> {
    let datadog = [
        ("/api/v2/logs", "sendDatadogLogs"),
        ("/v1/input", "sendDatadogInput"),
    ];
    let mut all = vec![
        otlp_logs(),
        loki_push(),
        loki_ready(),
        datadog_validate(),
        gelf(),
        journal(),
    ];
    all.extend(datadog.map(|(path, name)| datadog_logs(path, name)));
    all
}

#[rustfmt::skip]
fn otlp_logs() -> Described {
    let export = json!({"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "orders"}}]},
        "scopeLogs": [{"logRecords": [{"timeUnixNano": "1728345600000000000", "severityNumber": 17, "body": {"stringValue": "Database connection failed."}}]}]}]});
    let told = "`ExportLogsServiceResponse`, encoded.";
    let sent = "`ExportLogsServiceRequest`, encoded.";
    Described::new(Post, "/v1/logs", "exportLogs", "Takes logs of OpenTelemetry")
        .under(OPENTELEMETRY).in_form(OF_OTLP).needs(Scope::Ingest)
        .parameters([content_encoding(&[])])
        .body([
            ("application/json", named("OtlpLogs"), export),
            ("application/x-protobuf", bytes(sent), Value::Null),
            ("application/protobuf", bytes(sent), Value::Null),
        ])
        .answers(200, "They are safe, but for those that `partialSuccess` counts.")
        .with(200, "application/json", named("OtlpExported"), json!({}))
        .with(200, "application/x-protobuf", bytes(told), Value::Null)
        .with(200, "application/protobuf", bytes(told), Value::Null)
        .refuses(&["invalid_form", "invalid_json", "invalid_protobuf", "invalid_records", "invalid_utf8", "unsupported_media_type"])
        .takes_records()
}

#[rustfmt::skip]
fn loki_push() -> Described {
    let push = json!({"streams": [{"stream": {"service": "orders"}, "values": [["1728345600000000000", "Database connection failed."]]}]});
    let tenant = text("Becomes an attribute of each line.");
    Described::new(Post, "/loki/api/v1/push", "pushLoki", "Takes pushes of Loki's senders")
        .under(LOKI).in_form(OF_LOKI).needs(Scope::Ingest)
        .parameters([header("X-Scope-OrgID", tenant), content_encoding(&["snappy"])])
        .body([
            ("application/json", named("LokiPush"), push),
            ("application/x-protobuf", bytes("`PushRequest`, encoded, as a block of snappy."), Value::Null),
        ])
        .answers(204, "The push is safe.")
        .header(204, "X-Rejected-Count", count("Lines of which nothing could be kept."))
        .refuses(&["invalid_json", "invalid_protobuf", "invalid_records", "invalid_utf8", "not_push", "unsupported_media_type"])
        .takes_records()
}

#[rustfmt::skip]
fn loki_ready() -> Described {
    Described::new(Get, "/ready", "getLokiReady", "Whether a push would be taken")
        .under(LOKI).in_form(OF_LOKI)
        .answers(200, "It would.")
        .with(200, "text/plain", text("`ready`."), "ready\n".into())
        .refuses(&["not_ready"])
}

#[rustfmt::skip]
fn datadog_logs(path: &str, name: &str) -> Described {
    let logs = json!([{"message": "Database connection failed.", "status": "error", "service": "orders", "ddtags": "env:prod"}]);
    let given = ["ddtags", "service", "ddsource", "hostname"];
    Described::new(Post, path, name, "Takes logs of Datadog's agent")
        .under(DATADOG).in_form(OF_DATADOG).needs(Scope::Ingest)
        .about("Of any type: the body is read as JSON, or as text. Parameters become attributes of all that do not bring them.")
        .parameters(given.map(|name| query(name, text("An attribute."), "orders")))
        .parameters([content_encoding(&[])])
        .body([("application/json", anything("A list of objects, or one."), logs), ("text/plain", text("A message a line."), "hello\n".into())])
        .answers(202, "They are safe.")
        .with(202, "application/json", object("Nothing.", []), json!({}))
        .refuses(OF_RECORDS)
        .takes_records()
}

#[rustfmt::skip]
fn datadog_validate() -> Described {
    Described::new(Get, "/api/v1/validate", "validateDatadogKey", "Whether an agent's key is one")
        .under(DATADOG).in_form(OF_DATADOG_KEY).needs(Scope::Ingest)
        .answers(200, "It is.")
        .with(200, "application/json", object("Whether it is one.", [("valid", truth(""))]), json!({"valid": true}))
}

#[rustfmt::skip]
fn gelf() -> Described {
    let message = json!({"version": "1.1", "host": "web-1", "short_message": "disk is full", "timestamp": 1_728_349_200.307_2, "level": 3, "_mount": "/var"});
    Described::new(Post, "/gelf", "sendGelf", "Takes GELF")
        .under(OTHERS).needs(Scope::Ingest)
        .about("Of any type: one message, a list of them, or one behind another.")
        .parameters([content_encoding(&[])])
        .body([("application/json", anything("A message, or a list of them."), message)])
        .answers(202, "It is safe.")
        .refuses(OF_RECORDS)
        .takes_records()
}

#[rustfmt::skip]
fn journal() -> Described {
    let entry = "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1728345600000000\nMESSAGE=started\nPRIORITY=6\n\n";
    Described::new(Post, "/upload", "uploadJournal", "Takes a journal of systemd")
        .under(OTHERS).needs(Scope::Ingest)
        .about("As `systemd-journal-upload` sends it, in the journal export format, uncompressed. It is taken in portions: what stands before an error is safe.")
        .body([("application/vnd.fdo.journal", bytes("The journal export format."), entry.into())])
        .answers(202, "All of it is safe.")
        .with(202, "text/plain", text("`OK.`"), "OK.\n".into())
        .refuses(&["decoded_body_too_large", "invalid_journal", "invalid_records", "unsupported_encoding", "unsupported_media_type"])
        .refuses(OF_BODY).refuses(OF_TAKING).refuses(OF_RATE)
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let logs = open_object("`ExportLogsServiceRequest`.", [("resourceLogs?", list(open_object("`ResourceLogs`.", [])))]);
    let partial = object("`ExportLogsPartialSuccess`.", [
        ("rejectedLogRecords", text("A whole number.")),
        ("errorMessage", text("")),
    ]);
    let exported = object("`ExportLogsServiceResponse`.", [("partialSuccess?", partial)]);
    let status = object("`google.rpc.Status`.", [("code", count("A code of gRPC.")), ("message", text(""))]);
    let stream = open_object("A stream.", [
        ("stream?", map(text(""), "Its labels.")),
        ("values?", list(list(anything("A time in nanoseconds as text, a line, and an object of structured metadata if there is any.")))),
    ]);
    let push = open_object("A push.", [("streams", list(stream))]);
    let error = object("An error.", [("status", text("")), ("title", text("")), ("detail", text(""))]);
    let errors = object("Why nothing was taken.", [("errors", list(named("DatadogError")))]);
    vec![
        ("OtlpLogs", logs), ("OtlpExported", exported), ("OtlpStatus", status), ("LokiPush", push), ("DatadogErrors", errors), ("DatadogError", error),
    ]
}
