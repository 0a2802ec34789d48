//! In blocks, where the ledger knows when a batch was first taken.

use super::{TIME, messages, record, send};
use crate::support::service::Service;
use crate::support::stores::Backend;

/// Sends so many requests of two records each, all with one time, under keys of the client's own or without; what
/// they say, in the order in which they were sent.
async fn sent(service: &Service, keys: Option<&str>, count: usize) -> Vec<String> {
    let mut sent = Vec::new();
    for step in 0..count {
        let texts = [format!("step {step}"), format!("step {step}, too")];
        let records = texts.clone().map(|text| record(TIME, &text));
        let key = keys.map(|keys| format!("{keys}-{step}"));
        send(service, key.as_deref(), &records).await;
        sent.extend(texts);
    }
    sent
}

/// They are read so, from either end, in whole or by pages, also by the next process.
async fn read_as(service: &Service, sent: &[String]) {
    let reversed: Vec<String> = sent.iter().rev().cloned().collect();
    for _ in 0..2 {
        assert_eq!(messages(service, "/logs/retrieve").await, sent);
        let newest = messages(service, "/logs/retrieve?order=desc").await;
        assert_eq!(newest, reversed);
        let page = messages(service, "/logs/retrieve?order=desc&limit=5").await;
        assert_eq!(page, reversed[..5]);
        service.restart().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_with_one_time_are_read_in_the_order_in_which_they_were_sent() {
    let service = Backend::Blocks.start("blocks_in_order").await;
    let sent = sent(&service, None, 12).await;
    read_as(&service, &sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn so_are_those_under_clients_keys_and_a_retry_moves_none() {
    let service = Backend::Blocks.start("blocks_in_order_of_keys").await;
    let first = sent(&service, Some("key"), 12).await;
    // Another process, which does not know the keys.
    service.restart().await;
    assert_eq!(sent(&service, Some("key"), 12).await, first);
    read_as(&service, &first).await;
}
