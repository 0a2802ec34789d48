//! A client that closes its sending side after its request gets its answer; one that is gone ends
//! what it has asked for.

use std::time::Duration;

use super::PATIENCE;
use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{fill, get, post, post_head, rest, stored};
use crate::support::wait_until;
use bson::doc;

const RECORD: &str = r#"[{"timestamp":"2024-10-08T00:00:00Z","message":"one"}]"#;

/// A client that has sent this and closed its sending side.
async fn half_closed(service: &Service, request: impl AsRef<[u8]>) -> RawClient {
    let mut client = RawClient::connect(service.address()).await;
    client.send(request).await.unwrap();
    client.shutdown_write().await;
    client
}

on_each_store!(a_half_closed_client_gets_its_answer, async |service| {
    let mut sender = half_closed(&service, post(RECORD)).await;
    let taken = sender.read_response(PATIENCE).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert!(sender.closed_within(PATIENCE).await);
    let mut reader = half_closed(&service, get("/logs/retrieve")).await;
    let found = reader.read_response(PATIENCE).await;
    assert_eq!(found.status, 200);
    assert!(found.complete && found.text().contains("\"one\""));
    assert!(reader.closed_within(PATIENCE).await);
    assert_eq!(stored(&service).await["one"], 1);
});

#[tokio::test(flavor = "multi_thread")]
async fn a_half_closed_client_gets_an_answer_that_takes_long() {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let service = settings.env("REQUEST_TIMEOUT", "60s").start().await;
    assert_eq!(
        service
            .post("/logs/batch", "application/json", RECORD)
            .await
            .status,
        200
    );
    // Longer than between some looks at whether a client has left.
    let fail = doc! {
        "configureFailPoint": "failCommand", "mode": "alwaysOn",
        "data": { "failCommands": ["insert", "find"], "blockConnection": true, "blockTimeMS": 3000 },
    };
    let admin = mongod.client().await.database("admin");
    admin.run_command(fail).await.unwrap();
    let mut sender = half_closed(&service, post(&RECORD.replace("one", "two"))).await;
    let mut reader = half_closed(&service, get("/logs/retrieve")).await;
    assert!(!sender.answered_within(Duration::from_millis(2500)).await);
    let taken = sender.read_response(PATIENCE).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert!(taken.text().contains("\"stored\""), "{}", taken.text());
    let found = reader.read_response(PATIENCE).await;
    assert_eq!(found.status, 200, "{}", found.text());
    assert!(found.complete && found.text().contains("\"one\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_closed_reader_gets_a_long_answer_whole_however_slowly_it_reads() {
    let service = Service::builder().start().await;
    fill(&service, 20).await;
    let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
    reader.send(get("/logs/retrieve")).await.unwrap();
    reader.shutdown_write().await;
    rest(Duration::from_millis(2500)).await;
    let found = reader.read_response(PATIENCE).await;
    assert_eq!(found.status, 200);
    assert!(found.complete && found.text().ends_with("]\n"));
    assert!(reader.closed_within(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_body_with_nothing_to_follow_is_refused_at_once() {
    let service = Service::builder().env("BODY_TIMEOUT", "10m").start().await;
    let mut sender = half_closed(&service, format!("{}{RECORD}", post_head(1000))).await;
    let refused = sender.read_response(PATIENCE).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(
        refused.text().contains("\"broken_body\""),
        "{}",
        refused.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_half_closed_reader_that_leaves_ends_its_long_answer() {
    let service = Service::builder().start().await;
    fill(&service, 20).await;
    for _ in 0..5 {
        let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
        reader.send(get("/logs/retrieve")).await.unwrap();
        reader.shutdown_write().await;
        reader.read_some(1_000).await;
        reader.close();
    }
    wait_until("the connections to end", PATIENCE, async || {
        // The one that asks is a connection, too.
        service.health().await["connections"] == 1
    })
    .await;
}
