//! Connections: how many there may be, who goes when there are too many, and what one of them may be
//! and do before its request.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

mod descriptors;
mod half_closed;
mod heads;

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::{get, post_head, rest};
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(30);
/// Far longer than an answer takes, far shorter than an idle connection is left alone.
const AT_ONCE: Duration = Duration::from_secs(2);

/// A connection that has had an answer and asks for nothing now.
async fn between_requests(service: &Service) -> RawClient {
    let mut client = RawClient::connect(service.address()).await;
    client.send(get("/health")).await.unwrap();
    assert_eq!(client.read_response(PATIENCE).await.status, 200);
    client
}

/// A connection whose request is under way; the rest of it is one byte.
async fn under_way(service: &Service) -> RawClient {
    let mut client = RawClient::connect(service.address()).await;
    client.send(format!("{}[", post_head(2))).await.unwrap();
    client
}

async fn bodies_begun(service: &Service, count: u64) {
    wait_until("the bodies to be begun", PATIENCE, async || {
        let health = service.health().await;
        health["memory"]["reservedBytes"].as_u64() >= Some(count * 1024)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_keep_out_no_new_one() {
    let service = Service::builder()
        .env("MAX_CONNECTIONS", "50")
        .start()
        .await;
    let mut working = under_way(&service).await;
    bodies_begun(&service, 1).await;
    let mut idle = Vec::new();
    for number in 0..80 {
        idle.push(match number % 3 {
            0 => between_requests(&service).await,
            1 => RawClient::connect(service.address()).await,
            _ => {
                let mut client = RawClient::connect(service.address()).await;
                client.send("GET /heal").await.unwrap();
                client
            }
        });
    }
    for _ in 0..5 {
        let started = Instant::now();
        let new = between_requests(&service).await;
        assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
        idle.push(new);
    }
    // The oldest of all, and never one to go: its request is under way.
    working.send("]").await.unwrap();
    assert_eq!(working.read_response(PATIENCE).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_new_connections_at_once_all_get_the_places_of_idle_ones() {
    const PLACES: usize = 100;
    let service = Service::builder()
        .env("MAX_CONNECTIONS", PLACES.to_string())
        .start()
        .await;
    let mut idle = Vec::new();
    for _ in 0..PLACES {
        idle.push(between_requests(&service).await);
    }
    let started = Instant::now();
    let new = join_all((0..PLACES).map(|_| between_requests(&service))).await;
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
    println!("{} new ones within {:?}", new.len(), started.elapsed());
    for mut client in idle {
        assert!(client.closed_within(PATIENCE).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_without_any_request_goes_first_and_then_the_one_that_has_been_idle_longest() {
    let service = Service::builder().env("MAX_CONNECTIONS", "3").start().await;
    let mut first = between_requests(&service).await;
    let mut second = between_requests(&service).await;
    let mut silent = RawClient::connect(service.address()).await;
    // The first was made earlier, and has asked for something since.
    first.send(get("/health")).await.unwrap();
    assert_eq!(first.read_response(PATIENCE).await.status, 200);
    // One that was made a moment ago is left alone, and so is one that was answered a moment ago: on a busy machine
    // the second would go in place of them.
    rest(Duration::from_millis(600)).await;
    let mut third = between_requests(&service).await;
    assert!(silent.closed_within(PATIENCE).await);
    let mut fourth = between_requests(&service).await;
    assert!(second.closed_within(PATIENCE).await);
    for stays in [&mut first, &mut third, &mut fourth] {
        stays.send(get("/health")).await.unwrap();
        assert_eq!(stays.read_response(PATIENCE).await.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_connection_has_a_request_under_way_a_new_one_waits_and_is_not_reset() {
    let service = Service::builder().env("MAX_CONNECTIONS", "3").start().await;
    let mut first = under_way(&service).await;
    let mut second = under_way(&service).await;
    bodies_begun(&service, 2).await;
    // The connection that was asked with is idle and goes.
    let mut third = under_way(&service).await;
    let mut waiting = RawClient::connect(service.address()).await;
    waiting.send(get("/health")).await.unwrap();
    assert!(!waiting.answered_within(Duration::from_secs(1)).await);
    for client in [&mut first, &mut second, &mut third] {
        rest(Duration::from_millis(10)).await;
        client.send("]").await.unwrap();
        assert_eq!(client.read_response(PATIENCE).await.status, 200);
    }
    assert_eq!(waiting.read_response(PATIENCE).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_take_nothing_of_their_answers_do_not_keep_others_out_for_long() {
    const PLACES: usize = 20;
    let service = Service::builder()
        .env("MAX_CONNECTIONS", PLACES.to_string())
        .start()
        .await;
    let many = get("/").repeat(4_000);
    let mut stalled = Vec::new();
    for _ in 0..PLACES {
        let mut client = RawClient::connect_slow(service.address(), 4_096).await;
        let many = many.clone();
        stalled.push(tokio::spawn(async move {
            // It is held up when no more is read of it, since nothing is taken of the answers.
            drop(client.send(many).await);
            client
        }));
    }
    rest(Duration::from_secs(1)).await;
    let mut new = RawClient::connect(service.address()).await;
    new.send(get("/health")).await.unwrap();
    assert!(!new.answered_within(Duration::from_secs(1)).await);
    assert_eq!(new.read_response(PATIENCE).await.status, 200);
    for client in stalled {
        client.abort();
    }
}
