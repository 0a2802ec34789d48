//! OpenTelemetry's logs over HTTP: `POST /v1/logs`, in protobuf and in JSON, with the answers that its
//! senders understand.

mod messages;

use crate::support::compressed::{ENCODERS, gzip};
use crate::support::http::Reply;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{found_when_stored, post_head};
use crate::support::wait_until;
use messages::{JSON, field, json_request, log_record, refusal, request};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const PROTOBUF: &str = "application/x-protobuf";
const MIB: usize = 1024 * 1024;
/// 2024-06-04T01:00:00.123456789Z.
const TIME: u64 = 1_717_462_800_123_456_789;

async fn post(service: &Service, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    service.post("/v1/logs", content_type, body).await
}

/// Sends a request that is taken, all of it.
async fn send(service: &Service, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let reply = post(service, content_type, body).await;
    assert_taken(&reply, content_type);
    reply
}

fn assert_taken(reply: &Reply, content_type: &str) {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some(content_type));
    let body: &[u8] = if content_type == JSON { b"{}" } else { b"" };
    assert_eq!(reply.body, body);
}

on_each_store!(
    a_record_is_found_by_its_trace_and_its_resource_in_either_form_and_however_packed,
    async |service| {
        let body = request(&[log_record(Some(TIME), "plain")]);
        send(&service, PROTOBUF, body).await;
        for (time, (encoding, encode)) in (TIME + 1..).zip(ENCODERS) {
            let body = request(&[log_record(Some(time), encoding)]);
            let headers = [("content-type", PROTOBUF), ("content-encoding", encoding)];
            let reply = service.post_with("/v1/logs", &headers, encode(&body)).await;
            assert_taken(&reply, PROTOBUF);
        }
        let id = "AB".repeat(16);
        let record = json!({
            "timeUnixNano": (TIME + 9).to_string(),
            "traceId": id,
            "severityNumber": 17,
            "body": {"stringValue": "json"},
        });
        let reply = post(
            &service,
            "application/json; charset=utf-8",
            json_request(&record),
        )
        .await;
        assert_taken(&reply, JSON);

        let all = found_when_stored(&service, &format!("attr.trace_id={}", "ab".repeat(16))).await;
        let messages: Vec<_> = all.iter().map(|record| &record["message"]).collect();
        assert_eq!(messages, ["plain", "gzip", "deflate", "zstd", "json"]);
        assert_eq!(all[0]["timestamp"], "2024-06-04T01:00:00.123456789Z");
        assert_eq!(all[4]["level"], "ERROR");
        let of_cart = found_when_stored(&service, "attr.resource.service.name=cart").await;
        assert_eq!(of_cart, all[..4]);
    }
);

on_each_store!(
    a_request_that_comes_again_is_a_no_op_also_after_a_kill,
    async |service| {
        let observed = json!({"observedTimeUnixNano": TIME, "body": {"stringValue": "b"}});
        let bodies = [
            (PROTOBUF, request(&[log_record(Some(TIME), "a")])),
            (JSON, json_request(&observed).into_bytes()),
        ];
        for kill in [false, false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            for (content_type, body) in &bodies {
                send(&service, content_type, body.clone()).await;
            }
            assert_eq!(found_when_stored(&service, "").await.len(), 2);
        }
    }
);

