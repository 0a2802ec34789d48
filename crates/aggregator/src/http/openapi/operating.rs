//! What is of those who run the service: records that were set aside, and the way to the store.

use super::operation::Described;
use super::parameters::{needed_query, number, path, query};
use super::refusals::OF_TAKING;
use super::shapes::{Shape, count, list, map, named, object, one_of, text, text_like, time, truth};
use super::tags::OPERATING;
use crate::access::Scope;
use crate::access::protocol::Protocol;
use crate::deliver::dead_letters::ReasonCode;
use crate::http::services::LANES;
use serde_json::json;
use utoipa::openapi::HttpMethod;

pub(super) fn described() -> Vec<Described> {
    vec![
        list_rejected(),
        replay(),
        stats(),
        drain(),
        breakers(),
        log(),
        set_log(),
    ]
}

/// What all share.
pub(super) fn operates(method: HttpMethod, path: &str, name: &str, summary: &str) -> Described {
    Described::new(method, path, name, summary)
        .under(OPERATING)
        .about("Without tokens it is answered on the service's own machine alone.")
        .needs(Scope::Operate)
        .refuses(&["local_only"])
}

/// The id of one that is kept aside.
const LETTER_ID: &str = "^[0-9a-fA-F]{32}$";

fn reason_code(about: &str) -> Shape {
    one_of(&ReasonCode::ALL.map(ReasonCode::name), about)
}

/// Told where it is not known what was set aside, or there is no memory for it.
const OF_LETTERS: &[&str] = &["internal_error", "overloaded", "rejected_unavailable"];

#[rustfmt::skip]
fn list_rejected() -> Described {
    let example = json!({"instance": "logs-1", "total": 1, "records": [{"id": "6d5f0a1c9b7e4f3288e1d2c3b4a59687", "reasonCode": "too_large", "reason": "the record is too large", "rejectedAt": "2026-11-28T03:51:38.627Z", "file": "0000000001.rejected",
        "record": {"id": "97fc57b6e28d4000706934c744beacc100000002", "timestamp": "2024-10-08T02:00:00Z", "message": "High memory usage detected."}}]});
    operates(HttpMethod::Get, "/logs/rejected", "listRejected", "Records that are kept aside")
        .parameters([
            number("limit", (1, 1_000), "Records of an answer: 100 unless said otherwise."),
            query("reason", reason_code("Those that are kept for this reason alone."), "against_rule"),
            query("after", text_like("^[0-9]{1,9}-[0-9]{1,9}(@[A-Za-z0-9._-]{1,64})?$", "`next` of the answer before, of the same aggregator."), "0-0"),
        ])
        .answers(200, "In the order in which their files were written: what stays when others of its file are put back comes last.")
        .with(200, "application/json", named("Rejected"), example)
        .refuses(&["invalid_parameter"])
        .refuses(OF_LETTERS)
}

#[rustfmt::skip]
fn replay() -> Described {
    operates(HttpMethod::Post, "/logs/rejected/replay", "replayRejected", "Puts them back")
        .parameters([
            query("id", text_like(LETTER_ID, "The one with this `id` in the list; also given several times, up to 1,000."), "6d5f0a1c9b7e4f3288e1d2c3b4a59687"),
            query("reason", reason_code("Those that are kept for this reason; not beside `id`."), "against_rule"),
        ])
        .refuses(&["invalid_parameter", "repeated_parameter", "unknown_parameter"])
        .answers(200, "They are in the spool again, with the ids that they had.")
        .with(200, "application/json", named("Replayed"), json!({"status": "success", "message": "Refused records are put back", "instance": "logs-1", "replayed": 2}))
        .refuses(OF_TAKING)
        .refuses(&["backup_under_way"])
        .refuses(OF_LETTERS)
}

