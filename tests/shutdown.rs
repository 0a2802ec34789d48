//! SIGTERM and Ctrl-C: what was accepted is finished, and the process ends in time.

#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{Senders, fill, post_head, stored};
use crate::support::wait_until;
use serde_json::json;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(30);

async fn no_new_connections(service: &Service) {
    wait_until("new connections to be refused", PATIENCE, async || {
        TcpStream::connect(service.address()).await.is_err()
    })
    .await;
}

on_each_store!(a_batch_that_is_still_being_sent_is_taken, async |service| {
    let body = r#"[{"timestamp":"2024-10-08T00:00:00Z","message":"one"}]"#;
    let (begun, rest) = body.split_at(10);
    let mut client = RawClient::connect(service.address()).await;
    client
        .send(format!("{}{begun}", post_head(body.len())))
        .await
        .unwrap();
    wait_until("the head to be read", PATIENCE, async || {
        service.health().await["memory"]["reservedBytes"] != 0
    })
    .await;
    service.terminate();
    no_new_connections(&service).await;

    client.send(rest).await.unwrap();
    let reply = client.read_response(PATIENCE).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(
        log.contains("everything that was accepted is stored"),
        "{log}"
    );
    service.restart().await;
    assert_eq!(stored(&service).await["one"], 1);
});

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_mongodb_has_not_answered_yet_is_finished() {
    let mongod = Mongod::start().await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let service = Arc::new(settings.env("REQUEST_TIMEOUT", "60s").start().await);
    let batch = |message: &str| json!([{"timestamp": "2024-10-08T00:00:00Z", "message": message}]);
    assert_eq!(service.batch(&batch("first")).await.status, 200);
    mongod.freeze();
    let sender = Arc::clone(&service);
    let second = batch("second");
    let sent = tokio::spawn(async move { sender.batch(&second).await });
    wait_until("the batch to be at MongoDB", PATIENCE, async || {
        service.health().await["workers"]["write"]["busy"] == 1
    })
    .await;
    service.signal("INT");
    no_new_connections(&service).await;
    mongod.thaw();
    let reply = sent.await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    service.restart().await;
    let stored = stored(&service).await;
    assert_eq!((stored["first"], stored["second"]), (1, 1));
}

on_each_store!(
    a_stop_under_load_loses_and_doubles_nothing,
    async |service| {
        let service = Arc::new(service);
        let senders = Senders::start(&service, 4);
        for _ in 0..3 {
            senders.wait_for_more(20).await;
            service.terminate();
            assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
            service.restart().await;
        }
        let sent = senders.finish().await;
        assert_eq!(stored(&service).await, sent);
    }
);

