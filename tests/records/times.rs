//! The forms of a time, the record without one, and the first and last that can be kept.
#![expect(
    clippy::disallowed_methods,
    reason = "the real service has the real time"
)]

use super::{found, send};
use crate::support::stores::on_each_store;
use serde_json::json;

on_each_store!(times_are_understood_in_every_form, async |service| {
    let forms = [
        r#""2024-10-08T02:00:00Z""#,
        r#""2024-10-08T04:00:00+02:00""#,
        r#""2024-10-07T20:30:00-05:30""#,
        r#""2024-10-08 02:00:00Z""#,
        r#""2024-10-08T02:00:00""#,
        r#""2024-10-08T02:00:00.000000000Z""#,
        "1728352800",
        "1728352800.0",
        "1728352800000",
        "1728352800000000",
        "1728352800000000000",
    ];
    let records: Vec<_> = forms
        .iter()
        .map(|form| format!(r#"{{"timestamp":{form},"message":"m"}}"#))
        .collect();
    send(&service, format!("[{}]", records.join(","))).await;
    for (form, record) in forms.iter().zip(found(&service, "").await) {
        assert_eq!(record["timestamp"], "2024-10-08T02:00:00Z", "{form}");
    }
    let all = found(
        &service,
        "startTime=2024-10-08T02:00:00Z&endTime=2024-10-08T02:00:00.000000001Z",
    )
    .await;
    assert_eq!(all.len(), forms.len());
});

on_each_store!(
    a_time_that_is_none_is_the_time_of_receipt,
    async |service| {
        let before = chrono::Utc::now();
        let body = r#"[{"message":"1"},{"timestamp":"","message":"2"},{"timestamp":0,"message":"3"},{"timestamp":"-","message":"4"}]"#;
        send(&service, body).await;
        let after = chrono::Utc::now();
        let records = found(&service, "").await;
        assert_eq!(records.len(), 4);
        for record in records {
            let time = record["timestamp"].as_str().unwrap();
            let time = chrono::DateTime::parse_from_rfc3339(time).unwrap();
            assert!(before <= time && time <= after, "{before} {time} {after}");
        }
    }
);

on_each_store!(
    the_first_and_the_last_time_are_kept_and_nothing_beyond,
    async |service| {
        let bounds = [
            "1677-09-21T00:12:43.145224192Z",
            "2262-04-11T23:47:16.854775807Z",
        ];
        for time in bounds {
            send(
                &service,
                json!({"timestamp": time, "message": "m"}).to_string(),
            )
            .await;
        }
        let times: Vec<_> = found(&service, "")
            .await
            .into_iter()
            .map(|record| record["timestamp"].clone())
            .collect();
        assert_eq!(times, bounds);
        for time in [
            "1677-09-21T00:12:43.145224191Z",
            "2262-04-11T23:47:16.854775808Z",
        ] {
            let body = json!({"timestamp": time, "message": "m"}).to_string();
            let path = "/logs/batch?strict=true";
            let refused = service.post(path, "application/json", body.clone()).await;
            assert_eq!(refused.status, 400, "{time}: {}", refused.text());
            // Others are told, and it is kept beside the time of receipt.
            let told = send(&service, body).await.json();
            assert_eq!(told["warnings"][0]["index"], 0, "{told}");
        }
    }
);
