//! What senders of Splunk's events ask for.

use super::operation::Described;
use super::parameters::{content_encoding, query};
use super::refusals::{Form, OF_RECORDS};
use super::shapes::{Shape, anything, count, named, object, text};
use super::tags::SPLUNK;
use crate::access::Scope;
use crate::http::ingest::splunk;
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod::{self, Get, Options, Post};

const FORM: Form = Form {
    refuse: splunk::refusal,
    asked_as: &[""],
    schema: "SplunkAnswer",
};
/// Where events go, and by which name for programs.
const EVENTS: [(&str, &str); 3] = [
    ("/services/collector", "Events"),
    ("/services/collector/event", "Event"),
    ("/services/collector/event/1.0", "EventV1"),
];
const LINES: [(&str, &str); 2] = [
    ("/services/collector/raw", "Raw"),
    ("/services/collector/raw/1.0", "RawV1"),
];
const HEALTH: [(&str, &str); 2] = [
    ("/services/collector/health", "Health"),
    ("/services/collector/health/1.0", "HealthV1"),
];

pub(super) fn described() -> Vec<Described> {
    let event = json!({"time": 1_728_352_800.123_456, "host": "web-1", "event": {"message": "order taken", "severity": "INFO"}, "fields": {"order": 7}});
    let events = || {
        (
            "application/json",
            anything("An event, or one behind another."),
            event.clone(),
        )
    };
    let lines = || {
        (
            "text/plain",
            text("A message a line."),
            Value::from("order taken\n"),
        )
    };
    let mut all = Vec::new();
    for (path, name) in EVENTS {
        all.extend([
            taken(path, name, "Takes Splunk's events", events()),
            asked_before(path, name),
        ]);
    }
    for (path, name) in LINES {
        all.extend([
            taken(path, name, "Takes lines as Splunk does", lines()),
            asked_before(path, name),
        ]);
    }
    all.extend(HEALTH.map(|(path, name)| health(path, name)));
    all
}

fn of(method: HttpMethod, path: &str, name: &str, summary: &str) -> Described {
    Described::new(method, path, name, summary)
        .under(SPLUNK)
        .in_form(FORM)
}

#[rustfmt::skip]
fn taken(path: &str, name: &str, summary: &str, body: (&str, Shape, Value)) -> Described {
    of(Post, path, &format!("sendSplunk{name}"), summary)
        .about("Whatever type the body names. Parameters become attributes of all that do not bring them.")
        .needs(Scope::Ingest)
        .parameters(["host", "source", "sourcetype", "index"].map(|name| query(name, text("An attribute."), "web-1")))
        .parameters([content_encoding(&[])])
        .body([body])
        .answers(200, "They are safe.")
        .with(200, "application/json", named("SplunkAnswer"), json!({"text": "Success", "code": 0}))
        .with(400, "application/json", named("SplunkAnswer"), json!({"text": "No data", "code": 5}))
        .refuses(OF_RECORDS)
        .takes_records()
}

fn asked_before(path: &str, name: &str) -> Described {
    of(
        Options,
        path,
        &format!("askSplunk{name}"),
        "Whether there is such an address",
    )
    .about("Docker's driver asks before it starts, without its token.")
    .answers(200, "There is.")
}

#[rustfmt::skip]
fn health(path: &str, name: &str) -> Described {
    of(Get, path, &format!("getSplunk{name}"), "Whether events are taken now")
        .needs(Scope::Ingest)
        .answers(200, "They are.")
        .with(200, "application/json", named("SplunkAnswer"), json!({"text": "HEC is healthy", "code": 17}))
        .with(503, "application/json", named("SplunkAnswer"), json!({"text": "HEC is unhealthy, queues are full", "code": 18}))
        .refuses(&["not_ready"])
}

/// Components that only these have.
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let members = [
        ("text", text("A sentence.")),
        ("code", count("Splunk's number for it.")),
    ];
    vec![("SplunkAnswer", object("Every answer.", members))]
}
