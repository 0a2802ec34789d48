//! What is asked of `/logs/retrieve`: each filter through HTTP, on both stores.

use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, found};
use serde_json::{Value, json};

/// The messages that a query finds, in order.
async fn messages(service: &Service, query: &str) -> Vec<String> {
    let records = found(service, query).await;
    let message = |record: &Value| record["message"].as_str().unwrap().to_owned();
    records.iter().map(message).collect()
}

on_each_store!(each_filter_finds_what_it_says, async |service| {
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
        ("word=USER&word=login%20successful", vec![login]),
        ("word=connection%20fail", vec![]),
        ("word=connection", vec![database, closed]),
        ("word=Connection&caseSensitive=true", vec![]),
        ("word=use&minLevel=info", vec![]),
        ("regex=(?i)^.{4}%20login|usage$", vec![login, memory]),
        ("attr.service=orders", vec![database]),
        ("attr.service=!orders&minLevel=info", vec![login, memory]),
        ("attr.service", vec![database, login]),
        ("attributes.service=orders", vec![database]),
        (
            "attributes.http.status=500&order=DESC",
            vec![memory, database],
        ),
        (
            "startTime=2024-10-08T03:00:00Z&endTime=9999-12-31T23:59:59Z",
            vec![closed, audit],
        ),
        (
            "startTime=0001-01-01&endTime=2024-10-08T01:00:00Z&order=Asc",
            vec![database],
        ),
        ("startTime=9999-12-31", vec![]),
        ("endTime=1600-01-01", vec![]),
        ("attr.http.status=500", vec![database, memory]),
        ("startTime=1728352800&endTime=1728356400000", vec![memory]),
        ("startTime=-15m", vec![]),
        ("endTime=now-1h&logLevel=debug", vec![closed]),
    ] {
        assert_eq!(messages(&service, query).await, expected, "{query}");
    }
});

on_each_store!(
    an_end_beyond_all_times_leaves_out_none_whatever_reads,
    async |service| {
        let last = "2262-04-11T23:47:16.854775807Z";
        let records = json!([
            {"timestamp": "1677-09-21T00:12:43.145224192Z", "message": "first", "service": "a"},
            {"timestamp": "2024-10-08T00:00:00Z", "message": "now", "service": "b"},
            {"timestamp": last, "message": "last", "service": "b"},
        ]);
        assert_eq!(service.batch(&records).await.status, 200);
        drained(&service).await;
        let all = "startTime=0001-01-01T00:00:00Z&endTime=9999-12-31T23:59:59Z";
        assert_eq!(messages(&service, all).await, ["first", "now", "last"]);
        let down = format!("{all}&order=DESC&limit=2");
        assert_eq!(messages(&service, &down).await, ["last", "now"]);
        let latest = format!("startTime={last}&endTime=9999-12-31");
        assert_eq!(messages(&service, &latest).await, ["last"]);
        for nothing in ["startTime=9999-01-01", "endTime=-99999999999y"] {
            assert_eq!(messages(&service, nothing).await, [""; 0]);
            let counted = get(&service, &format!("/logs/histogram?{nothing}")).await;
            assert_eq!(counted["records"], 0, "{counted}");
        }
        let facets = format!("/logs/facets?{all}&fields=attributes.service");
        let facets = get(&service, &facets).await;
        assert_eq!(facets["records"], 3, "{facets}");
        assert_eq!(facets["fields"][0]["field"], "attr.service", "{facets}");
        assert_eq!(facets["fields"][0]["records"], 3, "{facets}");
        let counted = get(&service, &format!("/logs/histogram?{all}&interval=5000d")).await;
        assert_eq!(counted["records"], 3, "{counted}");
        // The range ends with the last record of the store, and not with all time.
        let days = "startTime=2024-10-08&endTime=9999-12-31&interval=1d&minLevel=INFO";
        let days = service.get(&format!("/logs/histogram?{days}")).await;
        days.assert_refused("days", "too_many_buckets", "86");
        let id = found(&service, "q=now").await[0]["id"].clone();
        let around = format!("/logs/{}/context?{all}", id.as_str().unwrap());
        let around = get(&service, &around).await;
        assert_eq!(around["before"][0]["message"], "first", "{around}");
        assert_eq!(around["after"][0]["message"], "last", "{around}");
    }
);

