//! `GET /metrics`: what Prometheus reads of the service, and what is made of it under `dashboards`.

#![allow(clippy::float_cmp, reason = "counts are whole numbers")]

mod bounded;
mod brought;
mod dashboards;
mod moving;
mod promtool;
pub(crate) mod scrape;

use crate::support::service::Service;
use crate::support::stores::on_each_store;
use scrape::{Form, OPEN_METRICS, Scrape};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

on_each_store!(
    both_formats_tell_the_same_series_each_with_its_help,
    async |service: Service| {
        let batch = json!([{ "message": "one" }]);
        assert_eq!(service.batch(&batch).await.status, 200);
        assert_eq!(service.get("/logs/retrieve").await.status, 200);
        // What it asks for itself comes to be told once it was asked for.
        Scrape::of(&service).await;
        let text = Scrape::of(&service).await;
        let asked = service.http().get(service.url("/metrics"));
        let answer = asked.header("accept", OPEN_METRICS).send().await.unwrap();
        let vary = answer.headers()["vary"].to_str().unwrap().to_owned();
        assert_eq!(vary, "accept");
        let reply = crate::support::http::Reply {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            body: answer.bytes().await.unwrap().to_vec(),
        };
        let open = Scrape::read(&reply, Form::Open);
        assert_eq!(text.names(), open.names());
        for (name, family) in &open.0 {
            let unit = ["seconds", "bytes"]
                .into_iter()
                .find(|unit| name.ends_with(&format!("_{unit}")));
            assert_eq!(family.unit.as_deref(), unit, "{name}");
        }
        let head = service
            .http()
            .head(service.url("/metrics"))
            .send()
            .await
            .unwrap();
        assert_eq!(head.status().as_u16(), 200);
    }
);

on_each_store!(
    what_becomes_of_records_adds_up_as_it_does_in_health,
    async |service: Service| {
        let batch = json!([{ "message": "one" }, { "timestamp": "yesterday", "message": "two" }]);
        let keyed = async || {
            let body = batch.to_string();
            let headers = [
                ("content-type", "application/json"),
                ("idempotency-key", "k"),
            ];
            service
                .post_with("/logs/batch?ack=stored", &headers, body)
                .await
        };
        assert_eq!((keyed().await.status, keyed().await.status), (200, 200));
        let strict = "/logs/batch?strict=true";
        let strict_body = r#"[{"level":7.5,"timestamp":"never"},{"message":"well"}]"#;
        let refused = service.post(strict, "application/json", strict_body).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        let (told, health) = (Scrape::of(&service).await, service.health().await);
        let records = &health["records"];
        let number = |value: &serde_json::Value| value.as_f64().unwrap();
        let ended = |fate: &str, reason: &str| {
            let name = "aggregator_records_ended_total";
            told.value(&format!("{name}{{fate=\"{fate}\",reason=\"{reason}\"}}"))
        };
        assert_eq!(
            told.value("aggregator_records_received_total"),
            number(&records["received"])
        );
        assert_eq!(number(&records["received"]), 6.0);
        assert_eq!(
            (ended("stored", ""), ended("already_stored", "")),
            (2.0, 2.0)
        );
        assert_eq!(ended("stored", ""), number(&records["stored"]));
        assert_eq!(
            ended("already_stored", ""),
            number(&records["alreadyStored"])
        );
        assert_eq!(
            ended("rejected", "invalid"),
            number(&records["rejected"]["invalid"])
        );
        assert_eq!(ended("rejected", "invalid"), 2.0);
        assert_eq!(told.value("aggregator_records_unaccounted"), 0.0);
        let warned = told.value("aggregator_warnings_total{reason=\"time\"}");
        assert_eq!(warned, number(&records["warnings"]["time"]));
        let taken = |fate: &str| {
            let name = "aggregator_ingest_records_total";
            let labels = format!("protocol=\"native\",fate=\"{fate}\"");
            let reason = if fate == "rejected" { "invalid" } else { "" };
            told.value(&format!("{name}{{{labels},reason=\"{reason}\"}}"))
        };
        assert_eq!(
            (taken("accepted"), taken("repeated"), taken("rejected")),
            (2.0, 2.0, 2.0)
        );
        let bytes = |fate: &str| {
            let name = "aggregator_ingest_bytes_total";
            told.value(&format!("{name}{{protocol=\"native\",fate=\"{fate}\"}}"))
        };
        let lengths = (2 * batch.to_string().len(), strict_body.len());
        let lengths = (number(&json!(lengths.0)), number(&json!(lengths.1)));
        assert_eq!((bytes("taken"), bytes("rejected")), lengths);
    }
);