on_each_store!(
    honest_requests_that_look_alike_are_stored_each,
    async |service| {
        let whole = TIME - TIME % 1_000_000;
        let alike = log_record(Some(whole), "x");
        for (expected, records) in [
            // A heartbeat without a time; one record of a whole millisecond; the same line three times in it.
            (2, vec![log_record(None, "alive")]),
            (2, vec![alike.clone()]),
            (6, vec![alike.clone(), alike.clone(), alike]),
        ] {
            let before = found_when_stored(&service, "").await.len();
            for _ in 0..2 {
                send(&service, PROTOBUF, request(&records)).await;
            }
            assert_eq!(
                found_when_stored(&service, "").await.len() - before,
                expected
            );
        }
        // From two senders, as a proxy names them.
        let settings = Service::builder().env("TRUSTED_PROXIES", "127.0.0.0/8");
        let service = settings.start().await;
        for sender in ["198.51.100.1", "198.51.100.2", "198.51.100.1"] {
            let headers = [("content-type", PROTOBUF), ("x-forwarded-for", sender)];
            let body = request(&[log_record(Some(TIME), "x")]);
            let reply = service.post_with("/v1/logs", &headers, body).await;
            assert_taken(&reply, PROTOBUF);
        }
        assert_eq!(found_when_stored(&service, "").await.len(), 2);
    }
);

