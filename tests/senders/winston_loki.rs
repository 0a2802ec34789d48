//! winston-loki, which keeps what had no answer, and sends it again after a minute together with what came meanwhile.

use crate::program::Program;
use crate::run::{ANSWERS_LOST, BACK, Run, SERVICE_AWAY, STORE_AWAY};

/// The content key does not hold for what it sends again: the request is another one.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn each_record_is_found_and_what_had_no_answer_twice() {
    let mut run =
        Run::start(|service| Program::node("logger_lines.cjs", "winston-loki.js", service)).await;
    run.all_well().await;
    run.store_away().await;
    run.answers_lost_then_killed().await;
    run.log(SERVICE_AWAY);
    run.started_again().await;
    run.log(BACK);
    // It does not wait for the minute when it is closed.
    let outcome = run.ended().await;
    outcome.assert_found(0..STORE_AWAY.end, 1);
    outcome.assert_found(ANSWERS_LOST, 2);
    outcome.assert_found(SERVICE_AWAY.start..BACK.end, 1);
    outcome.assert_first("info", &[]);
}
