//! Records of one time come back in the order in which they were sent; what an earlier version left behind
//! stays readable, and a retry of it is a no-op.

mod blocks;
mod formats;
mod upgrade;

use crate::support::http::Reply;
use crate::support::mongod;
use crate::support::service::Service;
use crate::support::stores::{database, on_each_store};
use bson::{Document, doc};
use mongodb::Database;
use serde_json::{Value, json};

const TIME: &str = "2024-06-04T01:00:00Z";

/// A database of the shared server for the test with this name, and its settings for a service.
struct Place {
    uri: String,
    name: String,
    database: Database,
}

impl Place {
    async fn new(test: &str) -> Self {
        let mongod = mongod::shared().await;
        let name = database(test);
        Self {
            uri: mongod.uri(),
            database: mongod.client().await.database(&name),
            name,
        }
    }

    async fn service(&self) -> Service {
        Service::builder()
            .mongodb(&self.uri, &self.name)
            .start()
            .await
    }

    /// The lengths of all documents' ids.
    async fn id_lengths(&self) -> Vec<usize> {
        self.lengths("logs").await
    }

    async fn lengths(&self, collection: &str) -> Vec<usize> {
        let find = doc! { "find": collection, "batchSize": 1_000 };
        let reply = self.database.run_command(find).await.unwrap();
        let found = reply.get_document("cursor").unwrap();
        let found = found.get_array("firstBatch").unwrap().iter();
        let ids = found.map(|one| one.as_document().unwrap().get_binary_generic("_id"));
        ids.map(|id| id.unwrap().len()).collect()
    }

    /// Marks the collection as one of this format; 1 is that of an earlier version.
    async fn mark_as_format(&self, version: i32) {
        let meta = self.database.collection::<Document>("logs_meta");
        let mark = doc! { "_id": "format", "version": version };
        meta.insert_one(mark).await.unwrap();
    }
}

fn record(time: &str, message: &str) -> Value {
    json!({"timestamp": time, "level": "INFO", "message": message})
}

/// Sends a batch, under a key if there is one, and waits until it is stored.
async fn send(service: &Service, key: Option<&str>, records: &[Value]) -> Reply {
    send_body(service, key, Value::from(records).to_string()).await
}

async fn send_body(service: &Service, key: Option<&str>, body: String) -> Reply {
    let key = key.map(|key| ("idempotency-key", key));
    let reply = service.post_with("/logs/batch?ack=stored", key.as_slice(), body);
    let reply = reply.await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["durability"], "stored", "{}", reply.text());
    reply
}

async fn messages(service: &Service, address: &str) -> Vec<String> {
    let found = service.get(address).await.json();
    let found = found.as_array().expect("records").iter();
    found
        .map(|record| record["message"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_one_time_are_read_in_the_order_in_which_they_were_sent() {
    let place = Place::new("requests_with_one_time").await;
    let service = place.service().await;
    let mut sent = Vec::new();
    for step in 0..12 {
        let texts = [format!("step {step}"), format!("step {step}, too")];
        let records = texts.clone().map(|text| record(TIME, &text));
        send(&service, None, &records).await;
        sent.extend(texts);
    }
    assert_eq!(messages(&service, "/logs/retrieve").await, sent);
    sent.reverse();
    assert_eq!(messages(&service, "/logs/retrieve?order=desc").await, sent);
    assert_eq!(place.id_lengths().await, [27; 24]);

    // Page by page, too.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = service
            .get(&format!("/logs/retrieve?order=desc&limit=5{cursor}"))
            .await;
        let found = page.json();
        let found = found.as_array().unwrap().iter();
        paged.extend(found.map(|record| record["message"].as_str().unwrap().to_owned()));
        match page.header("x-next-cursor") {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_that_requests_with_keys_share_is_read_as_it_was_sent() {
    let place = Place::new("a_second_that_requests_share").await;
    let service = place.service().await;
    let mut sent = Vec::new();
    for number in 0..12 {
        // Its last second is the first one of the next request.
        let texts = [number, number + 1].map(|second| format!("request {number}, second {second}"));
        let time = |second| format!("2024-06-04T01:00:{second:02}Z");
        let records = [
            record(&time(number), &texts[0]),
            record(&time(number + 1), &texts[1]),
        ];
        let key = format!("request-{number}");
        send(&service, Some(&key), &records).await;
        sent.extend(texts);
    }
    assert_eq!(messages(&service, "/logs/retrieve").await, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_found_by_the_id_that_it_is_shown_with() {
    let place = Place::new("a_record_is_found_by_the_id").await;
    let service = place.service().await;
    send(&service, None, &[record(TIME, "with an order")]).await;
    send(&service, Some("key"), &[record(TIME, "without one")]).await;
    let found = service.get("/logs/retrieve").await.json();
    let ids: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    // Sent under a key and at one time, nothing is known of its order: such an id is as ever.
    assert_eq!(ids.iter().map(|id| id.len()).collect::<Vec<_>>(), [40, 54]);
    for (id, message) in ids.iter().zip(["without one", "with an order"]) {
        let one = service.get(&format!("/logs/{id}")).await;
        assert_eq!(one.json()["message"], message, "{}", one.text());
        let context = service.get(&format!("/logs/{id}/context")).await;
        assert_eq!(context.status, 200, "{}", context.text());
    }
}

on_each_store!(
    a_record_is_found_by_the_id_that_the_spool_shows,
    async |service| {
        send(&service, Some("key"), &[record(TIME, "one")]).await;
        send(&service, Some("another"), &[record(TIME, "two")]).await;
        let found = service.get("/logs/retrieve").await.json();
        for one in found.as_array().unwrap() {
            let id = one["id"].as_str().unwrap();
            // It has a delay there, which of a batch with a key only blocks keep.
            let spooled = match id.split_at(16) {
                (time, rest) if id.len() == 40 => format!("{time}000000c0ffee01{rest}"),
                _ => id.to_owned(),
            };
            let by_id = service.get(&format!("/logs/{spooled}")).await.json();
            assert_eq!(&by_id, one);
            let context = service.get(&format!("/logs/{spooled}/context")).await;
            let context = context.json();
            assert_eq!(&context["record"], one);
            let beside = [&context["before"], &context["after"]];
            let beside = beside.map(|part| part.as_array().unwrap().len());
            assert_eq!(beside.iter().sum::<usize>(), 1, "{context}");
        }
    }
);