on_each_store!(
    odd_records_are_stored_and_an_empty_request_is_taken,
    async |service| {
        send(&service, PROTOBUF, "").await;
        send(&service, JSON, "{}").await;
        let odd = [
            json!("a text"),
            json!({"timeUnixNano": "yesterday", "severityNumber": "HIGH"}),
            json!({"body": {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": "7"}}]}}}),
            json!({"attributes": {"plain": true}}),
        ];
        for record in &odd {
            send(&service, JSON, json_request(record)).await;
        }
        send(&service, PROTOBUF, request(&[field(5, &field(1, b"\xff"))])).await;
        let all = found_when_stored(&service, "").await;
        let messages: Vec<_> = all.iter().map(|record| &record["message"]).collect();
        assert_eq!(messages, ["a text", "", r#"{"k":7}"#, "", "\u{fffd}"]);
        assert_eq!(found_when_stored(&service, "attr.body.k=7").await.len(), 1);
        assert_eq!(
            found_when_stored(&service, "attr.plain=true").await.len(),
            1
        );
        assert_eq!(
            found_when_stored(&service, "attr.time_unix_nano=yesterday")
                .await
                .len(),
            1
        );
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_request_is_told_in_its_own_type() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "1MiB");
    let service = settings.env("MAX_DECODED_BYTES", "2MiB").start().await;
    let large = json_request(&json!({"body": {"stringValue": "x".repeat(3 * MIB)}}));
    for (content_type, wrong) in [
        (PROTOBUF, &b"\x0a\x05{}"[..]),
        ("application/protobuf", b"{}"),
        (JSON, b"{\"resourceLogs\":["),
        (JSON, b"[]"),
    ] {
        let refused = post(&service, content_type, wrong).await;
        assert_eq!(
            (refused.status, refusal(&refused, content_type).0),
            (400, 3)
        );
        let refused = post(&service, content_type, large.as_str()).await;
        assert_eq!(
            (refused.status, refusal(&refused, content_type).0),
            (413, 3)
        );
        let gzipped = [("content-type", content_type), ("content-encoding", "gzip")];
        let refused = service
            .post_with("/v1/logs", &gzipped, gzip(large.as_bytes()))
            .await;
        assert_eq!(
            (refused.status, refusal(&refused, content_type).0),
            (413, 3)
        );
        let refused = service.post_with("/v1/logs", &gzipped, "no gzip").await;
        assert_eq!(
            (refused.status, refusal(&refused, content_type).0),
            (400, 3)
        );
        let brotli = [("content-type", content_type), ("content-encoding", "br")];
        let refused = service.post_with("/v1/logs", &brotli, "x").await;
        let (code, message) = refusal(&refused, content_type);
        assert_eq!((refused.status, code), (415, 3));
        assert!(message.contains("gzip"), "{message}");
    }
    for content_type in ["text/plain", "", "application/x-ndjson"] {
        let refused = post(&service, content_type, "x").await;
        let (code, message) = refusal(&refused, JSON);
        assert_eq!((refused.status, code), (415, 3), "{content_type}");
        assert!(message.contains(PROTOBUF), "{message}");
    }
    assert_eq!(service.get("/v1/logs").await.status, 405);
    assert_eq!(found_when_stored(&service, "").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_room_asks_to_come_again_and_takes_it_then() {
    const BODY: usize = 700 * 1024;
    let settings = Service::builder().env("MAX_BODY_BYTES", "1MiB");
    let settings = settings.env("MAX_DECODED_BYTES", "1MiB");
    let service = settings.env("MAX_INFLIGHT_BYTES", "4MiB").start().await;
    let reserved = async || service.health().await["memory"]["reservedBytes"].as_u64();
    let mut holders = Vec::new();
    for _ in 0..5 {
        let mut holder = RawClient::connect(service.address()).await;
        let begun = format!("{}{}", post_head(BODY), "x".repeat(BODY - 1));
        holder.send(begun).await.unwrap();
        holders.push(holder);
    }
    let held = 5 * (BODY as u64 - 1);
    wait_until("the bodies to be read", PATIENCE, async || {
        reserved().await >= Some(held)
    })
    .await;
    let text = "x".repeat(BODY);
    let record = json!({"timeUnixNano": TIME, "body": {"stringValue": text}});
    let bodies = [
        (PROTOBUF, request(&[log_record(Some(TIME), &text)])),
        (JSON, json_request(&record).into_bytes()),
    ];
    for (content_type, body) in &bodies {
        let refused = post(&service, content_type, body.clone()).await;
        assert_eq!(
            (refused.status, refusal(&refused, content_type).0),
            (503, 14)
        );
        let wait = refused.header("retry-after").unwrap();
        assert!(wait.parse::<u64>().unwrap() >= 1, "{wait}");
    }
    drop(holders);
    wait_until("the room to be free", PATIENCE, async || {
        reserved().await == Some(0)
    })
    .await;
    for (content_type, body) in bodies {
        send(&service, content_type, body).await;
    }
    assert_eq!(found_when_stored(&service, "").await.len(), 2);
}

on_each_store!(
    a_record_that_no_store_can_hold_is_set_aside_and_told_as_partial_success,
    async |service| {
        let (large, small) = ("x".repeat(9 * MIB), "small");
        let records = |time| {
            [
                log_record(Some(time), &large),
                log_record(Some(time), small),
            ]
        };
        let reply = post(&service, PROTOBUF, request(&records(TIME))).await;
        assert_eq!(reply.status, 200);
        let [0x0a, _, 0x08, 1, 0x12, _, message @ ..] = reply.body.as_slice() else {
            panic!("no partial success: {:?}", reply.body);
        };
        let message = std::str::from_utf8(message).unwrap();
        assert!(message.contains("8 MiB"), "{message}");

        let record = json!({"timeUnixNano": TIME + 1, "body": {"stringValue": large}});
        let reply = post(&service, JSON, json_request(&record)).await;
        let told = &reply.json()["partialSuccess"];
        assert_eq!(
            (reply.status, &told["rejectedLogRecords"]),
            (200, &json!("1"))
        );
        assert_eq!(told["errorMessage"], message);

        // Whatever its body is.
        let list = field(5, &field(5, &field(1, &field(1, large.as_bytes()))));
        let record = [log_record(Some(TIME + 2), small), list].concat();
        let reply = post(&service, PROTOBUF, request(&[record])).await;
        assert_eq!((reply.status, &reply.body[2..4]), (200, &[0x08, 1][..]));
        let values = json!({"values": [{"stringValue": large}]});
        let record = json!({"timeUnixNano": TIME + 3, "body": {"arrayValue": values}});
        let reply = post(&service, JSON, json_request(&record)).await;
        assert_eq!(reply.json()["partialSuccess"]["rejectedLogRecords"], "1");
        assert_eq!(found_when_stored(&service, "").await.len(), 1);
        let health = service.health().await;
        assert_eq!(health["rejected"]["records"], 4, "{health}");
        assert_eq!(health["records"]["rejected"]["invalid"], 0, "{health}");
    }
);
