//! `GET /stats`: what is stored, who sends, how much, and what they were told.

mod of_store;

use crate::support::service::{Builder, Service};
use serde_json::{Value, json};

pub(crate) fn sender<'a>(stats: &'a Value, protocol: &str, token: Option<&str>) -> &'a Value {
    let mut senders = stats["senders"].as_array().unwrap().iter();
    let found =
        senders.find(|sender| sender["protocol"] == protocol && sender["token"].as_str() == token);
    found.unwrap_or_else(|| panic!("{protocol} {token:?} is not in {stats}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_protocol_is_told_with_what_came_by_it_and_what_was_said_last() {
    let service = Service::builder().start().await;
    let nobody = json!({ "senders": [], "forgottenSenders": 0 });
    let mut stats = service.get("/stats").await.json();
    stats.as_object_mut().unwrap().remove("store");
    assert_eq!(stats, nobody);
    let body = r#"[{"timestamp":"yesterday","message":"one"},{"message":"two"}]"#;
    let reply = service.post("/logs/batch", "application/json", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let stats = service.get("/stats").await.json();
    let native = sender(&stats, "native", None);
    let counts = ["requests", "records", "bytes", "recordsOfLastMinute"];
    let counts = counts.map(|name| native[name].as_u64().unwrap());
    assert_eq!(counts, [1, 2, body.len() as u64, 2], "{stats}");
    assert_eq!(native["warnings"]["time"], 1, "{stats}");
    let said = "timestamp \"yesterday\" is not a time: the time of receipt was taken";
    assert_eq!(native["lastTold"]["example"], said);

    for (path, body) in [
        ("/logs/batch", "[{"),
        (
            "/gelf",
            r#"{"version":"1.1","host":"a","short_message":"three"}"#,
        ),
        (
            "/_bulk",
            "{\"create\":{\"_id\":\"4\"}}\n{\"message\":\"four\"}\n{\"create\":{}}\n{\"message\":\"five\"}\n",
        ),
    ] {
        service.post(path, "application/json", body).await;
    }
    let stats = service.get("/stats").await.json();
    let native = sender(&stats, "native", None);
    assert_eq!(native["refused"], json!({ "invalid_json": 1 }), "{stats}");
    let said = native["lastTold"]["example"].as_str().unwrap();
    assert!(said.starts_with("the body is not valid JSON: "), "{said}");
    // One with an id of its own is a batch of its own.
    for (protocol, records) in [("gelf", 1), ("elasticsearch", 2)] {
        assert_eq!(
            sender(&stats, protocol, None)["records"],
            records,
            "{stats}"
        );
    }
    // Who came last comes first.
    assert_eq!(stats["senders"][0]["protocol"], "elasticsearch", "{stats}");

    let command = Service::builder().env("LISTEN_ADDR", service.address().to_string());
    let (ended, stdout, stderr) = Builder::arg(command, "stats").start_expecting_exit().await;
    assert_eq!((ended.code(), stderr.as_str()), (Some(0), ""));
    assert!(stdout.starts_with("elasticsearch: 2 records, "), "{stdout}");
    assert!(
        stdout.contains("; 1 refused; 1 warned of\n    "),
        "{stdout}"
    );
}
