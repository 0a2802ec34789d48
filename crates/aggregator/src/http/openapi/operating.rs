//! What is of those who run the service: records that were set aside.

use super::operation::Described;
use super::parameters::{number, query};
use super::refusals::OF_TAKING;
use super::shapes::{Shape, count, list, named, object, text, text_like, time};
use super::tags::OPERATING;
use crate::access::Scope;
use serde_json::json;
use utoipa::openapi::HttpMethod;

pub(super) fn described() -> Vec<Described> {
    vec![list_rejected(), replay()]
}

/// What both share.
fn operates(method: HttpMethod, path: &str, name: &str, summary: &str) -> Described {
    Described::new(method, path, name, summary)
        .under(OPERATING)
        .about("Without tokens it is answered on the service's own machine alone.")
        .needs(Scope::Operate)
        .refuses(&[
            "internal_error",
            "local_only",
            "overloaded",
            "rejected_unavailable",
        ])
}

#[rustfmt::skip]
fn list_rejected() -> Described {
    let example = json!({"total": 1, "records": [{"reason": "the record is too large", "rejectedAt": "2026-11-28T03:51:38.627Z", "file": "0000000001.rejected",
        "record": {"id": "97fc57b6e28d4000706934c744beacc100000002", "timestamp": "2024-10-08T02:00:00Z", "message": "High memory usage detected."}}]});
    operates(HttpMethod::Get, "/logs/rejected", "listRejected", "Records that are kept aside")
        .parameters([
            number("limit", (1, 1_000), "Records of an answer: 100 unless said otherwise."),
            query("after", text_like("^[0-9]{1,9}-[0-9]{1,9}$", "`next` of the answer before."), "0-0"),
        ])
        .answers(200, "The oldest first.")
        .with(200, "application/json", named("Rejected"), example)
        .refuses(&["invalid_parameter"])
}

#[rustfmt::skip]
fn replay() -> Described {
    operates(HttpMethod::Post, "/logs/rejected/replay", "replayRejected", "Puts them back")
        .answers(200, "They are in the spool again, with the ids that they had.")
        .with(200, "application/json", named("Replayed"), json!({"status": "success", "message": "Refused records are put back", "replayed": 2}))
        .refuses(OF_TAKING)
        .refuses(&["backup_under_way"])
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let record = object("A record that is kept aside.", [
        ("reason", text("Why.")),
        ("rejectedAt", time("")),
        ("file?", text("Of one that is too large for any store: removing it ends it.")),
        ("record?", named("Record")),
        ("bytes?", count("Of a document that is itself broken: its size.")),
    ]);
    let rejected = object("Records that are kept aside.", [
        ("total", count("All that there are.")),
        ("records", list(named("RejectedRecord"))),
        ("next?", text("For `after`: where the rest begins.")),
    ]);
    let replayed = object("What was put back.", [
        ("status", text("`success`.")),
        ("message", text("")),
        ("replayed", count("Records that were put back.")),
        ("leftAside?", count("Records that are too large to be stored.")),
    ]);
    vec![("Rejected", rejected), ("RejectedRecord", record), ("Replayed", replayed)]
}
