//! The files change while the service runs: it goes on with the new ones, or with those of before.

use super::*;
use crate::support::wait_until;
use rcgen::date_time_ymd;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_put_in_place_of_another_under_load_and_no_request_is_lost() {
    let authority = Arc::new(Authority::new());
    let pair = authority.server("server");
    let service = Arc::new(over_tls(&pair).start().await);
    let first = shown(&authority, &service).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut senders = JoinSet::new();
    for number in 0..4 {
        let (service, over) = (Arc::clone(&service), Arc::clone(&over));
        let (authority, kept) = (Arc::clone(&authority), authority.http());
        senders.spawn(async move {
            let mut sent = 0;
            while !over.load(Ordering::Relaxed) {
                // Half of them connect for each request.
                let http = if number % 2 == 0 {
                    kept.clone()
                } else {
                    authority.http()
                };
                let reply = post(&http, &service, &json!([{"message": "a"}])).await;
                assert_eq!(reply.status, 200, "{}", reply.text());
                sent += 1;
            }
            sent
        });
    }
    let mut seen = vec![first];
    for round in 0..2 {
        pair.become_another(&authority.server(&format!("other-{round}")));
        let last = seen.last().unwrap().clone();
        wait_until("another certificate to be shown", PATIENCE, async || {
            shown(&authority, &service).await != last
        })
        .await;
        seen.push(shown(&authority, &service).await);
    }
    over.store(true, Ordering::Relaxed);
    let sent: u64 = senders.join_all().await.into_iter().sum();
    assert!(sent > 0);
    assert_eq!(count(&authority.http(), &service).await, sent);
    let log = service.log_text();
    assert_eq!(
        log.matches("the certificate was read anew").count(),
        2,
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_that_does_not_fit_leaves_the_one_of_before_and_is_said_once() {
    let authority = Authority::new();
    let pair = authority.server("server");
    let service = over_tls(&pair).start().await;
    let http = authority.http();
    let first = shown(&authority, &service).await;
    let (good, other) = (pair.certificate_text(), authority.server("other"));
    pair.write(&other.certificate_text(), &pair.key_text());
    wait_until("/health to tell of it", PATIENCE, async || {
        let health = get(&http, &service, "/health").await.json();
        let problem = health["problem"].as_str().unwrap_or_default();
        health["status"] == "degraded" && problem.contains("do not belong together")
    })
    .await;
    // It is looked at again and again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(shown(&authority, &service).await == first);
    let said = "the files of TLS cannot be used";
    let log = service.log_text();
    assert_eq!(log.matches(said).count(), 1, "{log}");
    for secret in [pair.key_text(), other.key_text()] {
        assert!(!log.contains(secret.lines().nth(1).unwrap()));
    }
    pair.write(&good, &pair.key_text());
    wait_until("/health to be well again", PATIENCE, async || {
        get(&http, &service, "/health").await.json()["status"] == "ok"
    })
    .await;
    assert!(shown(&authority, &service).await == first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_ends_soon_is_told_of_in_the_log_once_and_in_health() {
    let authority = Authority::new();
    let soon = std::time::SystemTime::now() + Duration::from_secs(3 * 24 * 3600);
    let pair = authority.server_with("server", |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = soon.into();
    });
    let service = over_tls(&pair).start().await;
    let http = authority.http();
    let health = get(&http, &service, "/health").await.json();
    assert_eq!(health["status"], "degraded", "{health}");
    let problem = health["problem"].as_str().unwrap();
    assert!(problem.contains("within 14 days"), "{problem}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let log = service.log_text();
    assert_eq!(log.matches("within 14 days").count(), 1, "{log}");
    pair.become_another(&authority.server("other"));
    wait_until("/health to be well", PATIENCE, async || {
        get(&http, &service, "/health").await.json()["status"] == "ok"
    })
    .await;
}
