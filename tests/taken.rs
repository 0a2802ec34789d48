//! What a sender sends is taken: the whole table of what comes, sent and read back, and what is told of it.

use crate::support::compressed::{gzip, zlib};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic;
use serde_json::{Value, json};
use std::collections::HashSet;

/// A row a line: what is sent, the records (level, time or receipt, message, attributes), how much is told,
/// and under which types. The unit tests of the formats read the same.
const ROWS: &str = include_str!("taken/rows.ndjson");
/// The types of the rows, and a header for each.
const TYPES: [(&str, &str); 4] = [
    ("json", "application/json"),
    ("untyped", "application/x-www-form-urlencoded"),
    ("lines", "application/x-ndjson"),
    ("plain", "text/plain; charset=utf-8"),
];

async fn send(service: &Service, content_type: &str, body: impl Into<Vec<u8>>) -> Value {
    let path = "/logs/batch?ack=stored";
    let reply = service.post(path, content_type, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The body of a row, in which U+00FF stands for the byte.
fn body_of(row: &Value) -> Vec<u8> {
    let text = row["sent"].as_str().unwrap();
    let parts: Vec<_> = text.split('\u{ff}').map(str::as_bytes).collect();
    parts.join(&0xff)
}

/// Records that were not there before, as a row has them, but for the time where that of receipt is
/// expected.
async fn new_ones(service: &Service, seen: &mut HashSet<String>, row: &Value) -> Vec<Value> {
    let mut records = traffic::found(service, "").await;
    records.retain(|record| seen.insert(record["id"].as_str().unwrap().to_owned()));
    let expected = row["records"].as_array().unwrap();
    let parts = records.iter().enumerate().map(|(place, record)| {
        let is_receipt = expected.get(place).is_some_and(|parts| parts[1].is_null());
        let time = match is_receipt {
            true => Value::Null,
            false => record["timestamp"].clone(),
        };
        json!([
            record["level"],
            time,
            record["message"],
            record["attributes"]
        ])
    });
    parts.collect()
}

on_each_store!(
    every_row_of_the_table_comes_back_as_it_is_promised,
    async |service| {
        let mut seen = HashSet::new();
        for line in ROWS.lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            for (name, content_type) in TYPES {
                let types = row["types"].as_array();
                if types.is_some_and(|types| !types.contains(&json!(name))) {
                    continue;
                }
                let answer = send(&service, content_type, body_of(&row)).await;
                let records = row["records"].as_array().unwrap();
                assert_eq!(answer["accepted"], records.len(), "{line}: {answer}");
                let told = answer["warningCount"].as_u64().unwrap_or(0);
                let listed = answer["warnings"].as_array().map_or(0, Vec::len);
                assert_eq!(told, listed as u64, "{answer}");
                if name != "plain" {
                    assert_eq!(told, row["told"].as_u64().unwrap_or(0), "{line}: {answer}");
                }
                let found = new_ones(&service, &mut seen, &row).await;
                assert_eq!(&json!(found), &row["records"], "{line} as {name}");
            }
        }
    }
);

on_each_store!(integers_beyond_64_bits_keep_their_digits, async |service| {
    let body = r#"{"message":"a","n":1e400,"big":18446744073709551616}"#;
    send(&service, "application/json", body).await;
    let text = service.get("/logs/retrieve").await.text();
    assert!(
        text.contains(r#"{"n":"1e400","big":18446744073709551616}"#),
        "{text}"
    );
});

async fn warnings(service: &Service) -> Value {
    service.health().await["records"]["warnings"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unusual_is_told_by_its_record_and_counted_by_reason() {
    let service = Backend::Sqlite.start("told").await;
    let batch = r#"[{"message":"a"},{"timestamp":"yesterday","level":77,"message":"b"},{"message":"\ud800","n":1e400}]"#;
    let answer = send(&service, "application/json", batch).await;
    let expected = json!([
        {"index": 1, "reason": "timestamp \"yesterday\" is not a time: the time of receipt was taken"},
        {"index": 1, "reason": "level 77 is no level: it has none"},
        {"index": 2, "reason": "half of a surrogate pair was replaced with U+FFFD"},
        {"index": 2, "reason": "the number 1e400 is too large: its digits were kept as text"},
    ]);
    assert_eq!(answer["warnings"], expected, "{answer}");
    assert_eq!(answer["warningCount"], 4, "{answer}");
    assert_eq!(answer["accepted"], 3, "{answer}");
    let counted = json!({"time": 1, "level": 1, "notJson": 0, "characters": 1, "number": 1, "depth": 0, "members": 0});
    assert_eq!(warnings(&service).await, counted);

    let lines = "not json\n".repeat(150);
    let answer = send(&service, "application/x-ndjson", lines).await;
    assert_eq!(answer["accepted"], 150, "{answer}");
    assert_eq!(answer["warningCount"], 150, "{answer}");
    assert_eq!(answer["warnings"].as_array().unwrap().len(), 100);
    assert_eq!(warnings(&service).await["notJson"], 150);

    let usual = r#"{"level":30,"time":1704067200000,"pid":7,"hostname":"h","msg":"x"}"#;
    let answer = send(&service, "application/json", usual).await;
    assert_eq!(answer.get("warnings"), None, "{answer}");
    assert_eq!(answer.get("warningCount"), None, "{answer}");
}

async fn encoded(service: &Service, encoding: &str, body: Vec<u8>) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("content-encoding", encoding),
    ];
    service.post_with("/logs/batch", &headers, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_unpacked_as_senders_pack_them() {
    let service = Backend::Sqlite.start("packed").await;
    let (first, second) = (r#"[{"message":"a"},"#, r#"{"message":"b"}]"#);
    let whole = format!("{first}{second}").into_bytes();
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let mut bare = zlib(&whole);
    bare.truncate(bare.len() - 4);
    bare.drain(..2);
    for (encoding, body) in [
        ("gzip", members.clone()),
        ("x-gzip", members.clone()),
        ("deflate", zlib(&whole)),
        ("deflate", bare),
        ("identity", whole.clone()),
        // pygelf names both over one of them.
        ("gzip,deflate", zlib(&whole)),
        ("gzip, deflate", members),
        ("gzip, deflate", zlib(&gzip(&whole))),
    ] {
        let reply = encoded(&service, encoding, body).await;
        assert_eq!(reply.status, 200, "{encoding}: {}", reply.text());
        assert_eq!(reply.json()["accepted"], 2, "{encoding}");
    }
    for encoding in ["br", "gzip, zstd", "deflate, gzip", "gzip, gzip"] {
        let reply = encoded(&service, encoding, whole.clone()).await;
        assert_eq!(reply.status, 415, "{encoding}: {}", reply.text());
    }
    let garbage = encoded(&service, "gzip,deflate", whole).await;
    assert_eq!(garbage.status, 400, "{}", garbage.text());
}

/// Three bytes take the place of each that is no text, and memory is held for them before.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_text_grows_within_its_bounds() {
    let settings = Backend::Sqlite.builder("no_text").await;
    let settings = settings.env("MAX_DECODED_BYTES", "1MiB");
    let service = settings.start().await;
    let body = |length: usize| [&b"\""[..], &vec![0xff; length], b"\""].concat();
    let few = send(&service, "application/json", body(300_000)).await;
    assert_eq!(few["warningCount"], 1, "{few}");
    let many = service.post("/logs/batch", "application/json", body(500_000));
    let many = many.await;
    assert_eq!(many.status, 413, "{}", many.text());
    assert_eq!(many.json()["code"], "decoded_body_too_large");
    // Short messages grow far more than records do.
    let short = send(
        &service,
        "application/json",
        format!("[{}1]", "1,".repeat(15_000)),
    )
    .await;
    assert_eq!(short["accepted"], 15_001, "{short}");
}
