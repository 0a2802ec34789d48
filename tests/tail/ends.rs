//! Ends of a tail: of the service, and of the patience with a reader who takes nothing.

use super::{once, store};
use crate::support::raw::RawClient;
use crate::support::stores::Backend;
use crate::support::tail::Tail;
use serde_json::json;
use std::time::Duration;

/// Of the machine's socket buffers a slow reader takes this much.
const RECEIVE_BUFFER: u32 = 16 * 1024;

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_tail_and_no_reader_who_takes_nothing() {
    for backend in super::STORES {
        let service = backend.start("tail_stop").await;
        let mut tail = Tail::open(&service, "").await;
        let mut stuck = RawClient::connect_slow(service.address(), RECEIVE_BUFFER).await;
        let request = "GET /logs/tail?startTime=2020-01-01 HTTP/1.1\r\nhost: localhost\r\n\r\n";
        for _ in 0..10 {
            store(
                &service,
                &json!(
                    (0..20)
                        .map(|_| json!({"message": "x".repeat(100_000)}))
                        .collect::<Vec<_>>()
                ),
            )
            .await;
        }
        stuck.send(request).await.unwrap();
        assert!(stuck.answered_within(Duration::from_secs(30)).await);
        service.terminate();
        let status = service.wait_exit(Duration::from_secs(10)).await;
        assert_eq!(status.code(), Some(0), "{backend:?}");
        while tail.next().await.is_some() {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_is_too_slow_is_told_what_was_passed_over_and_can_have_all_of_it() {
    let service = Backend::Blocks.start("tail_slow").await;
    let mut tail = Tail::open(&service, "").await;
    let large = |name: &str| {
        let record =
            |number| json!({"message": format!("{name} {number}"), "filler": "x".repeat(50_000)});
        json!((0..20).map(record).collect::<Vec<_>>())
    };
    let mut stored = Vec::new();
    let began = tokio::time::Instant::now();
    // He takes nothing for longer than anybody is waited for.
    let mut number = 0;
    while began.elapsed() < Duration::from_secs(36) {
        let name = format!("b{number}");
        store(&service, &large(&name)).await;
        stored.extend((0..20).map(|record| format!("{name} {record}")));
        number += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut given = Vec::new();
    let dropped = loop {
        let event = tail.event().await;
        match &*event.name {
            "" => given.push(event.json()["message"].as_str().unwrap().to_owned()),
            "dropped" => break event.json(),
            other => panic!("{other}"),
        }
    };
    let count = dropped["count"].as_u64().unwrap();
    assert!(
        count > 0 && count >= (stored.len() - given.len()) as u64,
        "{count}"
    );
    store(&service, &large("next")).await;
    assert_eq!(tail.messages(20).await.len(), 20);
    let mut again = Tail::open(
        &service,
        &format!("after={}", dropped["after"].as_str().unwrap()),
    )
    .await;
    given.extend(again.messages(stored.len() + 20 - given.len()).await);
    let given = once(given);
    assert!(stored.iter().all(|message| given.contains(message)));
    let health = service.health().await;
    assert_eq!(
        (
            &health["tail"]["dropsTotal"],
            &health["tail"]["droppedTotal"]
        ),
        (&json!(1), &json!(count))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_the_store_keeps_no_feed_the_answer_says_so() {
    let service = Backend::MongoDb.start("tail_none").await;
    let reply = service.get("/logs/tail").await;
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (501, &json!("no_tail"))
    );
}
