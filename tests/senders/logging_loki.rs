//! python-logging-loki, which sends each record by itself and once only.

use crate::outcome::given_up;
use crate::program::Program;
use crate::run::{ANSWERS_LOST, BACK, RECORDS, Run, SERVICE_AWAY};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn what_it_does_not_give_up_is_found_once_and_it_gives_up_what_has_no_answer() {
    let mut run = Run::start(|service| {
        Program::python("logging_lines.py", "python-logging-loki.py", service)
    })
    .await;
    run.all_well().await;
    run.store_away().await;
    run.answers_lost_then_killed().await;
    run.gave_up(ANSWERS_LOST).await;
    run.log(SERVICE_AWAY);
    run.gave_up(SERVICE_AWAY).await;
    run.started_again().await;
    run.log(BACK);
    let outcome = run.ended().await;
    let gave_up = given_up(&outcome.said);
    assert!(gave_up.into_iter().eq(ANSWERS_LOST.start..SERVICE_AWAY.end));
    println!(
        "gave up {} of {RECORDS}, of which {} were taken",
        ANSWERS_LOST.len() + SERVICE_AWAY.len(),
        ANSWERS_LOST.len()
    );
    // Those were taken: only the answer was lost.
    outcome.assert_found(0..ANSWERS_LOST.end, 1);
    outcome.assert_found(SERVICE_AWAY, 0);
    outcome.assert_found(BACK, 1);
    outcome.assert_first("info", &[("logger", "app")]);
}
