//! What is stored: how much, from when to when, by day and by service, and what of it could not be found out.

#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

use super::sender;
use crate::support::mongod::{Mongod, TOO_SLOW};
use crate::support::service::{Builder, Service};
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, fill};
use crate::support::wait_until;
use bson::doc;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

async fn of_store(service: &Service) -> Value {
    let reply = service.get("/stats").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["store"].take()
}

/// Two records of the past, two of today, and one of the future.
async fn send(service: &Service) {
    let now = chrono::Utc::now().to_rfc3339();
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00Z", "message": "one", "service": "orders"},
        {"timestamp": "2024-10-08T01:00:00Z", "message": "two", "service": "cart"},
        {"timestamp": now, "message": "three", "service": "orders"},
        {"timestamp": now, "message": "four"},
        {"timestamp": "2100-01-01T00:00:00Z", "message": "five"},
    ]);
    let path = "/logs/batch?ack=stored";
    let reply = service.post(path, "application/json", records.to_string());
    assert_eq!(reply.await.status, 200);
    let body = r#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
        "scopeLogs":[{"logRecords":[{"timeUnixNano":"1728345600000000000","body":{"stringValue":"six"}}]}]}]}"#;
    let reply = service.post("/v1/logs?ack=stored", "application/json", body);
    assert_eq!(reply.await.status, 200);
    drained(service).await;
}

on_each_store!(
    what_is_stored_is_told_by_day_and_by_service_with_what_it_takes_on_disk,
    async |service| {
        let nothing = of_store(&service).await;
        assert_eq!(nothing["records"], 0, "{nothing}");
        for missing in ["oldest", "newest", "problem"] {
            assert!(nothing[missing].is_null(), "{nothing}");
        }
        send(&service).await;
        let told = of_store(&service).await;
        assert!(told["problem"].is_null(), "{told}");
        let sums = ["records", "earlier", "later"].map(|name| told[name].as_u64().unwrap());
        assert_eq!(sums, [6, 3, 1], "{told}");
        assert_eq!(told["complete"], true, "{told}");
        assert_eq!(told["oldest"], "2024-10-08T00:00:00Z", "{told}");
        assert_eq!(told["newest"], "2100-01-01T00:00:00Z", "{told}");
        let days = told["days"].as_array().unwrap();
        let of_days = days.iter().map(|day| day["records"].as_u64().unwrap());
        assert_eq!((days.len(), of_days.sum::<u64>()), (30, 2), "{told}");

        let services = &told["services"];
        assert_eq!(services["complete"], true, "{told}");
        assert_eq!(services["records"], 6, "{told}");
        let fields = services["fields"].as_array().unwrap();
        let values = fields.iter().map(|field| {
            let listed = field["values"].as_array().unwrap().iter();
            let listed = listed.map(|value| json!([value["value"], value["count"]]));
            json!([field["field"], listed.collect::<Value>()])
        });
        let expected = json!([
            ["attr.service", [["orders", 2], ["cart", 1]]],
            ["attr.resource.service.name", [["shop", 1]]],
        ]);
        assert_eq!(values.collect::<Value>(), expected, "{told}");

        let [in_use, on_disk] = ["inUse", "onDisk"].map(|name| told["bytes"][name].as_u64());
        assert!(in_use > Some(0) && in_use <= on_disk, "{told}");
        let kind = service.health().await["store"]["kind"].clone();
        assert_eq!(told["kind"], kind, "{told}");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_it_in_lines_for_people_and_as_json() {
    let service = Service::builder().start().await;
    send(&service).await;
    let command = async |form: &str| {
        let command = Service::builder().env("LISTEN_ADDR", service.address().to_string());
        let command = ["stats", "-o", form]
            .into_iter()
            .fold(command, Builder::arg);
        let (ended, stdout, stderr) = command.start_expecting_exit().await;
        assert_eq!((ended.code(), stderr.as_str()), (Some(0), ""));
        stdout
    };
    let text = command("text").await;
    for line in [
        "store (blocks): 6 records; from 2024-10-08T00:00:00Z to 2100-01-01T00:00:00Z; ",
        " in use of ",
        "    by attr.service: orders 2, cart 1\n",
        "    by attr.resource.service.name: shop 1\n",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let json: Value = serde_json::from_str(&command("json").await).unwrap();
    assert_eq!(json["store"]["records"], 6, "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_counted_in_time_is_told_with_how_far_it_came() {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let service = Service::builder().mongodb(&mongod.uri(), "stats");
    let service = service.env("QUERY_MAX_TIME", "30s").start().await;
    fill(&service, 12).await;
    drained(&service).await;
    let mut told = Value::Null;
    wait_until(
        "a count that has begun and not ended",
        PATIENCE,
        async || {
            // The sizes of two collections, and the first step; the service itself may ask in between.
            mongod
                .fail(&["aggregate"], TOO_SLOW, doc! { "skip": 3 })
                .await;
            told = of_store(&service).await;
            told["complete"] == false
        },
    )
    .await;
    assert!(told["records"].as_u64() < Some(12_000), "{told}");
    assert!(told["countedUpTo"].is_string(), "{told}");
    assert_eq!(told["oldest"], "2024-10-08T00:00:00Z", "{told}");
    assert_eq!(told["services"]["records"], 12_000, "{told}");

    mongod.fail(&["aggregate"], TOO_SLOW, "alwaysOn").await;
    let told = of_store(&service).await;
    let problem = "the store needs more time for it than QUERY_MAX_TIME";
    assert_eq!(told["problem"], problem, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_or_says_nothing_senders_are_told_all_the_same() {
    let mongod = Mongod::start().await;
    let service = Service::builder().mongodb(&mongod.uri(), "away");
    let service = service.env("QUERY_MAX_TIME", "1s").start().await;
    send(&service).await;
    let told_without_it = async || {
        let asked = Instant::now();
        let stats = service.get("/stats").await.json();
        let took = asked.elapsed();
        assert!(took < PATIENCE, "{took:?}");
        assert_eq!(sender(&stats, "native", None)["records"], 5, "{stats}");
        let told = &stats["store"];
        assert_eq!(told["kind"], "mongodb", "{stats}");
        assert!(told["problem"].is_string(), "{stats}");
        assert!(told["records"].is_null(), "{stats}");
    };
    mongod.freeze();
    told_without_it().await;
    mongod.thaw();
    mongod.kill();
    told_without_it().await;
}
