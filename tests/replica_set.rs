//! A replica set of three loses its primary in each way that it can, under load: nothing
//! acknowledged is lost or doubled, and only what a majority has counts as stored.

mod rollback;

use std::time::Duration;

use bson::{Document, doc};

use crate::support::load::Load;
use crate::support::replica_set::ReplicaSet;
use crate::support::service::{Builder, Service};
use crate::support::wait_until;

/// From the loss of a primary until the store takes writes again: an election takes about three
/// seconds here, the breaker may sleep through the end of it, and the machine is busy.
const FLOWS_AGAIN: Duration = Duration::from_secs(30);
/// Until the breaker opens: five times the deadline of a write where a single delivery was under way, for
/// after its failure one alone asks; and what it takes to stop the others.
const OPENS: Duration = Duration::from_secs(15);
/// From an error until writes go on where the primary stays.
const GOES_ON: Duration = Duration::from_secs(20);
/// How often a command fails: beyond the five times that open the breaker.
const TIMES: i32 = 6;

fn settings(set: &ReplicaSet) -> Builder {
    Service::builder()
        .mongodb(&set.uri(), "logdb")
        .env("REQUEST_TIMEOUT", "2s")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_primary_loses_and_doubles_nothing() {
    let set = ReplicaSet::start().await;
    let load = Load::start("primary killed", settings(&set)).await;
    let primary = set.primary().await;
    load.mark().await;
    set.member(primary).kill();
    load.writes_flow_within(FLOWS_AGAIN).await;
    load.all_is_well().await;
    set.member(primary).restart().await;
    set.all_are_there().await;
    load.batches_are_taken().await;
    load.everything_is_stored_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_steps_down_loses_and_doubles_nothing() {
    let set = ReplicaSet::start().await;
    let load = Load::start("primary stepped down", settings(&set)).await;
    let primary = set.primary().await;
    load.mark().await;
    let step_down = doc! { "replSetStepDown": 10, "force": true };
    let told = set.ask(primary, step_down).await;
    assert!(told.is_some(), "the primary refused to step down");
    load.writes_flow_within(FLOWS_AGAIN).await;
    load.all_is_well().await;
    assert_ne!(set.primary().await, primary);
    load.batches_are_taken().await;
    load.everything_is_stored_once().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_primary_that_comes_back_loses_and_doubles_nothing() {
    let set = ReplicaSet::start().await;
    let load = Load::start("primary frozen", settings(&set)).await;
    let primary = set.primary().await;
    load.mark().await;
    set.member(primary).freeze();
    load.writes_flow_within(FLOWS_AGAIN).await;
    load.all_is_well().await;
    set.member(primary).thaw();
    set.all_are_there().await;
    load.batches_are_taken().await;
    load.everything_is_stored_once().await;
}

/// The primary stays, and answers; what it is sent it cannot make durable.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_majority_batches_wait_and_none_is_lost_or_doubled() {
    let set = ReplicaSet::start().await;
    let load = Load::start("no majority", settings(&set)).await;
    let primary = set.primary().await;
    load.mark().await;
    set.stop_replication_to_others(primary).await;
    load.breaker_opens_within(OPENS).await;
    load.batches_are_taken_while_degraded().await;
    load.mark().await;
    set.resume_replication_to_others(primary).await;
    load.writes_flow_within(GOES_ON).await;
    load.all_is_well().await;
    load.everything_is_stored_once().await;
}

/// What MongoDB can answer to an insert that is to be sent again, and whether it has stored it.
fn errors() -> [(&'static str, Document, bool); 4] {
    [
        ("not primary (10107)", doc! { "errorCode": 10107 }, false),
        ("shutting down (91)", doc! { "errorCode": 91 }, false),
        (
            "closed connections",
            doc! { "closeConnection": true },
            false,
        ),
        (
            "write concern error 64",
            doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } },
            true,
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_that_is_in_doubt_is_sent_again() {
    let set = ReplicaSet::start().await;
    let load = Load::start("errors", settings(&set)).await;
    for (name, mut data, stored) in errors() {
        let before = load.number("/records/alreadyStored").await;
        let failed = load.number("/workers/write/failed").await;
        data.insert("failCommands", ["insert"].as_slice());
        data.insert("namespace", "logdb.logs");
        load.mark_as(name).await;
        set.fail(TIMES, data).await;
        load.writes_flow_within(GOES_ON).await;
        load.all_is_well().await;
        let failed = load.number("/workers/write/failed").await - failed;
        assert!(failed > 0, "{name}: no insert has failed");
        let again = async || load.number("/records/alreadyStored").await > before;
        let what = format!("{name}: what was stored and in doubt to be found there");
        wait_until(&what, GOES_ON, async || !stored || again().await).await;
    }
    load.everything_is_stored_once().await;
}