#[rustfmt::skip]
fn stats() -> Described {
    let example = json!({"store": {"kind": "blocks", "bytes": {"inUse": 184_320, "onDisk": 1_236_992}, "oldest": "2026-11-27T08:00:00Z", "newest": "2026-11-29T03:51:38Z",
        "records": 20, "complete": true, "earlier": 0, "days": [{"day": "2026-11-28", "records": 12}, {"day": "2026-11-29", "records": 8}], "later": 0,
        "services": {"complete": true, "records": 20, "fields": [{"field": "attr.service", "records": 20, "distinct": 1, "values": [{"value": "orders", "count": 20}]}]}},
        "senders": [{"protocol": "native", "token": "orders", "requests": 2, "records": 20, "bytes": 5_200, "recordsOfLastMinute": 20,
        "lastSeen": "2026-11-29T03:51:38.627Z", "refused": {"invalid_json": 1},
        "warnings": {"time": 1, "level": 0, "notJson": 0, "characters": 0, "number": 0, "depth": 0, "members": 0},
        "lastTold": {"at": "2026-11-29T03:51:38.627Z", "example": "timestamp \"yesterday\" is not a time: the time of receipt was taken"}}], "forgottenSenders": 0});
    operates(HttpMethod::Get, "/stats", "getStats", "What is stored, who sends, and what they are told")
        .about("What of the store could not be counted in `QUERY_MAX_TIME` is told: counting begins with the newest records.")
        .answers(200, "Senders since the start; who was seen last comes first.")
        .with(200, "application/json", named("Stats"), example)
}

#[rustfmt::skip]
fn drain() -> Described {
    let example = json!({"status": "success", "message": "The drain is paused: batches are taken, and wait in the spool until it is resumed",
        "drain": {"paused": true, "since": "2026-11-29T03:51:38Z"}});
    operates(HttpMethod::Post, "/operate/drain/{action}", "setDrain", "Pauses or resumes the way to the store")
        .parameters([path("action", one_of(&["pause", "resume"], "A start of the service resumes it as well."), "pause")])
        .answers(200, "It is so.")
        .with(200, "application/json", named("DrainSet"), example)
        .refuses(&["not_found"])
}

#[rustfmt::skip]
fn breakers() -> Described {
    let example = json!({"status": "success", "message": "The breaker of the read lane decides by itself", "lane": "read",
        "breaker": {"state": "closed", "calls": 0, "failed": 0, "slow": 0, "consecutiveFailures": 0, "opened": 0, "rejected": 0, "late": 0, "cancelled": 0, "retryAfterMs": null}});
    operates(HttpMethod::Post, "/operate/breakers/{lane}/{action}", "setBreaker", "Holds a breaker open or closed, or releases it")
        .parameters([
            path("lane", one_of(&LANES, "Of which calls to the store."), "read"),
            path("action", one_of(&["open", "close", "release"], "`open`: no call goes to the store. `close`: every call does, whatever comes of it. `release`, or a start of the service: the breaker decides."), "release"),
        ])
        .answers(200, "It is so.")
        .with(200, "application/json", named("BreakerSet"), example)
        .refuses(&["not_found"])
}

#[rustfmt::skip]
fn log() -> Described {
    operates(HttpMethod::Get, "/operate/log", "getLogFilter", "What the service logs of itself")
        .answers(200, "The filter that counts.")
        .with(200, "application/json", named("LogFilter"), json!({"filter": "info,spool=debug", "setting": "info", "since": "2026-11-29T03:51:38.627Z"}))
}

