//! A large record among small ones is the same record in every answer, also after a restart.

use super::{found, send};
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use serde_json::{Value, json};

/// Whether every way to read gives what was sent.
async fn reads_as(service: &Service, records: &Value) {
    let all = records.as_array().unwrap();
    assert!(json!(found(service, "").await) == *records);
    let mut newest_first = found(service, "order=desc").await;
    newest_first.reverse();
    assert!(newest_first == *all);
    assert!(found(service, "q=needle").await == all[1..2]);
    assert!(found(service, "attr.kind=large").await == all[3..4]);
    let csv = service.get("/logs/retrieve?format=csv&fields=message,attr.kind,attr.text");
    let csv = csv.await;
    let cells = all.iter().map(|record| {
        let attribute = |name: &str| record["attributes"][name].as_str().unwrap_or_default();
        let message = record["message"].as_str().unwrap();
        format!("{message},{},{}\r\n", attribute("kind"), attribute("text"))
    });
    let cells: String = cells.collect();
    assert!(csv.text() == format!("message,attr.kind,attr.text\r\n{cells}"));
    let with_ids = service.get("/logs/retrieve").await.json();
    for record in with_ids.as_array().unwrap() {
        let id = record["id"].as_str().unwrap();
        assert!(service.get(&format!("/logs/{id}")).await.json() == *record);
    }
    let count = service.get("/logs/histogram?interval=1h").await.json();
    assert_eq!(count["records"], all.len());
}

on_each_store!(
    a_large_record_among_small_ones_is_the_same_in_every_answer,
    async |service| {
        let long = "long ".repeat(200_000);
        let records = json!([
            {"timestamp": "2024-10-08T00:00:00.000000001Z", "level": "INFO", "message": "small"},
            {"timestamp": "2024-10-08T00:00:00.000000002Z", "level": "WARN", "message": format!("{long}needle")},
            {"timestamp": "2024-10-08T00:00:00.000000003Z", "message": "(in logs_large)"},
            {"timestamp": "2024-10-08T00:00:00.000000004Z", "level": "ERROR", "message": "m",
                "attributes": {"kind": "large", "text": long}},
            {"timestamp": "2024-10-08T00:00:00.000000005Z", "level": "INFO", "message": "small"},
        ]);
        send(&service, records.to_string()).await;
        reads_as(&service, &records).await;
    }
);
