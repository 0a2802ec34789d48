//! Uploads for which there is no room for a while: they wait, and are taken whole.

use super::{HEAD, PATIENCE, chunk, records};
use crate::support::mongod::Mongod;
use crate::support::raw::{RawClient, RawReply};
use crate::support::service::Service;
use crate::support::traffic::{is_balanced, post_head, rest, stored};
use crate::support::wait_until;
use std::time::Duration;
use tokio::task::JoinHandle;

/// Sends records as one request, as fast as the service reads; its answer.
fn begin(service: &Service, count: u64) -> JoinHandle<RawReply> {
    let address = service.address();
    tokio::spawn(async move {
        let mut sender = RawClient::connect(address).await;
        sender.send(HEAD).await.unwrap();
        for first in (0..count).step_by(500) {
            let piece = records(first..(first + 500).min(count));
            // The service may have answered.
            if sender.send(chunk(&piece)).await.is_err() {
                break;
            }
        }
        drop(sender.send("0\r\n\r\n").await);
        sender.read_response(2 * PATIENCE).await
    })
}

async fn held(service: &Service) {
    wait_until("an upload to be held", PATIENCE, async || {
        service.log_text().contains("an upload is held")
    })
    .await;
}

/// Its sender has sent all that it has as one request, and would begin anew with all of it.
#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_larger_than_the_spool_waits_while_the_store_is_away() {
    const COUNT: u64 = 20_000;
    let mongod = Mongod::start().await;
    let start = async |database| {
        let settings = Service::builder().mongodb(&mongod.uri(), database);
        let settings = settings.env("BODY_TIMEOUT", "1s").env("RUST_LOG", "debug");
        settings.env("SPOOL_MAX_BYTES", "2MiB").start().await
    };
    let (service, stopped) = (start("logdb").await, start("other").await);
    mongod.freeze();
    let uploads = [begin(&service, COUNT), begin(&stopped, COUNT)];
    held(&service).await;
    held(&stopped).await;
    // Neither is given up for its time.
    rest(Duration::from_secs(3)).await;
    assert!(uploads.iter().all(|upload| !upload.is_finished()));
    assert!(service.health().await["spool"]["bytes"].as_u64() > Some(1024 * 1024));
    let [upload, ended] = uploads;
    // A stop ends it.
    stopped.terminate();
    let answer = ended.await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(stopped.wait_exit(PATIENCE).await.code().is_some());
    mongod.thaw();
    let answer = upload.await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    let stored = stored(&service).await;
    assert_eq!(stored.len() as u64, COUNT);
    assert!(stored.values().all(|times| *times == 1));
    is_balanced(&service.health().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_waits_for_memory_that_others_hold() {
    const MIB: usize = 1024 * 1024;
    let settings = Service::builder().env("MAX_BODY_BYTES", "1MiB");
    let settings = settings.env("MAX_DECODED_BYTES", "1MiB");
    let settings = settings.env("MAX_INFLIGHT_BYTES", "4MiB");
    let service = settings.env("RUST_LOG", "debug").start().await;
    let mut others = Vec::new();
    for _ in 0..4 {
        let mut other = RawClient::connect(service.address()).await;
        let most = " ".repeat(MIB / 20 * 17);
        other.send(post_head(MIB) + &most).await.unwrap();
        others.push(other);
    }
    wait_until("memory to be held", PATIENCE, async || {
        let held = &service.health().await["memory"]["reservedBytes"];
        held.as_u64() > Some(3 * 1024 * 1024)
    })
    .await;
    let upload = begin(&service, 5_000);
    held(&service).await;
    assert!(!upload.is_finished());
    drop(others);
    let answer = upload.await.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(stored(&service).await.len(), 5_000);
    wait_until("memory to be given back", PATIENCE, async || {
        service.health().await["memory"]["reservedBytes"] == 0
    })
    .await;
}