#[rustfmt::skip]
fn set_log() -> Described {
    let example = json!({"status": "success", "message": "The filter of the log is debug until the service starts again; it was info",
        "log": {"filter": "debug", "setting": "info", "since": "2026-11-29T03:51:38.627Z"}});
    operates(HttpMethod::Post, "/operate/log", "setLogFilter", "Has it log more or less")
        .parameters([needed_query("filter", text("As `RUST_LOG` has it: a level, or levels by part. That of the settings ends what an operator has set."), "info,spool=debug")])
        .answers(200, "It is so, until the service starts again or its settings have another.")
        .with(200, "application/json", named("LogFilterSet"), example)
        .refuses(&["invalid_parameter", "repeated_parameter", "unknown_parameter"])
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let record = object("A record that is kept aside.", [
        ("id", text_like(LETTER_ID, "For a replay; it stays the same.")),
        ("reasonCode", reason_code("Why, in a word.")),
        ("reason", text("Why, as the store says it.")),
        ("rejectedAt", time("")),
        ("file?", text("Of one that is too large for any store: removing it ends it.")),
        ("record?", named("Record")),
        ("bytes?", count("Of a document that is itself broken: its size.")),
    ]);
    let rejected = object("Records that are kept aside.", [
        ("instance", text("Which aggregator keeps them.")),
        ("total", count("All that there are.")),
        ("records", list(named("RejectedRecord"))),
        ("next?", text("For `after`: where the rest begins.")),
    ]);
    let replayed = object("What was put back.", [
        ("status", text("`success`.")),
        ("message", text("")),
        ("instance", text("Which aggregator kept them.")),
        ("replayed", count("Records that were put back.")),
        ("leftAside?", count("Records that are too large to be stored.")),
        ("notFound?", count("Ids that are not among the records kept aside.")),
    ]);
    let drain = object("The way to the store.", [
        ("status", text("`success`.")),
        ("message", text("")),
        ("drain", named("DrainHealth")),
    ]);
    let breaker = object("A breaker as it was set.", [
        ("status", text("`success`.")),
        ("message", text("")),
        ("lane", one_of(&LANES, "")),
        ("breaker", named("BreakerHealth")),
    ]);
    let drain_health = object("The way from the spool to the store.", [
        ("paused", truth("Whether batches wait in the spool until it is resumed.")),
        ("since?", time("Since when.")),
    ]);
    let log = object("What the service logs of itself.", [
        ("filter", text("The filter that counts.")),
        ("setting", text("That of `RUST_LOG`.")),
        ("since?", time("Since when that of an operator counts in its place.")),
    ]);
    let log_set = object("The filter of the log as it was set.", [
        ("status", text("`success`.")),
        ("message", text("")),
        ("log", named("LogFilter")),
    ]);
    let mut all = vec![
        ("Rejected", rejected), ("RejectedRecord", record), ("Replayed", replayed),
        ("DrainSet", drain), ("BreakerSet", breaker), ("DrainHealth", drain_health), ("LogFilterSet", log_set), ("LogFilter", log),
    ];
    all.extend(of_stats());
    all
}

#[rustfmt::skip]
fn of_stats() -> [(&'static str, Shape); 4] {
    let told = object("What a sender was told last.", [
        ("at", time("")),
        ("example", text("The sentence; of a long one the first 200 characters.")),
    ]);
    let sender = object("A sender, told from others by protocol and token.", [
        ("protocol", one_of(&Protocol::ALL.map(Protocol::name), "")),
        ("token?", text("The name of its token.")),
        ("requests", count("That were taken; of a journal its portions.")),
        ("records", count("In them.")),
        ("bytes", count("Of their bodies as they were sent.")),
        ("recordsOfLastMinute", count("")),
        ("lastSeen", time("")),
        ("refused", map(count(""), "Requests that were answered with an error, by its code.")),
        ("warnings", map(count(""), "Told of records that were taken, by reason.")),
        ("lastTold?", named("LastTold")),
    ]);
    let stats = object("What is stored, and who sends.", [
        ("store", named("StoreStats")),
        ("senders", list(named("SenderStats"))),
        ("forgottenSenders", count("Those that made room for others: 256 are told apart.")),
    ]);
    [("Stats", stats), ("StoreStats", of_store()), ("SenderStats", sender), ("LastTold", told)]
}

#[rustfmt::skip]
fn of_store() -> Shape {
    let bytes = object("What it takes on disk, where the store can tell.", [
        ("inUse", count("Of the records, with all that finds them.")),
        ("onDisk", count("The same with what is free for what comes next.")),
    ]);
    let day = object("A day of UTC.", [
        ("day", text_like("^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "")),
        ("records", count("")),
        ("complete?", truth("`false` when something of it was not counted.")),
    ]);
    object("What is stored. What could not be found out is missing.", [
        ("kind", text("Which store it is.")),
        ("bytes?", bytes),
        ("oldest?", time("Of the records.")),
        ("newest?", time("Of the records.")),
        ("records?", count("Those that were counted.")),
        ("complete?", truth("Whether these are all that there are.")),
        ("countedUpTo?", time("How far counting has come, from the newest on, when it is not complete.")),
        ("earlier?", count("Those before the days.")),
        ("days?", list(day)),
        ("later?", count("Those behind the days, by their times.")),
        ("services?", named("Facets")),
        ("problem?", text("Why something is missing.")),
    ])
}