/// Begins a long answer and leaves most of it unread.
async fn begin_reading(service: &Service) -> RawClient {
    let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
    let request = "GET /logs/retrieve HTTP/1.1\r\nHost: localhost\r\n\r\n";
    reader.send(request).await.unwrap();
    reader.read_some(100).await;
    reader
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_answer_is_finished_for_a_reader_that_reads() {
    let service = Service::builder().start().await;
    fill(&service, 20).await;
    let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
    reader
        .send("GET /logs/retrieve HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    wait_until("the answer to be under way", PATIENCE, async || {
        service.health().await["workers"]["read"]["done"] != 0
    })
    .await;
    service.terminate();
    no_new_connections(&service).await;
    let reply = reader.read_response(PATIENCE).await;
    assert!(reply.complete);
    assert!(reply.text().ends_with("]\n"));
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_does_not_read_does_not_hold_up_the_stop() {
    let service = Service::builder()
        .env("SHUTDOWN_TIMEOUT", "1s")
        .start()
        .await;
    fill(&service, 20).await;
    let reader = begin_reading(&service).await;
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(
        log.contains("three quarters of SHUTDOWN_TIMEOUT are over"),
        "{log}"
    );
    reader.close();
    service.restart().await;
    assert_eq!(stored(&service).await.len(), 20_000);
}

/// Another program holds the file's write lock: SQLite waits for it, on a thread that nobody can stop.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_hangs_does_not_hold_up_the_stop() {
    let settings = Service::builder().env("SHUTDOWN_TIMEOUT", "500ms");
    let service = Arc::new(settings.start().await);
    let other = rusqlite::Connection::open(service.data_dir().join("blocks.sqlite3")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sender = Arc::clone(&service);
    let batch = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": "held up"}]);
    let headers = [("content-type", "application/json")];
    let sent = tokio::spawn(async move {
        let body = batch.to_string();
        sender.try_post_with("/logs/batch", &headers, body).await
    });
    wait_until("the batch to be at SQLite", PATIENCE, async || {
        service.health().await["workers"]["write"]["busy"] == 1
    })
    .await;
    service.terminate();
    // SQLite itself would wait for five seconds.
    assert_eq!(
        service.wait_exit(Duration::from_secs(3)).await.code(),
        Some(0)
    );
    assert!(sent.await.unwrap().is_err(), "nothing was acknowledged");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_ask_for_nothing_do_not_hold_up_the_stop() {
    let service = Service::builder()
        .env("SHUTDOWN_TIMEOUT", "10m")
        .start()
        .await;
    let mut silent = RawClient::connect(service.address()).await;
    let mut between = RawClient::connect(service.address()).await;
    between
        .send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(between.read_response(PATIENCE).await.status, 200);
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    assert!(silent.closed_within(PATIENCE).await);
    assert!(between.closed_within(PATIENCE).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_and_bodies_that_are_not_whole_hardly_hold_up_the_stop() {
    let settings = Service::builder().env("SHUTDOWN_TIMEOUT", "10m");
    let service = settings.env("BODY_TIMEOUT", "10m").start().await;
    let mut clients = Vec::new();
    for begun in [
        "G".to_owned(),
        "GET /health HTTP/1.1\r\nHost:".to_owned(),
        format!("{}[", post_head(100)),
    ] {
        let mut client = RawClient::connect(service.address()).await;
        client.send(begun).await.unwrap();
        clients.push(client);
    }
    let accepted = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": "accepted"}]);
    let headers = [("content-type", "application/json")];
    let path = "/logs/batch?ack=spooled";
    let reply = service
        .post_with(path, &headers, accepted.to_string())
        .await;
    assert_eq!(reply.status, 200);
    wait_until("the body to be read", PATIENCE, async || {
        service.health().await["memory"]["reservedBytes"] != 0
    })
    .await;
    service.terminate();
    let mut body = clients.pop().unwrap();
    let refused = body.read_response(PATIENCE).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(
        refused.text().contains("\"stopping\""),
        "{}",
        refused.text()
    );
    assert!(refused.header("retry-after").is_some());
    for client in &mut clients {
        assert!(client.closed_within(PATIENCE).await);
    }
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(
        log.contains("everything that was accepted is stored"),
        "{log}"
    );
}

/// The store takes the last batch only once the time of the requests is over.
#[tokio::test(flavor = "multi_thread")]
async fn requests_leave_the_drain_a_part_of_the_time() {
    let settings = Service::builder().env("SHUTDOWN_TIMEOUT", "4s");
    let service = settings.start().await;
    fill(&service, 20).await;
    let reader = begin_reading(&service).await;
    let other = rusqlite::Connection::open(service.data_dir().join("blocks.sqlite3")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let batch = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": "waits"}]);
    let headers = [("content-type", "application/json")];
    let path = "/logs/batch?ack=spooled";
    let reply = service.post_with(path, &headers, batch.to_string()).await;
    assert_eq!(reply.status, 200);
    service.terminate();
    wait_until("the requests to be cut off", PATIENCE, async || {
        service.log_text().contains("of SHUTDOWN_TIMEOUT are over")
    })
    .await;
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(
        log.contains("everything that was accepted is stored"),
        "{log}"
    );
    reader.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_at_once_and_loses_nothing() {
    let settings = Service::builder().env("SHUTDOWN_TIMEOUT", "10m");
    let service = settings.env("READER_TIMEOUT", "10m").start().await;
    fill(&service, 20).await;
    let reader = begin_reading(&service).await;
    service.terminate();
    no_new_connections(&service).await;
    service.signal("INT");
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(130));
    reader.close();
    service.restart().await;
    assert_eq!(stored(&service).await.len(), 20_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_stands_still_does_not_take_a_stop_beyond_its_time() {
    /// Over before the driver gives it up.
    const TIMEOUT: Duration = Duration::from_secs(2);
    /// For a busy machine to start and end threads.
    const SLACK: Duration = Duration::from_millis(750);
    let mongod = Mongod::start().await;
    let settings = Service::builder().mongodb(&mongod.uri(), "logdb");
    let timeout = format!("{}s", TIMEOUT.as_secs());
    let service = settings.env("SHUTDOWN_TIMEOUT", timeout).start().await;
    let batch = json!([{"message": "first"}]);
    assert_eq!(service.batch(&batch).await.status, 200);
    mongod.freeze();
    let path = "/logs/batch?ack=spooled";
    let reply = service.post(path, "application/json", batch.to_string());
    assert_eq!(reply.await.status, 200);
    let began = Instant::now();
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let took = began.elapsed();
    assert!(took < TIMEOUT + SLACK, "{took:?}");
    mongod.thaw();
    service.restart().await;
    assert_eq!(stored(&service).await["first"], 2);
}
