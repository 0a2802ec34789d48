//! Searches whose expressions take long over large messages: nobody else's failure, and they come to an
//! end.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::drained;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

const MIB: usize = 1024 * 1024;
/// Of the messages that the searches go over.
const SIZES: [usize; 6] = [MIB, 2 * MIB, MIB, 7 * MIB, 3 * MIB, 5 * MIB];
const SEARCHES: usize = 3;
/// Far less than one of the messages takes.
const SOON: Duration = Duration::from_secs(1);
/// Attributes of a wide record, and columns that are asked for.
const MEMBERS: usize = 60_000;
const COLUMNS: usize = 64;
/// Requests that a search may take.
const REQUESTS: usize = 30;
/// Short messages that match, each after some tens of milliseconds.
const SHORT_MESSAGES: usize = 200;
const SHORT_MESSAGE: usize = 2_200;
/// Less than all of them take.
const REQUEST_TIMEOUT: &str = "1s";

/// A text without any order, which an expression has to follow at a hundred places at once.
pub(crate) fn of_a_and_b(length: usize) -> String {
    let mut number = 1_u32;
    let letter = |_| {
        number ^= number << 13;
        number ^= number >> 17;
        number ^= number << 5;
        if number & 1 == 0 { 'a' } else { 'b' }
    };
    (0..length).map(letter).collect()
}

/// As many expressions as there may be.
pub(crate) fn expressions() -> String {
    let one = |length: usize| format!("regex=[ab]*a[ab]{{{length}}}c|a[ab]{{60}}d");
    (90..106).map(one).collect::<Vec<_>>().join("&")
}

fn record(second: usize, message: &str) -> Value {
    let timestamp = format!("2024-10-08T00:00:{second:02}Z");
    json!([{"timestamp": timestamp, "level": "INFO", "message": message}])
}

