//! A question that takes the store too long: told as such, and no reason to hold back other calls.

use std::time::Duration;

use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::traffic::fill;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(30);
/// Some pages' worth of records that a query for an unknown level has to look through.
const THOUSANDS: usize = 100;
/// Much less than looking through them takes, and enough for a page that is found at once.
const SHORT: &str = "20ms";
/// More than the failures in a row that open the breaker.
const QUESTIONS: usize = 12;

/// The same data with another `REQUEST_TIMEOUT`.
async fn hurried(backend: Backend, name: &str, filled: &Service) -> Service {
    let data = filled.data_dir().to_owned();
    filled.terminate();
    let ended = filled.wait_exit(PATIENCE).await;
    assert_eq!(ended.code(), Some(0));
    let settings = backend.builder(name).await.data_dir(data);
    settings.env("REQUEST_TIMEOUT", SHORT).start().await
}

async fn slow_questions(backend: Backend) {
    let name = "a_question_that_takes_too_long";
    let filled = backend.start(name).await;
    fill(&filled, THOUSANDS).await;
    let service = hurried(backend, name, &filled).await;
    wait_until("the store to be reached", PATIENCE, async || {
        // A question that is answered in time also opens the connection that the next ones use.
        let reply = service
            .get("/logs/retrieve?startTime=2100-01-01T00:00:00Z")
            .await;
        reply.status == 404
    })
    .await;
    let opened = service.health().await["breakers"]["read"]["opened"].clone();
    let mut told_as_slow = 0;
    for _ in 0..QUESTIONS {
        let reply = service.get("/logs/retrieve?logLevel=NONE-HAS-IT").await;
        let told = reply.json();
        println!("{backend:?}: {} {told}", reply.status);
        assert_ne!(
            reply.status, 404,
            "this machine is too fast for {THOUSANDS} thousand records"
        );
        if reply.status == 504 {
            assert_eq!(told["code"], "query_too_slow", "{told}");
            told_as_slow += 1;
        }
    }
    // On a machine that has much else to do, the store may now and then be late to say so.
    assert!(
        told_as_slow > QUESTIONS / 2,
        "{told_as_slow} of {QUESTIONS}"
    );
    let health = service.health().await;
    let breaker = &health["breakers"]["read"];
    assert_eq!(breaker["state"], "closed", "{health}");
    assert_eq!(breaker["opened"], opened, "{health}");
}

mod a_question_that_takes_too_long_is_no_outage {
    use super::{Backend, slow_questions};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        slow_questions(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        slow_questions(Backend::MongoDb).await;
    }
}
