//! pino-loki, which sends what came in five seconds once only.

use crate::program::Program;
use crate::run::{ANSWERS_LOST, BACK, RECORDS, Run, SERVICE_AWAY};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn each_record_is_found_once_but_what_it_sends_while_the_service_is_away() {
    let mut run =
        Run::start(|service| Program::node("logger_lines.cjs", "pino-loki.js", service)).await;
    run.all_well().await;
    run.store_away().await;
    run.answers_lost_then_killed().await;
    run.log(SERVICE_AWAY);
    run.turned_away().await;
    run.started_again().await;
    run.log(BACK);
    let outcome = run.ended().await;
    let gave_up: Vec<_> = SERVICE_AWAY
        .filter(|record| outcome.times(*record) == 0)
        .collect();
    println!("gave up {} of {RECORDS}", gave_up.len());
    // It tells, but not of which records.
    assert!(
        !gave_up.is_empty()
            && outcome
                .said
                .contains("error when trying to send log to Loki")
    );
    // Five seconds may end between two records: the later ones go with the next batch.
    let taken = SERVICE_AWAY.start + gave_up.len();
    assert_eq!(gave_up, (SERVICE_AWAY.start..taken).collect::<Vec<_>>());
    outcome.assert_found(taken..SERVICE_AWAY.end, 1);
    outcome.assert_found(0..ANSWERS_LOST.end, 1);
    outcome.assert_found(BACK, 1);
    outcome.assert_first("info", &[]);
}
