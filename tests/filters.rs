//! What is asked of `/logs/retrieve`: each filter through HTTP, on both stores.

use crate::support::service::Service;
use crate::support::stores::on_both_stores;
use crate::support::traffic::{drained, found};
use serde_json::{Value, json};

/// The messages that a query finds, in order.
async fn messages(service: &Service, query: &str) -> Vec<String> {
    let records = found(service, query).await;
    let message = |record: &Value| record["message"].as_str().unwrap().to_owned();
    records.iter().map(message).collect()
}

on_both_stores!(each_filter_finds_what_it_says, async |service| {
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": "Database connection failed", "service": "orders", "http": {"status": 500}},
        {"timestamp": "2024-10-08T01:00:00Z", "level": "INFO", "message": "User login successful", "service": "login"},
        {"timestamp": "2024-10-08T02:00:00Z", "level": "WARNING", "message": "High memory usage", "http.status": 500},
        {"timestamp": "2024-10-08T03:00:00Z", "level": "DEBUG", "message": "connection closed"},
        {"timestamp": "2024-10-08T04:00:00Z", "level": "AUDIT", "message": "a"},
    ]);
    assert_eq!(service.batch(&records).await.status, 200);
    drained(&service).await;
    let [database, login, memory, closed, audit] = [
        "Database connection failed",
        "User login successful",
        "High memory usage",
        "connection closed",
        "a",
    ];
    for (query, expected) in [
        ("", vec![database, login, memory, closed, audit]),
        ("order=desc", vec![audit, closed, memory, login, database]),
        ("logLevel=error,warn", vec![database, memory]),
        (
            "logLevel=error&logLevel=audit&order=desc",
            vec![audit, database],
        ),
        ("minLevel=info", vec![database, login, memory]),
        ("q=CONNECTION", vec![database, closed]),
        ("q=connection&q=fail", vec![database]),
        ("q=Connection&caseSensitive=true", vec![]),
        ("regex=(?i)^.{4}%20login|usage$", vec![login, memory]),
        ("attr.service=orders", vec![database]),
        ("attr.service=!orders&minLevel=info", vec![login, memory]),
        ("attr.service", vec![database, login]),
        ("attr.http.status=500", vec![database, memory]),
        ("startTime=1728352800&endTime=1728356400000", vec![memory]),
        ("startTime=-15m", vec![]),
        ("endTime=now-1h&logLevel=debug", vec![closed]),
    ] {
        assert_eq!(messages(&service, query).await, expected, "{query}");
    }
});
