//! The same batch under the same key is stored once, however often and whenever it is sent.

mod forgotten_batches;
mod key_memory;
mod remembered;

use crate::support::http::Reply;
use crate::support::mongod;
use crate::support::service::Service;
use crate::support::stores::{Backend, database, on_each_store};
use crate::support::traffic::stored;
use bson::{Document, doc};
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn send(service: &Service, key: &str, body: &Value) -> Reply {
    let reply = service
        .post_with("/logs/batch", &[("idempotency-key", key)], body.to_string())
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

fn replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == Some("true")
}

fn dated() -> Value {
    json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "INFO", "message": "one"},
        {"timestamp": "2024-10-08T00:00:00Z", "level": "INFO", "message": "same"},
        {"timestamp": "2024-10-08T00:00:00Z", "level": "INFO", "message": "same"},
    ])
}

on_each_store!(a_batch_sent_again_is_stored_once, async |service| {
    let first = send(&service, "key-1", &dated()).await;
    assert!(!replayed(&first));
    let again = send(&service, "key-1", &dated()).await;
    assert!(replayed(&again));
    assert_eq!(again.text(), first.text());
    service.restart().await;
    assert!(replayed(&send(&service, "key-1", &dated()).await));

    let stored = stored(&service).await;
    assert_eq!(stored["one"], 1);
    assert_eq!(stored["same"], 2, "two equal records of a batch are two");
});

const SPOOLED: &str = "/logs/batch?ack=spooled";

async fn spool(service: &Service, key: &str, body: &Value) -> Reply {
    service
        .post_with(SPOOLED, &[("idempotency-key", key)], body.to_string())
        .await
}

/// Of everything that came, one batch of three went through the spool.
async fn assert_written_once(service: &Service, repeated: u64) {
    let health = service.health().await;
    assert_eq!(health["spool"]["commits"], 1, "{health}");
    let records = &health["records"];
    assert_eq!(records["stored"], 3, "{records}");
    assert_eq!(records["alreadyStored"], repeated, "{records}");
    assert_eq!(records["received"], 3 + repeated, "{records}");
}

on_each_store!(
    a_batch_sent_again_gets_the_same_answer_without_being_written_again,
    async |service| {
        let first = spool(&service, "key-1", &dated()).await;
        assert!(!replayed(&first));
        let again = spool(&service, "key-1", &dated()).await;
        assert!(replayed(&again));
        assert_eq!((again.status, again.text()), (200, first.text()));
        assert_eq!(stored(&service).await["one"], 1);
        assert_written_once(&service, 3).await;
    }
);

on_each_store!(
    of_equal_batches_at_once_one_is_written_and_the_others_wait_for_it,
    async |service| {
        let body = dated();
        let replies = join_all((0..16).map(|_| spool(&service, "key-1", &body))).await;
        assert!(replies.iter().all(|reply| reply.status == 200));
        let fresh = replies.iter().filter(|reply| !replayed(reply)).count();
        assert_eq!(fresh, 1);
        assert_eq!(stored(&service).await["same"], 2);
        assert_written_once(&service, 15 * 3).await;
    }
);

on_each_store!(
    another_batch_under_the_same_key_is_refused,
    async |service| {
        spool(&service, "key-1", &dated()).await;
        let other = json!([{"message": "other"}]);
        for path in [SPOOLED, "/logs/batch?ack=stored"] {
            let reply = service
                .post_with(path, &[("idempotency-key", "key-1")], other.to_string())
                .await;
            assert_eq!(reply.status, 422, "{}", reply.text());
            assert_eq!(reply.json()["code"], "idempotency_key_reused");
        }
        assert_eq!(stored(&service).await.get("other"), None);
    }
);

on_each_store!(
    a_batch_sent_many_times_at_once_is_stored_once,
    async |service| {
        let body = json!([
            {"timestamp": "2024-10-08T00:00:00Z", "message": "dated"},
            {"message": "undated"},
        ]);
        let replies = join_all((0..16).map(|_| send(&service, "key-1", &body))).await;
        let fresh = replies.iter().filter(|reply| !replayed(reply)).count();
        assert!(fresh <= 2, "{fresh} answers say that they stored something");
        let stored = stored(&service).await;
        assert_eq!((stored["dated"], stored["undated"]), (1, 1));
    }
);

on_each_store!(
    a_record_without_a_time_keeps_that_of_its_first_receipt,
    async |service| {
        let body = json!([{"message": "undated"}, {"message": "undated, too"}]);
        assert!(!replayed(&send(&service, "key-1", &body).await));
        let before = service.get("/logs/retrieve").await.json();
        // Whole milliseconds: by then the clock reads another time.
        service.restart().await;
        assert!(replayed(&send(&service, "key-1", &body).await));
        let after = service.get("/logs/retrieve").await.json();
        assert_eq!(after, before);
        assert_eq!(after.as_array().map(Vec::len), Some(2));
    }
);

on_each_store!(
    batches_that_are_not_the_same_are_each_stored,
    async |service| {
        let plain = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": "no key"}]);
        for reply in [service.batch(&plain).await, service.batch(&plain).await] {
            assert_eq!(reply.status, 200, "{}", reply.text());
            assert!(!replayed(&reply));
        }
        for key in ["key-1", "key-2"] {
            assert!(!replayed(&send(&service, key, &dated()).await));
        }
        let stored = stored(&service).await;
        assert_eq!((stored["no key"], stored["one"], stored["same"]), (2, 2, 4));
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_which_a_part_is_there_is_completed() {
    let name = "a_batch_of_which_a_part_is_there";
    let service = Backend::MongoDb.start(name).await;
    send(&service, "key-1", &dated()).await;
    let before = service.get("/logs/retrieve").await.json();
    let client = mongod::shared().await.client().await;
    let logs = client
        .database(&database(name))
        .collection::<Document>("logs");
    logs.delete_one(doc! { "message": "same" }).await.unwrap();
    // It remembers that the batch is stored; another process only asks the store.
    service.restart().await;

    assert!(!replayed(&send(&service, "key-1", &dated()).await));
    assert_eq!(service.get("/logs/retrieve").await.json(), before);
}

on_each_store!(a_key_that_is_none_is_refused, async |service| {
    let long = "k".repeat(256);
    for key in ["", " ", "a b", "k\u{e9}y", &long] {
        let reply = service
            .post_with(
                "/logs/batch",
                &[("idempotency-key", key)],
                dated().to_string(),
            )
            .await;
        assert_eq!(reply.status, 400, "{key:?}: {}", reply.text());
        assert_eq!(
            reply.json()["code"],
            "invalid_idempotency_key",
            "{}",
            reply.text()
        );
    }
    assert_eq!(service.get("/logs/retrieve").await.status, 404);
    let longest = "k".repeat(255);
    for key in ["!", "~", &longest] {
        assert!(!replayed(&send(&service, key, &dated()).await));
    }
});
