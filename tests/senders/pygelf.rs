//! pygelf, which sends each record by itself and does not wait for the answer.

use crate::outcome::given_up;
use crate::program::Program;
use crate::run::{ANSWERS_LOST, BACK, RECORDS, Run, SERVICE_AWAY};

/// The service is away behind something that accepts connections…
const ACCEPTED: usize = 100;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn what_a_service_took_is_found_once_and_what_it_sends_meanwhile_is_given_up() {
    let mut run =
        Run::start(|service| Program::python("logging_lines.py", "pygelf-http.py", service)).await;
    run.all_well().await;
    run.store_away().await;
    // Its sender does not miss an answer.
    run.answers_lost_then_killed().await;
    let refused = SERVICE_AWAY.start + ACCEPTED..SERVICE_AWAY.end;
    run.log(SERVICE_AWAY.start..refused.start);
    run.closed(ACCEPTED).await;
    // … and where nothing does.
    run.refused().await;
    run.log(refused.clone());
    run.gave_up(refused.clone()).await;
    run.started_again().await;
    run.log(BACK);
    // It ends without an answer to what is on its way.
    run.found(ANSWERS_LOST.end + BACK.len()).await;
    let outcome = run.ended().await;
    let gave_up = given_up(&outcome.said);
    println!(
        "told of {} of {} lost of {RECORDS}",
        gave_up.len(),
        SERVICE_AWAY.len()
    );
    assert!(refused.into_iter().all(|record| gave_up.contains(&record)));
    assert!(
        gave_up
            .into_iter()
            .all(|record| SERVICE_AWAY.contains(&record))
    );
    outcome.assert_found(0..ANSWERS_LOST.end, 1);
    outcome.assert_found(SERVICE_AWAY, 0);
    outcome.assert_found(BACK, 1);
    outcome.assert_first("INFO", &[]);
}
