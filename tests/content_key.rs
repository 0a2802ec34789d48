//! `?key=content`: a request that comes again is a no-op without a key of the sender's own, and honest
//! requests that look alike stay two.

use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::found;
use serde_json::{Value, json};

async fn send(service: &Service, headers: &[(&str, &str)], logs: &Value) -> Reply {
    let json = [("content-type", "application/json")];
    let headers = [&json, headers].concat();
    let path = "/logs/batch?key=content";
    let reply = service.post_with(path, &headers, logs.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

async fn stored(service: &Service) -> usize {
    found(service, "").await.len()
}

fn of_two_times() -> Value {
    json!([
        {"time": "2024-06-04T01:00:00Z", "message": "a"},
        {"time": "2024-06-04T01:00:01Z", "message": "b"},
    ])
}

on_each_store!(
    a_request_that_comes_again_is_a_no_op_also_after_a_kill,
    async |service| {
        let first = send(&service, &[], &of_two_times()).await;
        assert_eq!(first.header("idempotent-replayed"), None);
        for kill in [false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            let again = send(&service, &[], &of_two_times()).await;
            assert_eq!(again.header("idempotent-replayed"), Some("true"));
            assert_eq!(again.json()["batchId"], first.json()["batchId"]);
            assert_eq!(stored(&service).await, 2);
        }
        let fine = json!({"time": "2024-06-04T01:00:00.123456Z", "message": "c"});
        for _ in 0..2 {
            send(&service, &[], &fine).await;
        }
        assert_eq!(stored(&service).await, 3);
    }
);

on_each_store!(
    honest_requests_that_look_alike_are_stored_each,
    async |service| {
        let whole = "2024-06-04T01:00:00.123Z";
        let alike = json!({"time": whole, "message": "x"});
        for (expected, logs) in [
            // A heartbeat without a time.
            (2, json!({"message": "alive"})),
            // One line that is logged three times in a millisecond.
            (6, json!([alike, alike, alike])),
            (2, alike.clone()),
            (
                4,
                json!([{"time": whole, "message": "x"}, {"message": "y"}]),
            ),
        ] {
            let before = stored(&service).await;
            for _ in 0..2 {
                let reply = send(&service, &[], &logs).await;
                assert_eq!(reply.header("idempotent-replayed"), None, "{logs}");
            }
            assert_eq!(stored(&service).await - before, expected, "{logs}");
        }
    }
);

on_each_store!(
    a_clients_own_key_counts_more_than_the_content,
    async |service| {
        for (key, stored_then) in [("a", 2), ("b", 4), ("a", 4), ("b", 4)] {
            send(&service, &[("idempotency-key", key)], &of_two_times()).await;
            assert_eq!(stored(&service).await, stored_then, "{key}");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn senders_behind_a_proxy_are_told_apart_when_it_is_trusted() {
    for (proxies, expected) in [("127.0.0.0/8", 4), ("10.0.0.0/8", 2)] {
        let settings = Service::builder().env("TRUSTED_PROXIES", proxies);
        let service = settings.start().await;
        for sender in ["198.51.100.1", "198.51.100.2", "198.51.100.1"] {
            send(&service, &[("x-forwarded-for", sender)], &of_two_times()).await;
        }
        assert_eq!(stored(&service).await, expected, "{proxies}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_another_kind_in_the_address_is_refused_by_name() {
    let service = Service::builder().start().await;
    let path = "/logs/batch?key=mine";
    let reply = service.post(path, "application/json", "[]").await;
    assert_eq!(reply.status, 400);
    assert_eq!(reply.json()["code"], "invalid_parameter");
    assert!(reply.text().contains("Idempotency-Key"), "{}", reply.text());
}