/// Large messages that nothing is found in, and a small one behind them that is looked for.
async fn fill(service: &Service) {
    for (number, size) in SIZES.into_iter().enumerate() {
        let reply = service.batch(&record(number, &of_a_and_b(size))).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    let wanted = format!("{}c", "a".repeat(200));
    let reply = service.batch(&record(SIZES.len(), &wanted)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    drained(service).await;
}

/// Asks on until there is nothing behind: the records that were found, and those that were told to take
/// too long.
async fn search(service: Arc<Service>) -> (usize, usize) {
    let first = format!("/logs/retrieve?limit=10&{}", expressions());
    let (mut path, mut found, mut too_slow) = (first.clone(), 0, 0);
    for _ in 0..REQUESTS {
        let reply = service.get(&path).await;
        match reply.status {
            200 => found += reply.json().as_array().unwrap().len(),
            504 => {
                assert_eq!(reply.json()["code"], "query_too_slow", "{}", reply.text());
                too_slow += 1;
            }
            other => panic!("{other}: {}", reply.text()),
        }
        match reply.header("x-next-cursor") {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return (found, too_slow),
        }
    }
    panic!("no end after {REQUESTS} requests: {found} found, {too_slow} too slow");
}

on_each_store!(
    costly_expressions_hold_up_nobody_and_come_to_an_end,
    async |service| {
        fill(&service).await;
        let service = Arc::new(service);
        let searches: Vec<_> = (0..SEARCHES)
            .map(|_| tokio::spawn(search(Arc::clone(&service))))
            .collect();
        let (mut slowest, mut sent) = (Duration::ZERO, 0);
        while !searches.iter().all(JoinHandle::is_finished) {
            let started = Instant::now();
            let reply = service.batch(&record(59, &format!("batch {sent}"))).await;
            assert_eq!(reply.status, 200, "{}", reply.text());
            let health = service.health().await;
            slowest = slowest.max(started.elapsed());
            sent += 1;
            let breaker = &health["breakers"]["read"];
            assert_eq!(breaker["state"], "closed", "{health}");
            assert_eq!(breaker["opened"], 0, "{health}");
        }
        for search in searches {
            let (found, too_slow) = search.await.unwrap();
            println!("found {found}, too slow {too_slow}; slowest of {sent} batches {slowest:?}");
            assert_eq!(found, 1);
        }
        assert!(slowest < SOON, "a batch and a probe took {slowest:?}");
    }
);

on_each_store!(
    a_search_in_one_answer_that_takes_too_long_is_told_as_such,
    async |service| {
        fill(&service).await;
        let path = format!(
            "/logs/retrieve?startTime=2024-10-08T00:00:03Z&{}",
            expressions()
        );
        for _ in 0..6 {
            let reply = service.get(&path).await;
            assert_eq!(reply.status, 504, "{}", reply.text());
            assert_eq!(reply.json()["code"], "query_too_slow");
        }
        let health = service.health().await;
        assert_eq!(health["breakers"]["read"]["opened"], 0, "{health}");
        let reply = service
            .get("/logs/retrieve?q=aaaac&fields=id&format=csv")
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
);

async fn short_messages_that_match(backend: Backend) {
    let settings = backend.builder("short_messages_that_match").await;
    let service = settings.env("REQUEST_TIMEOUT", REQUEST_TIMEOUT);
    let service = service.start().await;
    let letters = of_a_and_b(SHORT_MESSAGE);
    let (head, tail) = letters.split_at(SHORT_MESSAGE - 860);
    let message = format!("{head}a{tail}d");
    let record = |number: usize| {
        let timestamp = format!("2024-10-08T00:00:00.{number:03}Z");
        json!({"timestamp": timestamp, "level": "INFO", "message": message})
    };
    let records: Value = (0..SHORT_MESSAGES).map(record).collect();
    let reply = service.batch(&records).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    drained(&service).await;
    let path = "/logs/retrieve?regex=[ab]*a[ab]{900}c|a[ab]{860}d&fields=id&format=csv";
    let started = Instant::now();
    let reply = service.get(path).await;
    let took = started.elapsed();
    println!("{backend:?}: {SHORT_MESSAGES} short messages in {took:?}");
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.text().lines().count(), 1 + SHORT_MESSAGES);
    assert!(took > Duration::from_secs(2), "not costly: {took:?}");
    let health = service.health().await;
    let breaker = &health["breakers"]["read"];
    assert_eq!(breaker["opened"], 0, "{health}");
    assert_eq!(breaker["state"], "closed", "{health}");
}

mod costly_expressions_over_short_messages_that_match_end_too {
    use super::{Backend, short_messages_that_match};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        short_messages_that_match(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        short_messages_that_match(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        short_messages_that_match(Backend::MongoDb).await;
    }
}

/// A record with thousands of attributes.
fn wide_record(members: usize) -> Value {
    let attributes = (0..members).map(|number| (format!("k{number}"), json!("v".repeat(100))));
    let mut record: serde_json::Map<String, Value> = attributes.collect();
    record.insert("timestamp".into(), "2024-10-08T00:00:00Z".into());
    record.insert("message".into(), "wide".into());
    json!([record])
}

async fn columns_of_a_wide_record(backend: Backend) {
    let service = backend.start("columns_of_a_wide_record").await;
    let reply = service.batch(&wide_record(MEMBERS)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    drained(&service).await;
    let one = csv(&service, 1).await;
    let all = csv(&service, COLUMNS).await;
    println!("{backend:?}: one column of {MEMBERS} attributes in {one:?}, {COLUMNS} in {all:?}");
    assert!(all < 6 * one, "{one:?} and {all:?}");
}

/// The quickest of some readings of so many columns.
async fn csv(service: &Service, columns: usize) -> Duration {
    let names: Vec<String> = (0..columns)
        .map(|number| format!("attr.k{number}"))
        .collect();
    let path = format!("/logs/retrieve?format=csv&fields={}", names.join(","));
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let started = Instant::now();
        let reply = service.get(&path).await;
        quickest = quickest.min(started.elapsed());
        assert_eq!(reply.status, 200, "{}", reply.text());
        let text = reply.text();
        let cells: Vec<&str> = text.lines().nth(1).unwrap().split(',').collect();
        assert_eq!(cells, vec!["v".repeat(100); columns]);
    }
    quickest
}

mod many_columns_of_a_wide_record_are_read_in_one_go {
    use super::{Backend, columns_of_a_wide_record};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        columns_of_a_wide_record(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        columns_of_a_wide_record(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        columns_of_a_wide_record(Backend::MongoDb).await;
    }
}
