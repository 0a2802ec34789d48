//! `LOG_FORMAT=json`: what the service says can be sent to a service like any other log.

use crate::support::service::Service;
use serde_json::{Map, Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn its_own_lines_are_taken_as_they_are_with_time_level_message_and_the_rest_as_attributes() {
    let nobody = "mongodb://127.0.0.1:1/?directConnection=true";
    let settings = Service::builder().mongodb(nobody, "logs");
    let talking = settings.env("RUST_LOG", "trace").start().await;
    assert_eq!(talking.get("/logs/retrieve").await.status, 503);
    talking.terminate();
    assert_eq!(talking.wait_exit(PATIENCE).await.code(), Some(0));
    let log = talking.log_text();
    let said: Vec<Map<String, Value>> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for level in ["INFO", "WARN", "DEBUG"] {
        assert!(said.iter().any(|line| line["level"] == level), "{log}");
    }
    assert!(log.contains("request_id"), "{log}");

    let service = Service::builder().start().await;
    let path = "/logs/batch?ack=stored&strict=true";
    let reply = service.post(path, "application/x-ndjson", log).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    assert_eq!(answer["accepted"], said.len(), "{answer}");
    assert_eq!(answer["warningCount"], Value::Null, "{answer}");
    let stored = service.get("/logs/retrieve").await.json();
    let mut stored: Vec<Value> = stored.as_array().unwrap().clone();
    for mut line in said {
        let [time, level, message] =
            ["timestamp", "level", "message"].map(|name| line.remove(name).unwrap());
        let place = stored.iter().position(|record| {
            record["level"] == level
                && record["message"] == message
                && record["attributes"] == json!(line)
                && millis(&record["timestamp"]) == millis(&time)
        });
        let place = place
            .unwrap_or_else(|| panic!("{time} {level} {message} {line:?} is not in {stored:#?}"));
        stored.remove(place);
    }
    assert_eq!(stored, [] as [Value; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn why_it_could_not_start_is_a_line_like_the_others() {
    let taken = Service::builder().start().await;
    let address = taken.address().to_string();
    let second = Service::builder().env("LISTEN_ADDR", &address);
    let (status, _, log) = second.start_expecting_exit().await;
    assert_eq!(status.code(), Some(1), "{log}");
    let last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    let said = format!("cannot listen on {address}: ");
    assert!(
        last["message"].as_str().unwrap().starts_with(&said),
        "{log}"
    );
    assert_eq!(
        (&last["level"], &last["target"]),
        (&json!("ERROR"), &json!("aggregator"))
    );
    let reply = taken
        .post("/logs/batch?strict=true", "application/x-ndjson", log)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// A time to the millisecond, which the store keeps at least.
fn millis(time: &Value) -> &str {
    time.as_str().and_then(|text| text.get(..23)).unwrap()
}
