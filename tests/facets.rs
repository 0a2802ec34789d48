//! `GET /logs/facets`: a value's count is the number of records that a search for it finds, on both
//! stores.

use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{drained, fill, found};
use logs::Timestamp;
use serde_json::{Value, json};

async fn facets(service: &Service, query: &str) -> Value {
    let reply = service.get(&format!("/logs/facets?{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/json"));
    reply.json()
}

/// How many records a search finds.
async fn number_found(service: &Service, query: &str) -> usize {
    found(service, query).await.len()
}

/// Three hundred records of several services and levels, with attributes of every kind.
async fn filled(service: &Service) {
    let record = |number: usize| {
        let mut record = json!({
            "timestamp": format!("2024-10-08T00:{:02}:{:02}Z", number / 60, number % 60),
            "message": format!("m{number}"), "service": (["orders", "login", "orders"][number % 3]),
            "http": {"status": ([200, 200, 404, 500][number % 4])}, "id": format!("id-{number}"),
        });
        match number % 7 {
            0 => record["level"] = json!("WARNING"),
            1 => record["level"] = json!("warn"),
            2 => record["level"] = json!(" Audit"),
            3 => record["http.status"] = json!("200"),
            4 => record["tags"] = json!(["a", "b", "a", 1, null, {"c": 2}, ["d"]]),
            5 => record["ok"] = json!(number.is_multiple_of(2)),
            _ => record["level"] = json!("INFO"),
        }
        record
    };
    let records: Vec<Value> = (0..300).map(record).collect();
    assert_eq!(service.batch(&json!(records)).await.status, 200);
    drained(service).await;
}

on_each_store!(the_most_frequent_values_come_first, async |service| {
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": "a", "service": "orders", "http": {"status": 500}},
        {"timestamp": "2024-10-08T01:00:00Z", "level": "INFO", "message": "b", "service": "login"},
        {"timestamp": "2024-10-08T02:00:00Z", "level": "WARNING", "message": "c", "service": "orders"},
        {"timestamp": "2024-10-08T02:00:00Z", "level": "warn", "message": "d", "service": "orders"},
    ]);
    assert_eq!(service.batch(&records).await.status, 200);
    drained(&service).await;
    let value = |value: &str, count: u64| json!({"value": value, "count": count});
    assert_eq!(
        facets(&service, "").await,
        json!({"complete": true, "records": 4, "fields": [
            {"field": "level", "records": 4, "distinct": 3, "values": [value("WARN", 2), value("ERROR", 1), value("INFO", 1)]},
            {"field": "attr.service", "records": 4, "distinct": 2, "values": [value("orders", 3), value("login", 1)]},
            {"field": "attr.http.status", "records": 1, "distinct": 1, "values": [value("500", 1)]},
        ]})
    );
    assert_eq!(
        facets(
            &service,
            "fields=attr.service,attr.absent&limit=1&endTime=2024-10-08T02:00:00Z"
        )
        .await,
        json!({"complete": true, "records": 2, "fields": [
            {"field": "attr.service", "records": 2, "distinct": 2, "values": [value("login", 1)]},
            {"field": "attr.absent", "records": 0, "distinct": 0, "values": []},
        ]})
    );
    let nothing = facets(&service, "q=nothing").await;
    assert_eq!(
        nothing,
        json!({"complete": true, "records": 0, "fields": [{"field": "level", "records": 0, "distinct": 0, "values": []}]})
    );
});

