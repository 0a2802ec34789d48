//! A process that may open no more files: what it refuses, what it says, and that it goes on by itself.

use std::fs;

use super::limits::{filling, limit, taken_again};
use super::{PATIENCE, SPOOLED, record};
use crate::support::raw::{RawClient, RawReply};
use crate::support::service::Service;
use crate::support::traffic::{get, post_head_to, stored};
use crate::support::wait_until;

/// A client of one connection: for another one there is no descriptor, and it would wait for that.
struct OneConnection(RawClient);

impl OneConnection {
    async fn get(&mut self, path: &str) -> RawReply {
        self.0.send(get(path)).await.unwrap();
        self.0.read_response(PATIENCE).await
    }

    async fn post(&mut self, body: &str) -> RawReply {
        let head = post_head_to(SPOOLED, body.len());
        self.0.send(head + body).await.unwrap();
        self.0.read_response(PATIENCE).await
    }
}

/// The lowest number that no open file of a process has: the next one that it opens gets it.
fn next_descriptor(service: &Service) -> usize {
    let folder = format!("/proc/{}/fd", service.pid());
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let open: Vec<usize> = names
        .map(|name| name.to_str().unwrap().parse().unwrap())
        .collect();
    (0..=open.len())
        .find(|number| !open.contains(number))
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_descriptor_for_its_next_segment_it_refuses_and_goes_on_by_itself() {
    let settings = Service::builder().env("SPOOL_MAX_BYTES", "1MiB");
    let service = settings.start().await;
    let mut client = OneConnection(RawClient::connect(service.address()).await);
    assert_eq!(client.post(&record("before").to_string()).await.status, 200);
    limit(
        &service,
        &format!("--nofile={}:", next_descriptor(&service)),
    );
    let mut taken = 0;
    let refused = loop {
        let reply = client.post(&filling(taken)).await;
        if reply.status != 200 {
            break reply;
        }
        taken += 1;
        assert!(taken < 10_000, "nothing was refused");
    };
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(
        refused.text().contains("\"spool_unavailable\""),
        "{}",
        refused.text()
    );
    assert!(
        refused.text().contains("Too many open files"),
        "{}",
        refused.text()
    );
    let wait = refused.header("retry-after").expect("it says when");
    assert!(wait.parse::<u64>().unwrap() >= 1, "{wait}");
    let health = client.get("/health").await;
    assert_eq!(health.status, 503, "{}", health.text());
    assert!(
        health.text().contains("Too many open files"),
        "{}",
        health.text()
    );
    let told: serde_json::Value = serde_json::from_slice(&health.body).unwrap();
    assert_eq!(told["spool"]["poisoned"], false);
    // Each protocol that has an address for that says the same.
    for path in ["/ready", "/services/collector/health"] {
        assert_eq!(client.get(path).await.status, 503, "{path}");
    }
    limit(&service, "--nofile=1024:");
    goes_on(&service).await;
    taken_again(&service).await;
    assert_eq!(stored(&service).await.len(), taken + 2);
}

/// It is well again, also when nobody sends anything, and each condition is told once.
async fn goes_on(service: &Service) {
    wait_until("it to be well", PATIENCE, async || {
        service.get("/health").await.status == 200
    })
    .await;
    let times = |words: &str| service.log_text().matches(words).count();
    // The log has a thread of its own.
    wait_until("the end to be told", PATIENCE, async || {
        times("has ended: the spool's next segment") > 0
    })
    .await;
    let said = service.log_text();
    assert_eq!(times("spool's next segment cannot be made; "), 1, "{said}");
    assert_eq!(times("has ended: the spool's next segment"), 1, "{said}");
}
