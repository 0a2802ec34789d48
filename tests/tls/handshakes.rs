//! Clients that do not get on with their handshake, or have no idea of one: nobody else waits for them.

use super::*;
use crate::support::wait_until;
use std::time::Instant;

/// The first bytes of a handshake that says it is longer.
const BEGUN: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

async fn is_served_at_once(http: &reqwest::Client, service: &Service) {
    let begin = Instant::now();
    assert_eq!(get(http, service, "/health").await.status, 200);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn handshakes_that_stall_hold_up_nobody_and_end_with_the_time_of_a_head() {
    let authority = Authority::new();
    let builder = over_tls(&authority.server("server")).env("BODY_TIMEOUT", "2s");
    let service = builder.start().await;
    let mut stalled = Vec::new();
    for number in 0..100 {
        let mut client = RawClient::connect(service.address()).await;
        if number % 2 == 0 {
            client.send(BEGUN).await.unwrap();
        }
        stalled.push(client);
    }
    let http = authority.http();
    is_served_at_once(&http, &service).await;
    let open = get(&http, &service, "/health").await.json()["connections"].clone();
    assert!(open.as_u64() >= Some(100), "{open}");
    for mut client in stalled {
        assert!(client.closed_within(Duration::from_secs(4)).await);
    }
    wait_until("their places to be free", PATIENCE, async || {
        get(&http, &service, "/health").await.json()["connections"].as_u64() <= Some(2)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_bound_of_connections_a_handshake_that_stalls_gives_its_place() {
    let authority = Authority::new();
    let builder = over_tls(&authority.server("server")).env("MAX_CONNECTIONS", "10");
    let service = builder.start().await;
    let mut stalled = Vec::new();
    for _ in 0..30 {
        let mut client = RawClient::connect(service.address()).await;
        // The service may have closed it already.
        drop(client.send(BEGUN).await);
        stalled.push(client);
    }
    let reply = get(&authority.http(), &service, "/health").await;
    assert_eq!(reply.status, 200);
    assert!(reply.json()["connections"].as_u64() <= Some(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_speaks_something_else_is_told_so_and_the_log_is_not_filled_with_it() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    let before = service.log_text().lines().count();
    for _ in 0..200 {
        let mut client = RawClient::connect(service.address()).await;
        // A warning that has no meaning, and then something that is no TLS.
        client.send([21, 3, 1, 0, 2, 1, 110]).await.unwrap();
        client.send([0x80, 0x2e, 1, 0, 2, 0, 0]).await.unwrap();
        // An alert of TLS, and then the end.
        assert_eq!(client.read_some(1).await, [21]);
        client.close();
    }
    let log = service.log_text();
    let told = log.matches("TLS cannot be spoken with a client").count();
    assert_eq!(told, 1, "{log}");
    assert_eq!(log.lines().count(), before + 1, "{log}");
    is_served_at_once(&authority.http(), &service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_handshakes() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    let mut stalled = RawClient::connect(service.address()).await;
    stalled.send(BEGUN).await.unwrap();
    is_served_at_once(&authority.http(), &service).await;
    let begin = Instant::now();
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    assert!(begin.elapsed() < Duration::from_secs(8));
}