on_each_store!(
    each_count_is_that_of_a_search_for_the_value,
    async |service| {
        filled(&service).await;
        for filter in [
            "",
            "minLevel=INFO",
            "attr.service=orders",
            "q=m1",
            "regex=7$&order=desc",
            "startTime=2024-10-08T00:03:00Z",
        ] {
            let answer = facets(&service, &format!("{filter}&limit=100")).await;
            assert_eq!(
                answer["records"],
                number_found(&service, filter).await,
                "{filter}"
            );
            let fields = answer["fields"].as_array().unwrap();
            assert!(fields.len() >= 4, "{answer}");
            for field in fields {
                let name = field["field"].as_str().unwrap();
                let key = if name == "level" { "logLevel" } else { name };
                if name != "level" {
                    assert_eq!(
                        field["records"],
                        number_found(&service, &format!("{filter}&{key}")).await,
                        "{filter} {field}"
                    );
                }
                let values = field["values"].as_array().unwrap();
                let counts: Vec<u64> = values
                    .iter()
                    .map(|value| value["count"].as_u64().unwrap())
                    .collect();
                assert!(counts.is_sorted_by(|a, b| a >= b), "{field}");
                // Every identifier is another one, and one search tells as much as three hundred.
                let few = if name == "attr.id" { 3 } else { values.len() };
                for value in &values[..few.min(values.len())] {
                    let text = value["value"].as_str().unwrap();
                    // The same filter given twice has to hold twice.
                    let rows = number_found(&service, &format!("{filter}&{key}={text}")).await;
                    assert_eq!(value["count"], rows, "{filter} {name} {value}");
                }
            }
        }
        let tags = facets(&service, "fields=attr.tags,attr.http").await;
        let values: Vec<&Value> = tags["fields"][0]["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|value| &value["value"])
            .collect();
        assert_eq!(values, ["1", "a", "b", "null"]);
        assert_eq!(tags["fields"][1]["records"], 0, "an object is no value");
    }
);

on_each_store!(
    every_value_can_be_asked_for_as_it_is_told_or_as_it_is_quoted,
    async |service| {
        let texts = [
            "", "!x", "x", "\"q\"", "\"", "a\"b", "a\\b", "\n", "a,b", "null",
        ];
        let time = |number: usize| format!("2024-10-08T00:00:{number:02}Z");
        let records: Vec<Value> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| {
                json!({"timestamp": time(number), "level": text, "message": "m", "v": text, "list": [text, 1]})
            })
            .chain([json!({"timestamp": time(30), "message": "m", "v": null, "n": 1})])
            .collect();
        assert_eq!(service.batch(&json!(records)).await.status, 200);
        drained(&service).await;
        let answer = facets(&service, "limit=100").await;
        let mut told = 0;
        for field in answer["fields"].as_array().unwrap() {
            let name = field["field"].as_str().unwrap();
            let key = if name == "level" { "logLevel" } else { name };
            for value in field["values"].as_array().unwrap() {
                let text = value.get("quoted").unwrap_or(&value["value"]);
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair(key, text.as_str().unwrap());
                let rows = number_found(&service, &query.finish()).await;
                assert_eq!(value["count"], rows, "{name} {value}");
                told += 1;
            }
        }
        assert!(told > 3 * texts.len() - 3, "{answer}");
        let quoted: Vec<&str> = answer["fields"][1]["values"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|value| value.get("quoted")?.as_str())
            .collect();
        assert_eq!(
            quoted,
            [r#""""#, r#""!x""#, r#""\"""#, r#""\"q\"""#],
            "{answer}"
        );
    }
);

async fn little_time(backend: Backend) {
    let settings = backend.builder("facets_longer_than_their_time").await;
    let service = settings.env("QUERY_MAX_TIME", "1ms").start().await;
    fill(&service, 40).await;
    drained(&service).await;
    let answer = facets(&service, "order=desc").await;
    assert_eq!(answer["complete"], false);
    let records = answer["records"].as_u64().unwrap();
    assert!((1..40_000).contains(&records), "{answer}");
    assert_eq!(
        answer["fields"][0]["values"],
        json!([{"value": "INFO", "count": records}])
    );
    let reached = answer["countedUpTo"].as_str().unwrap();
    let time = Timestamp::parse(reached).unwrap().nanos();
    // Of that very time some may be counted.
    let [most, least] = [time, time + 1].map(|time| {
        let start = Timestamp::from_nanos(time);
        format!("startTime={start}&order=desc")
    });
    let (least, most) = (
        number_found(&service, &least).await as u64,
        number_found(&service, &most).await as u64,
    );
    assert!(
        (least..=most).contains(&records) && most <= least + 1,
        "the newest ones were looked at: {least}, {most}: {answer}"
    );
}

mod when_the_time_is_over_the_values_are_those_of_a_sample {
    use super::{Backend, little_time};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        little_time(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        little_time(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        little_time(Backend::MongoDb).await;
    }
}

on_each_store!(
    fields_are_limited_and_unknown_ones_refused_by_name,
    async |service| {
        let many = "attr.a,".repeat(30);
        let different: Vec<String> = (0..21).map(|number| format!("attr.a{number}")).collect();
        for (query, code, said) in [
            (
                "fields=message".to_owned(),
                "invalid_parameter",
                "fields has no \"message\"",
            ),
            (
                format!("fields={many}"),
                "invalid_parameter",
                "fields names \"attr.a\" twice",
            ),
            (
                format!("fields={}", different.join(",")),
                "query_too_large",
                "fields has more than 20 names",
            ),
            (
                "limit=101".to_owned(),
                "invalid_number",
                "limit is no whole number from 1 to 100",
            ),
            (
                "interval=1m".to_owned(),
                "unknown_parameter",
                "there is no parameter \"interval\"",
            ),
            (
                "limit=1&limit=2".to_owned(),
                "repeated_parameter",
                "limit is given more than once",
            ),
        ] {
            let reply = service.get(&format!("/logs/facets?{query}")).await;
            reply.assert_refused(&query, code, said);
        }
    }
);
