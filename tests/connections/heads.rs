//! Heads of requests: bounded, and refused in the form that all errors have.

use super::PATIENCE;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use serde_json::Value;

const KIB: usize = 1024;

/// A head of about so many bytes that has no end yet.
fn begun(bytes: usize) -> String {
    let header = format!("X-Padding: {}\r\n", "x".repeat(4 * KIB));
    let count = bytes / header.len();
    format!(
        "GET /health HTTP/1.1\r\nHost: localhost\r\n{}",
        header.repeat(count)
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_may_have_60_kib_and_a_larger_one_is_refused_as_such() {
    let service = Service::builder().start().await;
    let mut large = RawClient::connect(service.address()).await;
    large.send(begun(60 * KIB) + "\r\n").await.unwrap();
    assert_eq!(large.read_response(PATIENCE).await.status, 200);
    // On a connection that was used before, too.
    let mut new = RawClient::connect(service.address()).await;
    for client in [&mut large, &mut new] {
        // Fails once the service has answered and closed.
        drop(client.send(begun(200 * KIB)).await);
        let refused = client.read_response(PATIENCE).await;
        assert_eq!(refused.status, 431, "{}", refused.text());
        assert!(refused.complete);
        assert_eq!(refused.header("content-type"), Some("application/json"));
        assert_eq!(refused.header("connection"), Some("close"));
        let told: Value = serde_json::from_str(&refused.text()).unwrap();
        assert_eq!(told["code"], "head_too_large", "{told}");
        assert!(client.closed_within(PATIENCE).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_in_the_form_of_every_error() {
    let service = Service::builder().start().await;
    let many = "X-Many: 1\r\n".repeat(101);
    for (sent, status, code) in [
        ("nonsense\r\n\r\n".to_owned(), 400, "malformed_request"),
        (
            format!("GET / HTTP/1.1\r\n{many}\r\n"),
            431,
            "head_too_large",
        ),
    ] {
        let mut client = RawClient::connect(service.address()).await;
        client.send(sent).await.unwrap();
        let refused = client.read_response(PATIENCE).await;
        assert_eq!(refused.status, status, "{}", refused.text());
        let told: Value = serde_json::from_str(&refused.text()).unwrap();
        assert_eq!(told["code"], code, "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_never_end_take_little_memory() {
    const CONNECTIONS: u64 = 200;
    /// What one may cost: its buffer and what the runtime keeps of it.
    const EACH_KIB: u64 = 128;
    let service = Service::builder().start().await;
    let before = service.peak_rss_kib();
    let mut clients = Vec::new();
    for number in 0..CONNECTIONS {
        let mut client = RawClient::connect(service.address()).await;
        let bytes = if number % 2 == 0 { 60 * KIB } else { 390 * KIB };
        // Fails for the larger ones, which are refused.
        drop(client.send(begun(bytes)).await);
        clients.push(client);
    }
    // A later head is read after theirs.
    assert_eq!(service.get("/health").await.status, 200);
    let grown = service.peak_rss_kib() - before;
    println!("{CONNECTIONS} heads: grown by {grown} KiB");
    assert!(grown < CONNECTIONS * EACH_KIB, "grown by {grown} KiB");
}
