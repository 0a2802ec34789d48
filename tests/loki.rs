//! Loki's push: what its senders send is stored once, and what they are answered is what they understand.

mod answers;
mod push;

use crate::support::compressed::{gzip, zlib, zstd};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{found_when_stored, is_balanced};
use push::{entry, snappy, stream};
use serde_json::{Value, json};

const PUSH: &str = "/loki/api/v1/push";
const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
/// 2024-10-08T00:00:00.123456789Z.
const TIME: i64 = 1_728_345_600_123_456_789;

async fn send(service: &Service, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
    service.post_with(PUSH, headers, body).await
}

async fn taken(service: &Service, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
    let reply = send(service, headers, body).await;
    assert_eq!((reply.status, reply.text().as_str()), (204, ""));
    assert_eq!(reply.header("x-rejected-count"), None);
}

/// A push of one line.
fn line(time: i64, text: &str) -> String {
    json!({"streams": [{"stream": {"app": "web"}, "values": [[time.to_string(), text]]}]})
        .to_string()
}

async fn count(service: &Service) -> usize {
    found_when_stored(service, "").await.len()
}

/// What is stored, without ids.
async fn records(service: &Service) -> Vec<Value> {
    let mut records = found_when_stored(service, "").await;
    for record in &mut records {
        record.as_object_mut().unwrap().remove("id");
    }
    records
}

fn expected() -> Vec<Value> {
    vec![
        json!({
            "timestamp": "2024-10-08T00:00:00.123456788Z", "level": "warn", "message": "earlier",
            "attributes": {"app": "web", "tenant": "a", "trace_id": "7"},
        }),
        json!({
            "timestamp": "2024-10-08T00:00:00.123456789Z", "level": "error", "message": "x level=error",
            "attributes": {"app": "web", "tenant": "a"},
        }),
    ]
}

fn as_json() -> Vec<u8> {
    let values = json!([
        [TIME.to_string(), "x level=error"],
        [(TIME - 1).to_string(), "earlier", {"trace_id": "7", "level": "warn"}],
    ]);
    json!({"streams": [{"stream": {"app": "web"}, "values": values}]})
        .to_string()
        .into_bytes()
}

fn as_protobuf() -> Vec<u8> {
    let entries = [
        entry(TIME, "x level=error", &[]),
        entry(TIME - 1, "earlier", &[("trace_id", "7"), ("level", "warn")]),
    ];
    stream("{app=\"web\"}", &entries)
}

on_each_store!(
    a_push_is_stored_once_however_it_comes_and_how_often,
    async |service| {
        let tenant = ("x-scope-orgid", "a");
        let (plain, packed) = (as_json(), snappy(&as_protobuf()));
        let charset = ("content-type", "application/json; charset=utf-8");
        let encoded = |name| ("content-encoding", name);
        // The content of a push is its key: compressed in another way it is the same.
        for (headers, body) in [
            (vec![JSON], plain.clone()),
            (vec![charset, encoded("gzip")], gzip(&plain)),
            (vec![JSON, encoded("deflate")], zlib(&plain)),
            (vec![JSON, encoded("zstd")], zstd(&plain)),
            (vec![], plain.clone()),
        ] {
            taken(&service, &[&headers[..], &[tenant]].concat(), body).await;
            assert_eq!(records(&service).await, expected());
        }
        service.kill();
        service.restart().await;
        taken(&service, &[JSON, tenant], plain).await;
        assert_eq!(count(&service).await, 2);
        for (times, headers) in [
            (4, vec![PROTOBUF]),
            (4, vec![PROTOBUF, encoded("snappy")]),
            (4, vec![]),
        ] {
            taken(
                &service,
                &[&headers[..], &[tenant]].concat(),
                packed.clone(),
            )
            .await;
            let mut all = records(&service).await;
            assert_eq!(all.len(), times);
            all.dedup();
            assert_eq!(all, expected());
        }
        service.kill();
        service.restart().await;
        for (headers, body) in [
            (vec![PROTOBUF, encoded("gzip")], gzip(&as_protobuf())),
            // As Loki itself takes it.
            (vec![PROTOBUF, encoded("gzip")], gzip(&packed)),
            (vec![PROTOBUF, encoded("deflate")], zlib(&packed)),
            (vec![encoded("gzip")], gzip(&packed)),
        ] {
            taken(&service, &[&headers[..], &[tenant]].concat(), body).await;
            assert_eq!(count(&service).await, 4);
        }
        is_balanced(&service.health().await);
    }
);

on_each_store!(pushes_that_only_look_alike_stay_two, async |service| {
    let mut expected = 0;
    for tenant in ["a", "b", ""] {
        for _ in 0..2 {
            taken(
                &service,
                &[JSON, ("x-scope-orgid", tenant)],
                line(TIME, "x"),
            )
            .await;
        }
        expected += 1;
        assert_eq!(count(&service).await, expected, "{tenant}");
    }
    // A header that is empty says as much as none.
    taken(&service, &[JSON], line(TIME, "x")).await;
    assert_eq!(count(&service).await, expected);
    // A whole millisecond, and one line three times in it, say nothing of a repetition.
    let whole = TIME / 1_000_000 * 1_000_000;
    let three = json!({"streams": [{"values": vec![json!([whole.to_string(), "x"]); 3]}]});
    for (body, lines) in [(line(whole, "y"), 1), (three.to_string(), 3)] {
        for _ in 0..2 {
            taken(&service, &[JSON], body.clone()).await;
            expected += lines;
            assert_eq!(count(&service).await, expected, "{body}");
        }
    }
});

on_each_store!(an_odd_push_is_stored_with_what_is_there, async |service| {
    let odd = json!({"streams": [
        {"labels": "job", "entries": [{"ts": "2024-10-08T00:00:00Z", "line": "of old"}]},
        {"stream": {"level": 30, "n": {"a": [1]}}, "values": [["yesterday", {"m": 1}, "more"], "bare"]},
        {"message": "no stream", "level": "debug"},
    ]});
    taken(&service, &[JSON], odd.to_string()).await;
    let stored = found_when_stored(&service, "").await;
    let of = |message: &str| {
        let mut named = stored.iter().filter(|record| record["message"] == message);
        let record = named.next().expect(message);
        (record["level"].clone(), record["attributes"].clone())
    };
    assert_eq!(stored.len(), 4);
    assert_eq!(of("of old"), (Value::Null, json!({"labels": "job"})));
    let shared = json!({"level": 30, "n": {"a": [1]}});
    assert_eq!(of("bare"), (json!("INFO"), shared));
    let kept = json!({"level": 30, "n": {"a": [1]}, "timestamp": "yesterday", "_more": ["more"]});
    assert_eq!(of(r#"{"m":1}"#), (json!("INFO"), kept));
    assert_eq!(of("no stream"), (json!("debug"), Value::Null));
});
