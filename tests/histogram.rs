//! `GET /logs/histogram`: what is counted is what a search finds, on both stores.

mod clocks;
mod little_time;

use std::collections::BTreeMap;

use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, found};
use logs::{Level, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

const SEED: u64 = 20_241_008;
/// Five minutes of these are spread over.
const RECORDS: usize = 2_000;
const START: i64 = 1_728_345_600_000_000_000;
const MINUTE: i64 = 60_000_000_000;

async fn histogram(service: &Service, query: &str) -> Value {
    let reply = service.get(&format!("/logs/histogram?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

on_each_store!(
    buckets_are_round_none_is_left_out_and_those_cut_by_the_range_say_so,
    async |service| {
        let records = json!([
            {"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": "a"},
            {"timestamp": "2024-10-08T00:59:59.999999999Z", "level": "warning", "message": "b"},
            {"timestamp": "2024-10-08T03:00:00Z", "level": "AUDIT", "message": "c"},
            {"timestamp": "2024-10-08T03:10:00Z", "message": "d"},
        ]);
        assert_eq!(service.batch(&records).await.status, 200);
        drained(&service).await;
        let hour = |hour: u32| format!("2024-10-08T{hour:02}:00:00Z");
        let bucket = |from: u32, count: u64| json!({"start": hour(from), "end": hour(from + 1), "count": count});
        assert_eq!(
            histogram(&service, "interval=1h").await,
            json!({
                "startTime": hour(0), "endTime": hour(4), "interval": "1h", "complete": true, "records": 4,
                "buckets": [bucket(0, 2), bucket(1, 0), bucket(2, 0), bucket(3, 2)],
            })
        );
        let cut = "startTime=2024-10-08T00:30:00Z&endTime=2024-10-08T03:05:00Z";
        assert_eq!(
            histogram(&service, &format!("{cut}&interval=60m&by=level")).await,
            json!({
                "startTime": "2024-10-08T00:30:00Z", "endTime": "2024-10-08T03:05:00Z", "interval": "1h",
                "complete": true, "records": 2, "levels": {"WARN": 1, "other": 1},
                "buckets": [
                    {"start": "2024-10-08T00:30:00Z", "end": hour(1), "count": 1, "levels": {"WARN": 1}, "partial": true},
                    {"start": hour(1), "end": hour(2), "count": 0, "levels": {}},
                    {"start": hour(2), "end": hour(3), "count": 0, "levels": {}},
                    {"start": hour(3), "end": "2024-10-08T03:05:00Z", "count": 1, "levels": {"other": 1}, "partial": true},
                ],
            })
        );
        let chosen = histogram(
            &service,
            "startTime=2024-10-08T00:00:00Z&endTime=2024-10-09T00:00:00Z",
        )
        .await;
        assert_eq!(chosen["interval"], "15m");
        assert_eq!(chosen["buckets"].as_array().map(Vec::len), Some(96));
    }
);

on_each_store!(
    a_range_without_records_has_empty_buckets_and_one_without_an_end_none,
    async |service| {
        let minutes = "startTime=2024-10-08T00:00:00Z&endTime=2024-10-08T00:02:00Z&interval=1m";
        let nothing = histogram(&service, minutes).await;
        let counts: Vec<&Value> = nothing["buckets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|bucket| &bucket["count"])
            .collect();
        assert_eq!(counts, [0, 0]);
        assert_eq!(
            histogram(&service, "startTime=2024-10-08T00:00:00Z&by=level").await,
            json!({"startTime": "2024-10-08T00:00:00Z", "complete": true, "records": 0, "levels": {}, "buckets": []})
        );
        let same = "startTime=2024-10-08T00:00:00Z&endTime=2024-10-08T00:00:00Z&interval=1m";
        assert_eq!(histogram(&service, same).await["buckets"], json!([]));
        let excluded =
            histogram(&service, &format!("{minutes}&minLevel=ERROR&logLevel=INFO")).await;
        assert_eq!(
            (&excluded["records"], &excluded["complete"]),
            (&json!(0), &json!(true))
        );
    }
);

/// Random records whose times often lie on the edges of buckets, or tie.
async fn filled(service: &Service, random: &mut StdRng) {
    let levels = [
        "INFO", "info", "DEBUG", "WARN", "Warning", "ERROR", "critical", "FATAL", "AUDIT", "",
        "情報",
    ];
    let mut record = |_| {
        let edge = START + random.random_range(0..5) * MINUTE;
        let nanos = match random.random_range(0..3) {
            0 => edge + random.random_range(-1..=1),
            1 => edge + random.random_range(0..60) * 1_000_000_000,
            _ => START + random.random_range(0..5 * MINUTE),
        };
        let mut record = json!({
            "timestamp": Timestamp::from_nanos(nanos), "message": format!("m{}", random.random_range(0..20)),
            "service": (["a", "b"].choose(random)),
        });
        if random.random_ratio(9, 10) {
            record["level"] = json!(levels.choose(random));
        }
        record
    };
    let records: Vec<Value> = (0..RECORDS).map(&mut record).collect();
    assert_eq!(service.batch(&json!(records)).await.status, 200);
    drained(service).await;
}

/// Rows by the bucket that they are in and by what they are told as.
fn counted(rows: &[Value], interval: i64) -> BTreeMap<(i64, String), u64> {
    let mut counted = BTreeMap::new();
    for row in rows {
        let time = Timestamp::parse(row["timestamp"].as_str().unwrap()).unwrap();
        let level = row["level"].as_str().and_then(Level::from_text);
        let name = level.map_or("other", Level::name).to_owned();
        *counted
            .entry((time.nanos().div_euclid(interval), name))
            .or_default() += 1;
    }
    counted
}

fn told(answer: &Value, interval: i64) -> BTreeMap<(i64, String), u64> {
    let mut told = BTreeMap::new();
    for bucket in answer["buckets"].as_array().unwrap() {
        let start = Timestamp::parse(bucket["start"].as_str().unwrap()).unwrap();
        let levels = bucket["levels"].as_object().unwrap();
        let counts = levels.values().map(|count| count.as_u64().unwrap());
        assert_eq!(bucket["count"], counts.sum::<u64>(), "{bucket}");
        for (name, count) in levels {
            told.insert(
                (start.nanos().div_euclid(interval), name.clone()),
                count.as_u64().unwrap(),
            );
        }
    }
    told
}

on_each_store!(
    every_bucket_holds_what_a_search_finds_of_it,
    async |service| {
        let mut random = StdRng::seed_from_u64(SEED);
        filled(&service, &mut random).await;
        for filter in [
            "",
            "minLevel=WARN",
            "logLevel=INFO",
            "logLevel=error,FATAL",
            "logLevel=AUDIT",
            "logLevel=audit,warn",
            "logLevel=nobody",
            "q=M1",
            "regex=^m1.$",
            "attr.service=a&minLevel=INFO",
            "attr.service=!a",
            "q=nothing",
        ] {
            for (interval, nanos) in [
                ("1m", MINUTE),
                ("7s", 7_000_000_000),
                ("1h", 60 * MINUTE),
                ("33333333333ns", 33_333_333_333),
            ] {
                let (a, b) = (
                    random.random_range(0..5 * MINUTE),
                    random.random_range(0..5 * MINUTE),
                );
                let range = match random.random_range(0..4) {
                    0 => String::new(),
                    1 => format!("startTime={}", START + a),
                    2 => format!(
                        "startTime={START}&endTime={}",
                        START + random.random_range(0..5) * MINUTE
                    ),
                    _ => format!(
                        "startTime={}&endTime={}",
                        START + a.min(b),
                        START + a.max(b)
                    ),
                };
                let order = ["asc", "desc"].choose(&mut random).unwrap();
                let query = format!("{range}&{filter}&order={order}");
                let rows = found(&service, &query).await;
                let answer =
                    histogram(&service, &format!("{query}&by=level&interval={interval}")).await;
                let what = format!("seed {SEED}: {query} {interval}");
                assert_eq!(answer["complete"], true, "{what}");
                assert_eq!(answer["records"], rows.len(), "{what}");
                assert_eq!(told(&answer, nanos), counted(&rows, nanos), "{what}");
            }
        }
    }
);

on_each_store!(what_cannot_be_counted_is_refused_by_name, async |service| {
    let day = "startTime=2024-10-08T00:00:00Z&endTime=2024-10-09T00:00:00Z";
    for (query, code, said) in [
        (
            format!("{day}&interval=1s"),
            "too_many_buckets",
            "86400 buckets of 1s are more than 10000",
        ),
        (
            format!("{day}&interval=soon"),
            "invalid_interval",
            "interval is no length of time",
        ),
        (
            "by=service".to_owned(),
            "invalid_parameter",
            "by is not level",
        ),
        (
            "limit=5".to_owned(),
            "unknown_parameter",
            "there is no parameter \"limit\"",
        ),
        (
            "interval=1m&interval=1h".to_owned(),
            "repeated_parameter",
            "interval is given more than once",
        ),
        (
            "startTime=2&endTime=1".to_owned(),
            "invalid_time_range",
            "startTime is after endTime",
        ),
    ] {
        let reply = service.get(&format!("/logs/histogram?{query}")).await;
        reply.assert_refused(&query, code, said);
    }
});
