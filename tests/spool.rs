//! Acknowledged means on disk: through outages, kills, full disks and refusals, on both stores.

mod at_rest;
mod limits;
mod outages;
mod privacy;
mod refused;
mod refused_before;
mod without_descriptor;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
/// Acknowledged when it is in the spool, as senders have it that ask for nothing else.
const SPOOLED: &str = "/logs/batch?ack=spooled";

fn record(message: &str) -> Value {
    json!([{"timestamp": "2024-10-08T00:00:00Z", "level": "INFO", "message": message}])
}

async fn send(service: &Service, message: &str) -> Reply {
    let body = record(message).to_string();
    service.post(SPOOLED, "application/json", body).await
}

/// Sends so many batches, each of which must be acknowledged from the spool.
async fn spool(service: &Service, count: usize) {
    for number in 0..count {
        let reply = send(service, &format!("m{number}")).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["durability"], "spooled");
    }
}

async fn waiting(service: &Service) -> u64 {
    service.health().await["spool"]["records"].as_u64().unwrap()
}

on_each_store!(
    a_batch_is_acknowledged_from_the_spool_and_can_be_read_within_a_second,
    async |service| {
        let reply = send(&service, "one").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let told = reply.json();
        assert_eq!(told["durability"], "spooled", "{told}");
        assert_eq!(told["message"], "Log batch accepted");
        wait_until(
            "the record to be there",
            Duration::from_secs(1),
            async || service.get("/logs/retrieve").await.status == 200,
        )
        .await;
    }
);

on_each_store!(
    a_sender_that_asks_for_it_is_told_when_the_store_has_the_batch,
    async |service| {
        let body = record("one").to_string();
        let path = "/logs/batch?ack=stored";
        let reply = service.post(path, "application/json", body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["durability"], "stored");
        assert_eq!(service.get("/logs/retrieve").await.status, 200);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_that_is_unknown_is_refused() {
    let service = Service::builder().start().await;
    let body = record("one").to_string();
    let path = "/logs/batch?ack=maybe";
    let reply = service.post(path, "application/json", body).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.json()["code"], "invalid_parameter");
}

on_each_store!(every_record_is_accounted_for, async |service| {
    spool(&service, 20).await;
    wait_until("everything to be stored", PATIENCE, async || {
        waiting(&service).await == 0
    })
    .await;
    let records = &service.health().await["records"];
    assert_eq!(records["received"], 20, "{records}");
    assert_eq!(records["stored"], 20, "{records}");
    for none in ["recovered", "alreadyStored", "waiting"] {
        assert_eq!(records[none], 0, "{none}: {records}");
    }
});
