//! Records that are deleted on purpose.

use super::operating::operates;
use super::operation::Described;
use super::parameters::{filters, path, query};
use super::refusals::OF_FILTERS;
use super::shapes::{Shape, count, list, named, object, one_of, text, text_like, time, truth};
use crate::retention::deletion::State;
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;

const ID: &str = "^[0-9a-f]{16}$";
const EXAMPLE_ID: &str = "5d0f0a1c9b7e4f32";

pub(super) fn described() -> Vec<Described> {
    vec![begin(), list_all(), one(), cancel()]
}

#[rustfmt::skip]
fn example() -> Value {
    json!({"id": EXAMPLE_ID, "state": "waiting", "filters": ["attr", "startTime"], "startedAt": "2026-11-29T03:51:38.627Z",
        "removed": 0, "deadLetters": 0, "unreadableDeadLetters": 0, "undecided": 0,
        "waitsFor": [{"id": "9b7e4f3288e1d2c3b4a596876d5f0a1c", "name": "logs-2", "lastSeen": "2026-11-29T03:51:37Z", "what": "it has not said yet that all it had taken is stored"}],
        "doesNotReach": ["backups and exports, and what was read before"]})
}

#[rustfmt::skip]
fn begin() -> Described {
    let about = "A job goes on after a kill. It is about what was acknowledged before: it waits until that is in the store, at every aggregator that stores there, \
        and removes refused records that match, too. A copy of a record that was deleted is not stored again. What matches and comes meanwhile may go as well.";
    let counted = json!({"instance": "logs-1", "matching": 120, "complete": true, "deadLetters": 0, "unreadableDeadLetters": 0, "waiting": 0,
        "doesNotReach": ["backups and exports, and what was read before"]});
    let mut parameters = filters();
    parameters.extend([
        query("dryRun", one_of(&["true", "false"], "`true`: nothing is deleted, and what would be is counted."), "true"),
        query("all", one_of(&["true", "false"], "`true`: every record there is, in place of filters."), "false"),
        query("without", text("The id or the name of an aggregator that is not waited for, because it is gone for good; also given several times, up to 100."), "logs-2"),
    ]);
    operates(HttpMethod::Post, "/logs/delete", "beginDeletion", "Deletes records for good, or counts them")
        .about(about)
        .parameters(parameters)
        .answers(200, "Nothing is deleted: it was only counted, for `QUERY_MAX_TIME` at most.")
        .with(200, "application/json", named("DeletionCounted"), counted)
        .answers(202, "It is begun; `Location` tells where its state is.")
        .with(202, "application/json", named("DeletionBegun"), json!({"status": "accepted", "message": "Records are going to be deleted: GET /logs/delete/5d0f0a1c9b7e4f32 tells how far that is", "instance": "logs-1", "deletion": example()}))
        .refuses(OF_FILTERS)
        .refuses(&["deletion_not_kept", "internal_error", "no_filter", "query_too_slow", "store_damaged", "store_timeout", "store_unavailable", "too_many_deletions"])
}

#[rustfmt::skip]
fn list_all() -> Described {
    operates(HttpMethod::Get, "/logs/delete", "listDeletions", "What is and was deleted for good")
        .answers(200, "The newest first. Of those that have ended, the last 100.")
        .with(200, "application/json", named("Deletions"), json!({"instance": "logs-1", "aggregator": "6d5f0a1c9b7e4f3288e1d2c3b4a59687", "deletions": [example()]}))
}

#[rustfmt::skip]
fn one() -> Described {
    operates(HttpMethod::Get, "/logs/delete/{id}", "getDeletion", "How far it is")
        .parameters([path("id", text_like(ID, "As the answer to its beginning has it."), EXAMPLE_ID)])
        .answers(200, "As it is now.")
        .with(200, "application/json", named("Deletion"), example())
        .refuses(&["not_found", "unknown_deletion"])
}

#[rustfmt::skip]
fn cancel() -> Described {
    let cancelled = json!({"id": EXAMPLE_ID, "state": "cancelled", "filters": ["attr", "startTime"], "startedAt": "2026-11-29T03:51:38.627Z", "finishedAt": "2026-11-29T03:52:38.627Z",
        "removed": 0, "deadLetters": 0, "unreadableDeadLetters": 0, "undecided": 0, "waitsFor": [], "doesNotReach": ["backups and exports, and what was read before"]});
    operates(HttpMethod::Post, "/logs/delete/{id}/cancel", "cancelDeletion", "Ends one that waits still")
        .parameters([path("id", text_like(ID, "As the answer to its beginning has it."), EXAMPLE_ID)])
        .answers(200, "It has ended. Refused records that matched may be gone; of the store nothing is.")
        .with(200, "application/json", named("DeletionBegun"), json!({"status": "success", "message": "The deletion is ended: nothing was removed from the store", "instance": "logs-1", "deletion": cancelled}))
        .refuses(&["deletion_not_kept", "deletion_not_waiting", "not_found", "unknown_deletion"])
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let not_reached = || list(text("What it does not reach: there, records that match stay."));
    let waits_for = object("What is waited for.", [
        ("id", text("The aggregator; for `without`.")),
        ("name", text("What it is called.")),
        ("lastSeen?", time("When it was there last.")),
        ("what", text("What of it, and what is in the way.")),
    ]);
    let deletion = object("A deletion.", [
        ("id", text_like(ID, "")),
        ("state", one_of(&State::ALL.map(State::name), "`waiting` until all that was acknowledged before is stored; `erasing` while free room of files is overwritten.")),
        ("filters", list(text("The names of its filters; their values are not told."))),
        ("startedAt", time("")),
        ("finishedAt?", time("")),
        ("removed", count("Records that are gone from the store.")),
        ("deadLetters", count("Refused records that are gone.")),
        ("unreadableDeadLetters", count("Refused records of which nobody can tell whether they match: they stay.")),
        ("undecided", count("Records of which it takes too long to tell whether they match: they stay.")),
        ("waitsFor", list(named("DeletionWaitsFor"))),
        ("without?", list(text("An aggregator that is left out."))),
        ("problem?", text("What holds it up, or why it has failed.")),
        ("doesNotReach", not_reached()),
    ]);
    let begun = object("A deletion, and what became of what was asked.", [
        ("status", text("`accepted` or `success`.")),
        ("message", text("")),
        ("instance", text("Which aggregator does it.")),
        ("deletion", named("Deletion")),
    ]);
    let all = object("Deletions of one aggregator.", [
        ("instance", text("Which one.")),
        ("aggregator", text("The same, as other aggregators on its store know it.")),
        ("deletions", list(named("Deletion"))),
    ]);
    let counted = object("What would be deleted.", [
        ("instance", text("Which aggregator counted.")),
        ("matching", count("Records in the store.")),
        ("complete", truth("Whether these are all of them.")),
        ("deadLetters", count("Refused records that this aggregator keeps.")),
        ("unreadableDeadLetters", count("Those that cannot be read.")),
        ("waiting", count("Batches in its spool that were not looked into.")),
        ("doesNotReach", not_reached()),
    ]);
    vec![
        ("Deletion", deletion), ("DeletionWaitsFor", waits_for), ("DeletionBegun", begun),
        ("Deletions", all), ("DeletionCounted", counted),
    ]
}
