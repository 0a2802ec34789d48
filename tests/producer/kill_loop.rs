//! SIGKILL of the service at random moments, under load from the real producer: nothing that was
//! acknowledged is missing, nothing is there twice, and the contents are equal.

use std::time::Duration;

use crate::support::contents::stored;
use crate::support::forwarder::Forwarder;
use crate::support::producer::Producer;
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::traffic::rest;

/// Kills in one test; `KILL_ROUNDS` asks for more.
const ROUNDS: u64 = 25;
/// Logs a second; the times in the logs follow from it.
const RATE: &str = "4000";
const LONGEST_LIFE_MS: u64 = 400;

/// How many rounds this and the other kill loops go.
pub(super) fn rounds() -> u64 {
    let asked = std::env::var("KILL_ROUNDS").ok();
    asked.map_or(ROUNDS, |text| {
        text.parse().expect("KILL_ROUNDS is a number")
    })
}

/// A producer whose logs are a function of how many there are.
fn producer(url: &str, more: &[&str]) -> Producer {
    let fixed = [
        "--url",
        url,
        "--seed",
        "7",
        "--start-time",
        "2024-10-08T00:00:00Z",
        "--batch-size",
        "20",
        "--concurrency",
        "4",
        "--output",
        "json",
    ];
    Producer::start(&[&fixed, more].concat())
}

async fn killed_again_and_again(backend: Backend, name: &str) {
    let service = backend.start(name).await;
    let forwarder = Forwarder::to(service.address()).await;
    let load = producer(&forwarder.url(), &["--rate", RATE]);
    for round in 0..rounds() {
        let life = rand::random_range(10..LONGEST_LIFE_MS);
        rest(Duration::from_millis(life)).await;
        assert!(load.is_running(), "{}", load.stderr());
        forwarder.to_nobody();
        service.kill();
        service.restart().await;
        forwarder.now_to(service.address());
        if round % 50 == 49 {
            println!("killed {} times", round + 1);
        }
    }
    load.signal("INT");
    let ended = load.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let [sent, accepted] = ended.numbers(["sent", "accepted"]);
    assert_eq!(sent, accepted);
    let found = stored(&service).await;
    println!(
        "{} kills, {accepted} records acknowledged, {} different ones stored",
        rounds(),
        found.len()
    );

    // What the same producer leaves with a service that nobody kills.
    let undisturbed = Service::builder().start().await;
    let count = accepted.to_string();
    let reference = producer(&undisturbed.url(""), &["--rate", RATE, "--count", &count]);
    assert_eq!(reference.ended().await.code, Some(0));
    let expected = stored(&undisturbed).await;
    assert_eq!(expected.values().sum::<usize>() as u64, accepted);
    assert!(found == expected, "the contents differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_sqlite_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    killed_again_and_again(Backend::Sqlite, "kill_loop_sqlite").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_blocks_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    killed_again_and_again(Backend::Blocks, "kill_loop_blocks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_mongodb_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    killed_again_and_again(Backend::MongoDb, "kill_loop_mongodb").await;
}