async fn get(service: &Service, path: &str) -> Value {
    let reply = service.get(path).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

on_each_store!(
    a_path_leads_into_the_objects_of_an_array_and_to_a_place_in_it,
    async |service| {
        let records = json!([
            {"timestamp": "2024-10-08T00:00:00Z", "message": "one", "cred": [{"u": "bob"}]},
            {"timestamp": "2024-10-08T01:00:00Z", "message": "two", "cred": [{"u": "eve"}, {"u": "bob", "roles": ["a", "b"]}]},
            {"timestamp": "2024-10-08T02:00:00Z", "message": "three", "cred": {"u": "bob"}},
            {"timestamp": "2024-10-08T03:00:00Z", "message": "four", "cred": [[{"u": "bob"}], "bob"]},
            {"timestamp": "2024-10-08T04:00:00Z", "message": "five", "a": [{"cred.u": "bob"}]},
        ]);
        assert_eq!(service.batch(&records).await.status, 200);
        drained(&service).await;
        for (query, expected) in [
            ("attr.cred.u=bob", vec!["one", "two", "three"]),
            ("attr.cred.u=!bob", vec!["four", "five"]),
            ("attr.cred.u", vec!["one", "two", "three"]),
            ("attr.cred.0.u=bob", vec!["one", "four"]),
            ("attr.cred.1.u=bob", vec!["two"]),
            ("attr.cred.roles=b", vec!["two"]),
            ("attr.cred.roles.1=b", vec!["two"]),
            ("attr.cred.1=bob", vec!["four"]),
            ("attr.cred=bob", vec!["four"]),
            ("attr.a.cred.u=bob", vec!["five"]),
            ("attr.a.0.cred.u=bob", vec!["five"]),
        ] {
            assert_eq!(messages(&service, query).await, expected, "{query}");
        }
        let facets = service.get("/logs/facets?fields=attr.cred.u,attr.cred.0.u");
        let fields = facets.await.json()["fields"].clone();
        let value = |value: &str, count: u64| json!({"value": value, "count": count});
        assert_eq!(
            fields,
            json!([
                {"field": "attr.cred.u", "records": 3, "distinct": 2, "values": [value("bob", 3), value("eve", 1)]},
                {"field": "attr.cred.0.u", "records": 3, "distinct": 2, "values": [value("bob", 2), value("eve", 1)]},
            ])
        );
        let found = service.get("/logs/facets").await.text();
        assert!(found.contains("\"attr.cred.roles\""), "{found}");
    }
);

on_each_store!(
    letters_of_any_script_are_found_in_either_case,
    async |service| {
        let records = json!([
            {"timestamp": "2024-10-08T00:00:00Z", "level": "ÄRGER", "message": "ÄPFEL und Birnen"},
            {"timestamp": "2024-10-08T01:00:00Z", "level": "ΣΑΣ", "message": "the ΩMEGA of \u{212a}elvin"},
            {"timestamp": "2024-10-08T02:00:00Z", "message": "Ошибка чтения"},
        ]);
        assert_eq!(service.batch(&records).await.status, 200);
        drained(&service).await;
        let [apples, omega, error] = [
            "ÄPFEL und Birnen",
            "the ΩMEGA of \u{212a}elvin",
            "Ошибка чтения",
        ];
        for (query, expected) in [
            ("q=äpfel", vec![apples]),
            ("q=Äpfel&caseSensitive=true", vec![]),
            ("q=ÄPFEL&caseSensitive=true", vec![apples]),
            ("q=ωmega", vec![omega]),
            ("q=Kelvin", vec![omega]),
            ("q=ОШИБКА%20ч", vec![error]),
            ("word=ошибка&word=ЧТЕНИЯ", vec![error]),
            ("word=pfel", vec![]),
            ("logLevel=ärger", vec![apples]),
            ("logLevel=σας", vec![omega]),
        ] {
            assert_eq!(messages(&service, query).await, expected, "{query}");
        }
    }
);
