//! Batches in the service's own form: `POST /logs/batch`, and what became of them.

use super::operation::Described;
use super::parameters::{content_encoding, header, old_query, path, query};
use super::refusals::OF_RECORDS;
use super::shapes::{Shape, list, named, one_of, open_object, text, text_like};
use super::tags::SENDING;
use crate::access::Scope;
use serde_json::json;
use utoipa::openapi::HttpMethod;

/// Told of what a head asks for.
const OF_ASKING: &[&str] = &[
    "idempotency_key_reused",
    "invalid_idempotency_key",
    "invalid_parameter",
    "unsupported_media_type",
];

const TAKEN_BY: &str = "Which aggregator has taken the batch: that one knows what became of it.";

pub(super) fn described() -> Vec<Described> {
    vec![batch(), status()]
}

#[rustfmt::skip]
fn batch() -> Described {
    let accepted = json!({"status": "success", "message": "Log batch accepted", "accepted": 1, "batchId": "b76d498356649fd9", "durability": "spooled"});
    let stored = json!({"status": "success", "message": "Log batch accepted", "accepted": 1, "batchId": "b76d498356649fd9", "durability": "spooled",
        "warningCount": 1, "warnings": [{"index": 0, "reason": "level 77 is no level: it has none"}]});
    let records = list(named("NewRecord"));
    let record = json!([{"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": "Database connection failed.", "service": "orders"}]);
    Described::new(HttpMethod::Post, "/logs/batch", "sendBatch", "Takes a batch of logs")
        .under(SENDING)
        .about("What is sent is taken: a list of records, one record, one a line, plain text. `warnings` tell what is kept in another form. \
                With an `Idempotency-Key` the same body is stored once, however often it is sent. Other parameters change nothing.")
        .needs(Scope::Ingest)
        .parameters([
            query("ack", one_of(&["spooled", "stored"], "What is waited for: the service's own disk, or the store."), "stored"),
            query("strict", one_of(&["true", "false", "1", "0"], "Whether the batch is refused when anything would be told of its records."), "true"),
            query("key", one_of(&["content"], "Makes a key of what is sent, for senders that cannot send one of their own."), "content"),
            old_query("partial", one_of(&["true", "false", "1", "0"], "`false` is `strict=true`; `true` has no effect."), "false"),
            header("Idempotency-Key", text_like("^[!-~]{1,255}$", "One of your own for this batch: 1 to 255 visible ASCII characters.")),
            content_encoding(&[]),
        ])
        .body([
            ("application/json", records, record),
            ("application/x-ndjson", text("A record a line."), "{\"level\":\"INFO\",\"message\":\"hello\"}\n{\"message\":\"again\"}\n".into()),
            ("text/plain", text("A message a line."), "hello\nagain\n".into()),
        ])
        .answers(200, "The batch is safe.")
        .with(200, "application/json", named("BatchAccepted"), accepted)
        .header(200, "Idempotent-Replayed", one_of(&["true"], "The batch was taken before, under this key."))
        .header(200, "X-Instance", text(TAKEN_BY))
        .answers(202, "The batch is on the service's own disk; the store, which `ack=stored` asked for, does not have it yet.")
        .with(202, "application/json", named("BatchAccepted"), stored)
        .header(202, "Idempotent-Replayed", one_of(&["true"], "The batch was taken before, under this key."))
        .header(202, "X-Instance", text(TAKEN_BY))
        .refuses(OF_ASKING).refuses(OF_RECORDS).takes_records()
}

#[rustfmt::skip]
fn status() -> Described {
    let id = text_like("^[0-9a-f]{16}$", "The batch's id, as `POST /logs/batch` tells it.");
    let example = json!({"batchId": "b76d498356649fd9", "instance": "logs-1", "receivedAt": "2026-11-28T03:51:38.627205218Z", "records": 2, "durability": "stored",
        "stored": 2, "alreadyStored": 0, "setAside": 0});
    Described::new(HttpMethod::Get, "/logs/batches/{id}", "getBatch", "What became of a batch")
        .under(SENDING)
        .about("While it is among the last 100,000 of the aggregator that took it; of several behind one address, the others answer `404`, and `instance` says which one it is that does not know it.")
        .needs(Scope::Ingest)
        .parameters([path("id", id, "b76d498356649fd9")])
        .answers(200, "What is known of it.")
        .with(200, "application/json", named("BatchStatus"), example)
        .refuses(&["internal_error", "invalid_batch_id", "rejected_unavailable", "unknown_batch"])
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let record = open_object("A record to be taken. Other names of these members are known as well, and all others become attributes.", [
        ("timestamp?", text("When it happened: RFC 3339 and what people write for it, or a number. Without one it is when it is taken.")),
        ("level?", text("How bad it is, in any spelling.")),
        ("message?", text("What happened.")),
    ]);
    vec![("NewRecord", record)]
}
