//! The network between the service and MongoDB breaks under load, in each way that it can: the
//! breaker opens in time, nothing acknowledged is lost or doubled, and all is well again by itself.

mod scene;

use std::time::Duration;

use scene::{Scene, WRITE_TIMEOUT};

use crate::support::proxy::{Direction, Fault};

/// In bytes: into the documents of an insert, and into the reply to one.
const MID_REQUEST: usize = 200;
const MID_REPLY: usize = 20;

/// Until the breaker opens where each call fails at once: five failures in a row, the pauses between
/// them, and each time the half second after which the driver looks for its server again.
const OPENS_AT_ONCE: Duration = Duration::from_secs(8);
/// The same where a call may succeed in between, because its reply is short: what went well before the fault counts as
/// long as the breaker's window of ten seconds has it.
const OPENS_BY_RATE: Duration = Duration::from_secs(12);
/// The same where each call lasts until its deadline: five of them where a single delivery was under way
/// when the fault struck, for after its failure one alone asks; and the pauses between them.
const OPENS_AT_DEADLINES: Duration = WRITE_TIMEOUT.saturating_mul(6);
/// From the end of a fault of a few seconds until the store takes writes again, without anyone's
/// help.
const FLOWS_AGAIN: Duration = Duration::from_secs(20);

/// A fault that stops writes, until all is well again.
async fn stop_writes(scene: &Scene, fault: Fault, opens_within: Duration) {
    scene.strike(fault).await;
    scene.load.breaker_opens_within(opens_within).await;
    scene.load.batches_are_taken_while_degraded().await;
    scene.lift().await;
    scene.load.writes_flow_within(FLOWS_AGAIN).await;
    scene.load.all_is_well().await;
}

async fn outage(name: &str, fault: Fault, opens_within: Duration) {
    let scene = Scene::start(name).await;
    let before = scene.footprint();
    stop_writes(&scene, fault, opens_within).await;
    scene.end(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_within_the_deadline_opens_no_breaker_and_loses_nothing() {
    let scene = Scene::start_patient("latency within the deadline").await;
    let before = scene.footprint();
    scene
        .strike(Fault::Latency(Duration::from_millis(200)))
        .await;
    for _ in 0..2 {
        scene.load.writes_flow_within(FLOWS_AGAIN).await;
        scene.load.batches_are_taken().await;
    }
    assert_eq!(scene.load.opened().await, 0);
    scene.lift().await;
    scene.load.all_is_well().await;
    scene.end(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn latency_beyond_the_deadline_opens_the_breaker_and_passes() {
    let latency = Fault::Latency(WRITE_TIMEOUT * 2);
    outage("latency beyond the deadline", latency, OPENS_AT_DEADLINES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_in_the_middle_of_a_request_loses_and_doubles_nothing() {
    let reset = Fault::ResetInRequest(MID_REQUEST);
    outage("reset in request", reset, OPENS_AT_ONCE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_in_the_middle_of_a_reply_does_not_double_what_was_committed() {
    let scene = Scene::start("reset in reply").await;
    let before = scene.footprint();
    stop_writes(&scene, Fault::ResetInReply(MID_REPLY), OPENS_BY_RATE).await;
    let again = scene.load.number("/records/alreadyStored").await;
    assert!(again > 0, "nothing that was committed was sent again");
    scene.end(before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_black_hole_keeps_no_caller_waiting_and_passes() {
    outage("black hole", Fault::BlackHole, OPENS_AT_DEADLINES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_whose_requests_are_shut_down_are_replaced() {
    let half = Fault::HalfClosed(Direction::Requests);
    outage("requests shut down", half, OPENS_AT_DEADLINES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_whose_replies_are_shut_down_are_replaced() {
    let half = Fault::HalfClosed(Direction::Replies);
    outage("replies shut down", half, OPENS_AT_DEADLINES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_byte_a_second_is_no_answer() {
    outage("one byte a second", Fault::Trickle, OPENS_AT_DEADLINES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_its_heartbeat_and_stalls_writes_is_found_out() {
    outage("stalled writes", Fault::StalledWrites, OPENS_AT_DEADLINES).await;
}

/// Three times: once is not enough to use up the pool.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_never_answer_again_do_not_use_up_the_pool() {
    let scene = Scene::start("mute connections").await;
    let before = scene.footprint();
    for _ in 0..3 {
        stop_writes(&scene, Fault::ForgottenWrites, OPENS_AT_DEADLINES).await;
    }
    scene.end(before).await;
}
