//! `GET /livez` and `GET /readyz`: what starts, stops and routes to the service relies on.

use std::time::Duration;

use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::post_head;
use crate::support::wait_until;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);

fn is_well(reply: &Reply) {
    assert_eq!((reply.status, reply.text().as_str()), (200, "ok\n"));
    let kind = reply.header("content-type");
    assert_eq!(kind, Some("text/plain; charset=utf-8"));
}

fn is_in_the_way(reply: &Reply, reason: &str) {
    let told = reply.text();
    assert_eq!(reply.status, 503, "{told}");
    assert!(told.contains(reason) && told.ends_with('\n'), "{told}");
    let wait = reply.header("retry-after").unwrap();
    assert!(wait.parse::<u64>().unwrap() >= 1);
}

on_each_store!(a_service_that_takes_batches_is_ready, async |service| {
    wait_until("it to be ready", PATIENCE, async || {
        service.get("/readyz").await.status == 200
    })
    .await;
    is_well(&service.get("/livez").await);
    is_well(&service.get("/readyz").await);
    for path in ["/livez", "/readyz"] {
        let head = service.http().head(service.url(path)).send().await.unwrap();
        assert_eq!(head.status().as_u16(), 200);
        assert_eq!(head.headers()["content-length"], "3");
    }
});

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_while_mongodb_is_away_and_not_once_the_spool_is_full() {
    let mongod = Mongod::start().await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let service = settings.env("SPOOL_MAX_BYTES", "1MiB").start().await;
    mongod.freeze();
    let batch = json!([{ "message": "x".repeat(200_000) }]).to_string();
    let send = async || {
        let path = "/logs/batch?ack=spooled";
        let sent = service.post(path, "application/json", batch.as_str());
        sent.await.status
    };
    assert_eq!(send().await, 200);
    is_well(&service.get("/readyz").await);
    wait_until("the spool to be full", PATIENCE, async || {
        send().await == 503
    })
    .await;
    is_in_the_way(
        &service.get("/readyz").await,
        "the spool holds as much as it may",
    );
    is_well(&service.get("/livez").await);
    mongod.thaw();
    wait_until("there to be room again", PATIENCE, async || {
        service.get("/readyz").await.status == 200
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_ready_while_the_disk_is_full() {
    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let service = settings.start().await;
    assert_eq!(
        service.batch(&json!([{"message": "one"}])).await.status,
        503
    );
    is_in_the_way(&service.get("/readyz").await, "disk");
    is_well(&service.get("/livez").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_alive_but_not_ready_while_it_stops() {
    let service = Service::builder().start().await;
    let body = r#"[{"message":"one"}]"#;
    let mut sender = RawClient::connect(service.address()).await;
    sender.send(post_head(body.len())).await.unwrap();
    wait_until("the head to be read", PATIENCE, async || {
        service.get("/health").await.json()["connections"].as_u64() >= Some(2)
    })
    .await;
    // A request that has begun is answered; its head is whole once the service stops.
    let mut asks = Vec::new();
    for path in ["/livez", "/readyz"] {
        let mut client = RawClient::connect(service.address()).await;
        client
            .send(format!("GET {path} HTTP/1.1\r\nHost: localhost"))
            .await
            .unwrap();
        asks.push(client);
    }
    service.terminate();
    wait_until("new connections to be refused", PATIENCE, async || {
        tokio::net::TcpStream::connect(service.address())
            .await
            .is_err()
    })
    .await;
    let mut told = Vec::new();
    for client in &mut asks {
        client.send("\r\n\r\n").await.unwrap();
        told.push(client.read_response(PATIENCE).await);
    }
    let told: Vec<_> = told
        .iter()
        .map(|reply| (reply.status, reply.text()))
        .collect();
    let stopping = "the service is stopping\n".to_owned();
    assert_eq!(told, [(200, "ok\n".to_owned()), (503, stopping)]);
    sender.send(body).await.unwrap();
    assert_eq!(sender.read_response(PATIENCE).await.status, 200);
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
}
