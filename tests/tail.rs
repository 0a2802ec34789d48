//! `GET /logs/tail`: what is stored, as it is stored; each record once, wherever a reader comes again.

mod ends;
mod forms;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::tail::Tail;

/// The stores that tell what is stored.
const STORES: [Backend; 2] = [Backend::Sqlite, Backend::Blocks];

/// Records of times that go back and forth.
fn records(name: &str, count: usize) -> Value {
    let record = |number: usize| {
        let second = number * 37 % 3600;
        let (levels, services) = (["INFO", "ERROR"], ["orders", "shop", "bank"]);
        json!({
            "timestamp": format!("2024-10-08T{:02}:{:02}:{:02}Z", number % 5, second / 60, second % 60),
            "level": levels[number % 2],
            "message": format!("{name} {number}"),
            "service": services[number % 3],
        })
    };
    (0..count).map(record).collect()
}

fn names(name: &str, count: usize) -> BTreeSet<String> {
    (0..count)
        .map(|number| format!("{name} {number}"))
        .collect()
}

async fn store(service: &Service, records: &Value) {
    assert_eq!(service.batch(records).await.status, 200);
}

/// All of them, none twice.
#[track_caller]
fn once(messages: Vec<String>) -> BTreeSet<String> {
    let count = messages.len();
    let all: BTreeSet<_> = messages.into_iter().collect();
    assert_eq!(all.len(), count, "something came twice");
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_comes_as_it_is_stored_and_as_it_is_read_elsewhere() {
    for backend in STORES {
        let service = backend.start("tail_as_stored").await;
        store(&service, &records("before", 5)).await;
        let mut tail = Tail::open(&service, "").await;
        assert_eq!(tail.header("content-type"), Some("text/event-stream"));
        assert_eq!(tail.header("cache-control"), Some("no-store"));
        assert_eq!(tail.header("x-accel-buffering"), Some("no"));
        for name in ["one", "two"] {
            store(&service, &records(name, 20)).await;
            let mut given = Vec::new();
            for _ in 0..20 {
                given.push(tail.record().await.1);
            }
            let read = service
                .get(&format!("/logs/retrieve?q={name}"))
                .await
                .json();
            assert_eq!(
                json!(given),
                read,
                "{backend:?}: those of one batch come in the order of ids"
            );
        }
        assert_eq!(service.health().await["tail"]["recordsTotal"], 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_as_they_do_elsewhere() {
    for backend in STORES {
        let service = backend.start("tail_filters").await;
        let filters = [
            "attr.service=shop",
            "logLevel=ERROR",
            "q=5",
            "word=one+7",
            "regex=[13]$",
            "minLevel=WARN&attr.service=!bank",
            "startTime=2024-10-08T02:00:00Z",
        ];
        let mut tails = Vec::new();
        for filter in filters {
            tails.push(Tail::open(&service, filter).await);
        }
        store(&service, &records("one", 60)).await;
        for (filter, tail) in filters.iter().zip(&mut tails) {
            let read = service
                .get(&format!("/logs/retrieve?{filter}"))
                .await
                .json();
            let count = read.as_array().unwrap().len();
            assert!((1..60).contains(&count), "{filter}");
            let mut given = Vec::new();
            for _ in 0..count {
                given.push(tail.record().await.1);
            }
            assert_eq!(json!(given), read, "{backend:?} {filter}");
        }
        // Nothing else was waiting.
        store(&service, &json!([{"timestamp": "2024-10-08T04:00:00Z", "level": "ERROR", "message": "one 7 51", "service": "shop"}])).await;
        for tail in &mut tails {
            assert_eq!(tail.messages(1).await, ["one 7 51"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_past_into_the_live_end_each_record_comes_once_while_others_are_stored() {
    const BATCHES: usize = 120;
    const BATCH: usize = 100;
    for backend in STORES {
        let service = Arc::new(backend.start("tail_past").await);
        store(&service, &records("past", 9_000)).await;
        let mut sending = tokio::task::JoinSet::new();
        for sender in 0..4 {
            let service = Arc::clone(&service);
            sending.spawn(async move {
                for batch in 0..BATCHES / 4 {
                    store(&service, &records(&format!("{sender}-{batch}"), BATCH)).await;
                }
            });
        }
        let mut tail = Tail::open(&service, "startTime=2024-10-08T00:00:00Z").await;
        let given = once(tail.messages(9_000 + BATCHES * BATCH).await);
        sending.join_all().await;
        assert!(given.is_superset(&names("past", 9_000)), "{backend:?}");
        store(&service, &records("last", 1)).await;
        assert_eq!(
            tail.messages(1).await,
            ["last 0"],
            "{backend:?}: there was no other one"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_again_at_any_event_after_a_kill_gets_the_rest_and_nothing_twice() {
    for backend in STORES {
        let service = backend.start("tail_again").await;
        let query = "startTime=2024-10-08T01:00:00Z&attr.service=!bank";
        store(&service, &records("past", 300)).await;
        let mut tail = Tail::open(&service, query).await;
        let mut events = vec![(tail.last.clone().unwrap(), String::new())];
        let mut read = async |tail: &mut Tail, name: &str| {
            let expected = service
                .get(&format!("/logs/retrieve?{query}&q={name}"))
                .await
                .json();
            for _ in 0..expected.as_array().unwrap().len() {
                let (id, record) = tail.record().await;
                events.push((id, record["message"].as_str().unwrap().to_owned()));
            }
        };
        read(&mut tail, "past").await;
        store(&service, &records("live", 200)).await;
        read(&mut tail, "live").await;
        // With times before all that was given.
        store(
            &service,
            &json!([{"timestamp": "2024-10-08T01:00:00Z", "message": "late", "service": "shop"}]),
        )
        .await;
        read(&mut tail, "late").await;
        service.restart().await;
        store(&service, &records("next", 9)).await;
        let next = service
            .get(&format!("/logs/retrieve?{query}&q=next"))
            .await
            .json();
        let next: BTreeSet<_> = next
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["message"].to_string())
            .collect();
        for (number, (id, _)) in events.iter().enumerate().step_by(23) {
            let mut again = Tail::resume(&service, query, id).await;
            let rest: BTreeSet<_> = events[number + 1..]
                .iter()
                .map(|(_, message)| message.clone())
                .collect();
            let given = once(again.messages(rest.len() + next.len()).await);
            assert!(given.is_superset(&rest), "{backend:?} {number}");
            assert_eq!(
                given
                    .iter()
                    .filter(|message| message.starts_with("next"))
                    .count(),
                next.len()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_is_of_one_question_and_what_a_tail_cannot_do_is_named() {
    let service = Backend::Blocks.start("tail_wrong").await;
    let tail = Tail::open(&service, "q=a").await;
    let id = tail.last.clone().unwrap();
    Tail::resume(&service, "q=a", &id).await;
    Tail::open(&service, &format!("after={id}&q=a")).await;
    for (query, code, said) in [
        (
            format!("after={id}&q=b"),
            "invalid_event_id",
            "the event's id does not belong",
        ),
        (
            format!("after={id}"),
            "invalid_event_id",
            "the event's id does not belong",
        ),
        (
            "after=x".to_owned(),
            "invalid_event_id",
            "the event's id does not belong",
        ),
        (
            "endTime=now".to_owned(),
            "unknown_parameter",
            "a tail has no endTime",
        ),
        (
            "order=desc".to_owned(),
            "unknown_parameter",
            "a tail has no order",
        ),
        (
            "limit=5".to_owned(),
            "unknown_parameter",
            "there is no parameter \"limit\": known are",
        ),
        (
            "format=csv".to_owned(),
            "invalid_parameter",
            "format is not sse or ndjson",
        ),
        (
            "regex=(".to_owned(),
            "invalid_regex",
            "regex cannot be used",
        ),
    ] {
        let reply = service.get(&format!("/logs/tail?{query}")).await;
        reply.assert_refused(&query, code, said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_tails_are_open_as_may_be_and_one_that_leaves_makes_room() {
    let settings = Backend::Blocks.builder("tail_limits").await;
    let service = settings.env("MAX_TAILS", "2").start().await;
    let one = Tail::open(&service, "").await;
    let _other = Tail::open(&service, "").await;
    let reply = service.get("/logs/tail").await;
    assert_eq!(
        (reply.status, &*reply.json()["code"].to_string()),
        (503, "\"too_many_tails\"")
    );
    assert!(reply.header("retry-after").is_some());
    assert_eq!(service.health().await["tail"]["readers"], 2);
    drop(one);
    crate::support::wait_until("a place to be free", Duration::from_secs(30), async || {
        service.health().await["tail"]["readers"] == 1
    })
    .await;
    Tail::open(&service, "").await;
}
