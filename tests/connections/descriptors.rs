//! A small limit of open files: spool and store have theirs, and connections what is left.

use std::time::Duration;

use super::{PATIENCE, bodies_begun, under_way};
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::{get, rest, stored};
use crate::support::wait_until;
use rlimit::Resource;
use serde_json::json;

const CANNOT: &str = "connections cannot be accepted";
const AGAIN: &str = "connections are accepted again";

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_than_descriptors_leave_spool_and_store_theirs() {
    const BATCHES: usize = 60;
    let settings = Service::builder().max_open_files(64);
    // Eight segments, so that there is a new one every few batches.
    let service = settings.env("SPOOL_MAX_BYTES", "4MiB").start().await;
    let log = service.log_text();
    assert!(log.contains("allows fewer connections"), "{log}");
    let mut idle = Vec::new();
    for number in 0..200 {
        let mut client = RawClient::connect(service.address()).await;
        if number % 2 == 0 {
            client.send("G").await.unwrap();
        }
        idle.push(client);
    }
    let padding = "x".repeat(50_000);
    for number in 0..BATCHES {
        let message = format!("{number} {padding}");
        let batch = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": message}]);
        let reply = service.batch(&batch).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    assert_eq!(stored(&service).await.len(), BATCHES);
    let health = service.health().await;
    assert_eq!(health["status"], "ok", "{health}");
    let log = service.log_text();
    assert_eq!(log.matches(CANNOT).count(), 0, "{log}");
}

/// What others of the same user or machine take is nobody's plan: here the limit sinks under the
/// running service.
#[tokio::test(flavor = "multi_thread")]
async fn a_want_of_descriptors_is_told_once_and_its_end_once_and_stops_nothing() {
    let service = Service::builder().start().await;
    let mut working = under_way(&service).await;
    bodies_begun(&service, 1).await;
    let limit = |count: u64| {
        let process = i32::try_from(service.pid()).unwrap();
        rlimit::prlimit(process, Resource::NOFILE, Some((count, count)), None).unwrap();
    };
    // Nobody is connected but the one that is at work.
    let mut asking = RawClient::connect(service.address()).await;
    asking.send(get("/health")).await.unwrap();
    assert_eq!(asking.read_response(PATIENCE).await.status, 200);
    let folder = format!("/proc/{}/fd", service.pid());
    let open = std::fs::read_dir(folder).unwrap().count();
    let mut holders = vec![under_way(&service).await, under_way(&service).await];
    bodies_begun(&service, 3).await;
    limit(open as u64);
    let mut waiting = RawClient::connect(service.address()).await;
    waiting.send(get("/health")).await.unwrap();
    wait_until("the want to be told", PATIENCE, async || {
        service.log_text().contains(CANNOT)
    })
    .await;
    working.send("]").await.unwrap();
    assert_eq!(working.read_response(PATIENCE).await.status, 200);
    // Several times as long as between two attempts.
    rest(Duration::from_secs(1)).await;
    for holder in &mut holders {
        holder.send("]").await.unwrap();
        assert_eq!(holder.read_response(PATIENCE).await.status, 200);
    }
    drop((holders, asking));
    assert_eq!(waiting.read_response(PATIENCE).await.status, 200);
    wait_until("its end to be told", PATIENCE, async || {
        service.log_text().contains(AGAIN)
    })
    .await;
    let log = service.log_text();
    let told = (log.matches(CANNOT).count(), log.matches(AGAIN).count());
    assert_eq!(told, (1, 1), "{log}");
}
