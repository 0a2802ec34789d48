//! A question that takes the store long: answered however little is found, and no reason to hold back
//! other calls.

#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use std::time::{Duration, Instant};

use crate::support::mongod::{Mongod, TOO_SLOW};
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::traffic::{drained, fill};
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(30);
/// Records that a search has to look through.
const THOUSANDS: usize = 60;
/// What a request may take at least: enough for one page on a machine that has nothing else to do.
const SHORT: Duration = Duration::from_millis(150);
/// The share of a whole search that a request may take, which has a dozen pages.
const SHARE: u32 = 4;
/// Expressions that match every record: a search that takes long whatever the machine.
const COSTLY: usize = 15;
/// More than the failures in a row that open the breaker.
const QUESTIONS: usize = 12;

/// The same data with another `REQUEST_TIMEOUT`.
async fn hurried(backend: Backend, name: &str, filled: &Service, timeout: Duration) -> Service {
    let data = filled.data_dir().to_owned();
    drained(filled).await;
    filled.terminate();
    let ended = filled.wait_exit(PATIENCE).await;
    assert_eq!(ended.code(), Some(0));
    let settings = backend.builder(name).await.data_dir(data);
    let timeout = format!("{}ms", timeout.as_millis());
    settings.env("REQUEST_TIMEOUT", timeout).start().await
}

async fn long_searches(backend: Backend) {
    let name = "a_search_longer_than_a_request_may_take";
    let filled = backend.start(name).await;
    fill(&filled, THOUSANDS).await;
    let costly = "regex=^(?s:.)*$&".repeat(COSTLY);
    let path = format!("/logs/retrieve?{costly}regex=nobody-said-this");
    drained(&filled).await;
    let began = Instant::now();
    assert!([200, 404].contains(&filled.get(&path).await.status));
    let timeout = SHORT.max(began.elapsed() / SHARE);
    let service = hurried(backend, name, &filled, timeout).await;
    wait_until("the store to be reached", PATIENCE, async || {
        // A question that is answered in time also opens the connection that the next ones use.
        let reply = service
            .get("/logs/retrieve?startTime=2100-01-01T00:00:00Z")
            .await;
        reply.status == 404
    })
    .await;
    let opened = service.health().await["breakers"]["read"]["opened"].clone();
    let mut longer_than_a_request = 0;
    for _ in 0..QUESTIONS {
        let nothing = service.get("/logs/retrieve?logLevel=NONE-HAS-IT").await;
        assert!([200, 404].contains(&nothing.status), "{}", nothing.text());
        let reply = service.get(&path).await;
        // When it was known that there is nothing, the answer had begun.
        assert!([200, 404].contains(&reply.status), "{}", reply.text());
        if reply.status == 200 {
            assert_eq!(reply.text(), "[]\n");
            longer_than_a_request += 1;
        }
    }
    println!(
        "{backend:?}: {longer_than_a_request} of {QUESTIONS} searches took longer than {timeout:?}"
    );
    assert!(
        longer_than_a_request > 0,
        "{THOUSANDS} thousand records are too few"
    );
    let found = service
        .get("/logs/retrieve?logLevel=INFO&q=59999 x&order=desc")
        .await;
    assert_eq!(
        found.json().as_array().map(Vec::len),
        Some(1),
        "{}",
        found.text()
    );
    let health = service.health().await;
    let breaker = &health["breakers"]["read"];
    assert_eq!(breaker["state"], "closed", "{health}");
    assert_eq!(breaker["opened"], opened, "{health}");
}

mod a_search_longer_than_a_request_may_take_is_answered {
    use super::{Backend, long_searches};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        long_searches(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        long_searches(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        long_searches(Backend::MongoDb).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_takes_the_store_too_long_is_told_as_such_and_is_no_outage() {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let service = Service::builder()
        .mongodb(&mongod.uri(), "slow")
        .start()
        .await;
    fill(&service, 1).await;
    drained(&service).await;
    mongod.fail(&["find"], TOO_SLOW, "alwaysOn").await;
    for _ in 0..QUESTIONS {
        let reply = service.get("/logs/retrieve").await;
        assert_eq!(reply.status, 504, "{}", reply.text());
        assert_eq!(reply.json()["code"], "query_too_slow");
    }
    let health = service.health().await;
    assert_eq!(health["breakers"]["read"]["state"], "closed", "{health}");
}
