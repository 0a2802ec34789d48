//! What earlier runs left is sent before the run's own time begins.

use std::time::Duration;

use super::{ONE, Spool, refusing, takes_100, told};
use crate::support::scripted::{Action, Scripted};
use crate::support::wait_until;
use tokio::sync::watch;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn sending_what_was_left_takes_nothing_off_the_duration_and_both_times_are_told() {
    let spool = Spool::new();
    let down = Scripted::start(refusing(503)).await;
    let impatient = [&ONE[..], &["--give-up-after", "1ms"]].concat();
    spool.run(&down, &impatient).await;

    let (release, released) = watch::channel(false);
    let script = move |number| match number {
        0 => Action::TakeWhen(released.clone()),
        _ => takes_100(),
    };
    let server = Scripted::start(script).await;
    let args = ["--rate", "1000", "--duration", "1s", "--grace", "1m"];
    let running = spool.start(&server, &args);
    wait_until("the old batch to be sent", PATIENCE, async || {
        server.count() == 1
    })
    .await;
    // Longer than the whole duration.
    let asked = server.requests()[0].at;
    wait_until("the resending to be long", PATIENCE, async || {
        asked.elapsed() > Duration::from_millis(1500)
    })
    .await;
    let resent_at = producer::clock::now();
    release.send(true).unwrap();
    let ended = running.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    // Ten batches are due before the second is over.
    let numbers = ended.numbers(["sent", "accepted", "behind"]);
    assert_eq!(numbers, [1000, 1000, 0], "{ended:?}");
    assert_eq!(told(&ended), [100, 0, 0, 0], "{ended:?}");
    let summary = ended.summary();
    let resending = summary["spool"]["resendSeconds"].as_f64().unwrap();
    assert!(resending > 1.4, "{summary}");
    let own = summary["elapsedSeconds"].as_f64().unwrap();
    assert!(own >= 0.9, "{summary}");
    // The logs, too, are of the time after the resending: a batch holds the 100 ms before it is sent.
    let logs: serde_json::Value = serde_json::from_slice(&server.requests()[1].body).unwrap();
    let first = logs::Timestamp::parse(logs[0]["timestamp"].as_str().unwrap()).unwrap();
    let early = resent_at.nanos() - first.nanos();
    assert!(early < 1_000_000_000, "{early} ns too early");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_while_old_batches_are_sent_is_obeyed_within_the_grace_period_whatever_the_duration()
 {
    let spool = Spool::new();
    let down = Scripted::start(refusing(503)).await;
    spool
        .run(&down, &[&ONE[..], &["--give-up-after", "1ms"]].concat())
        .await;
    let server = Scripted::start(|_| Action::Hang).await;
    let producer = spool.start(&server, &["--duration", "1h", "--grace", "1s"]);
    wait_until("a request", PATIENCE, async || server.count() == 1).await;
    producer.signal("TERM");
    let ended = producer.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent"]), [0]);
    assert_eq!(told(&ended), [0, 100, 100, 0], "{ended:?}");
}
