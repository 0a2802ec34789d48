//! The examples of the README, sent as curl sends them.

use crate::support::stores::on_each_store;
use serde_json::{Value, json};

on_each_store!(the_examples_work_as_written, async |service| {
    let batch = r#"[{"timestamp":"2024-10-08T00:00:00Z","level":"ERROR","message":"Database connection failed."},
         {"timestamp":"2024-10-08T01:00:00Z","level":"INFO","message":"User login successful."},
         {"timestamp":"2024-10-08T02:00:00Z","level":"WARNING","message":"High memory usage detected."}]"#;
    let accepted = service.post("/logs/batch", "application/json", batch).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    let answer = accepted.json();
    assert_eq!(answer["status"], "success");
    assert_eq!(answer["message"], "Log batch accepted");
    assert_eq!(answer["accepted"], 3);
    assert_eq!(answer["durability"], "stored");

    for level in ["WARNING", "warn"] {
        let found = service
            .get(&format!(
                "/logs/retrieve?startTime=2024-10-07T20:00:00Z&endTime=2024-10-08T08:00:00Z&logLevel={level}"
            ))
            .await;
        assert_eq!(found.status, 200, "{}", found.text());
        let records = found.json();
        let record = &records.as_array().unwrap()[0];
        assert_eq!(records.as_array().map(Vec::len), Some(1));
        assert_eq!(
            json!([record["timestamp"], record["level"], record["message"]]),
            json!([
                "2024-10-08T02:00:00Z",
                "WARNING",
                "High memory usage detected."
            ])
        );
        assert_eq!(record.get("attributes"), None::<&Value>);
    }
});
