//! What comes back is what was sent, on both stores: levels, times, texts, attributes, their order.

mod large;
mod times;

use crate::support::compressed::ENCODERS;
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic;
use serde_json::{Value, json};

/// Sends a body that has to be taken, and returns the answer.
async fn send(service: &Service, body: impl Into<Vec<u8>>) -> Reply {
    let reply = service.post("/logs/batch", "application/json", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

/// The answer to a query, without the ids; empty when nothing is found.
async fn found(service: &Service, query: &str) -> Vec<Value> {
    let mut records = traffic::found(service, query).await;
    for record in &mut records {
        record.as_object_mut().expect("an object").remove("id");
    }
    records
}

on_each_store!(what_was_sent_comes_back, async |service| {
    let long = "äß€😀 \u{0} \"\\\u{1}".repeat(16 * 1024);
    assert!(long.len() > 256 * 1024);
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00.000000001Z", "level": "INFO", "message": "a nanosecond"},
        {"timestamp": "2024-10-08T00:00:00.000000002Z", "level": "nötig", "message": "🦀 e\u{301} \u{202e} \u{feff}"},
        {"timestamp": "2024-10-08T00:00:00.000000003Z", "message": "no level"},
        {"timestamp": "2024-10-08T00:00:00.000000004Z", "level": "WARN", "message": ""},
        {"timestamp": "2024-10-08T00:00:00.000000005Z", "level": "WARN", "message": long},
        {"timestamp": "2024-10-08T00:00:00.000000006Z", "level": "ERROR", "message": "tab\tline\nbell\u{7} nul\u{0}."},
        {"timestamp": "2024-10-08T00:00:00.000000007Z", "level": "ERROR", "message": "all kinds", "attributes": {
            "text": "\u{0}", "true": true, "null": null, "int": -7, "float": 0.1, "large": 1.5e300,
            "": "no name", "$set": 1, "a.b": {"c.d": [1, "two", [], {}, [null, {"x": {}}]]}, "ключ": "🔑",
        }},
    ]);
    send(&service, records.to_string()).await;
    assert_eq!(json!(found(&service, "").await), records);
});

on_each_store!(numbers_keep_their_digits, async |service| {
    let numbers = [
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551616",
        "1234567890123456789012345678901234",
        "123456789012345678901234567890123456789012345678901234567890",
        "-123456789012345678901234567890123456789012345678901234567890",
    ];
    let list = numbers.join(",");
    let body = format!(
        r#"[{{"timestamp":"2024-10-08T00:00:00Z","message":"m","attributes":{{"n":[{list}]}}}}]"#
    );
    send(&service, body).await;
    let answer = service.get("/logs/retrieve").await.text();
    assert!(answer.contains(&format!("[{list}]")), "{answer}");
});

/// A record with an attribute that is nested so deep.
fn nested(depth: usize) -> String {
    let (open, close) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
    format!(
        r#"[{{"timestamp":"2024-10-08T00:00:00Z","message":"m","attributes":{{"a":{open}1{close}}}}}]"#
    )
}

on_each_store!(attributes_are_nested_up_to_32_deep, async |service| {
    send(&service, nested(32)).await;
    let records = found(&service, "").await;
    let mut value = &records[0]["attributes"]["a"];
    for _ in 0..32 {
        value = &value["a"];
    }
    assert_eq!(value, 1);
    let path = "/logs/batch?strict=true";
    let refused = service.post(path, "application/json", nested(33)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    // Others are told that what lies deeper is text.
    let told = send(&service, nested(33)).await.json();
    assert_eq!(told["warnings"][0]["index"], 0, "{told}");
    let deep = format!("[{}", "[".repeat(500_000));
    let refused = service.post("/logs/batch", "application/json", deep).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
});

on_each_store!(
    fields_are_found_under_the_names_that_senders_use,
    async |service| {
        let body = r#"[
        {"@timestamp":"2024-10-08T00:00:01Z","msg":"1","severity":"info","host":"a"},
        {"time":"2024-10-08T00:00:02Z","log":"2","log.level":"info"},
        {"_time":"2024-10-08T00:00:03Z","_msg":"3","severity_text":"info"},
        {"ts":"2024-10-08T00:00:04Z","body":"4","lvl":"info"},
        {"date":"2024-10-08T00:00:05Z","short_message":"5","level":"info","a":1,"a":2},
        {"timestamp":"","@timestamp":"2024-10-08T00:00:06Z","message":"6","msg":"kept","level":"info","attributes":{"b":1}}
    ]"#;
        send(&service, body).await;
        let records = found(&service, "logLevel=INFO").await;
        let messages: Vec<_> = records
            .iter()
            .filter_map(|record| record["message"].as_str())
            .collect();
        assert_eq!(messages, ["1", "2", "3", "4", "5", "6"]);
        assert_eq!(records[0]["attributes"], json!({"host": "a"}));
        assert_eq!(records[1].get("attributes"), None);
        assert_eq!(records[4]["attributes"], json!({"a": 2}));
        assert_eq!(records[5]["attributes"]["b"], 1);
    }
);

/// How each level may be asked for, and how it may be spelt.
const LEVELS: [(&str, &str); 7] = [
    ("trace", "trace trc finest silly TRACE"),
    ("debug", "debug dbug dbg verbose finer fine Debug"),
    ("info", "info inf information informational notice log INFO"),
    ("warn", "warn warning wrn WARNING"),
    (
        "error",
        "error err eror severe critical crit alert panic ERROR",
    ),
    ("fatal", "fatal emerg emergency FATAL"),
    ("audit", "AUDIT Audit"),
];

on_each_store!(a_level_is_found_by_every_spelling, async |service| {
    let spellings = LEVELS
        .iter()
        .flat_map(|(_, spellings)| spellings.split(' '));
    let records: Vec<_> = spellings
        .map(|level| json!({"timestamp": "2024-10-08T00:00:00Z", "level": level, "message": level}))
        .chain([json!({"timestamp": "2024-10-08T00:00:00Z", "message": "none"})])
        .collect();
    send(&service, json!(records).to_string()).await;
    for (level, spellings) in LEVELS {
        let sent: Vec<_> = spellings.split(' ').collect();
        for asked in [level.to_owned(), level.to_uppercase(), sent[1].to_owned()] {
            let records = found(&service, &format!("logLevel={asked}")).await;
            let levels: Vec<_> = records
                .iter()
                .filter_map(|record| record["level"].as_str())
                .collect();
            assert_eq!(levels, sent, "logLevel={asked}");
        }
    }
});

on_each_store!(
    records_come_in_the_order_of_time_and_of_their_batch,
    async |service| {
        let record = |second: u32, message: String| json!({"timestamp": format!("2024-10-08T00:00:{second:02}Z"), "message": message});
        let late: Vec<_> = (0..100)
            .map(|number| record(7, format!("late {number}")))
            .collect();
        let early: Vec<_> = (0..100)
            .map(|number| record(number % 7, format!("early {number}")))
            .collect();
        send(&service, json!(late).to_string()).await;
        send(&service, json!(early).to_string()).await;
        let mut expected = early;
        expected.sort_by_key(|record| record["timestamp"].as_str().map(str::to_owned));
        expected.extend(late);
        assert_eq!(found(&service, "").await, expected);
        let part = found(
            &service,
            "startTime=2024-10-08T00:00:03Z&endTime=2024-10-08T00:00:05Z",
        )
        .await;
        let inside = |record: &&Value| {
            ["03Z", "04Z"]
                .iter()
                .any(|end| record["timestamp"].as_str().unwrap().ends_with(end))
        };
        assert_eq!(
            part,
            expected.iter().filter(inside).cloned().collect::<Vec<_>>()
        );
    }
);

on_each_store!(
    lines_one_object_and_compressed_bodies_are_taken,
    async |service| {
        let line = |number: u32| {
            json!({"timestamp": format!("2024-10-08T00:00:{number:02}Z"), "message": number.to_string()}).to_string()
        };
        let lines = format!("{}\r\n\n{}\n", line(0), line(1));
        let reply = service
            .post("/logs/batch", "application/x-ndjson", lines)
            .await;
        assert_eq!(reply.json()["accepted"], 2, "{}", reply.text());
        // Without a type that helps, the first byte decides.
        for (number, content_type) in [(2, "text/plain"), (3, "application/x-www-form-urlencoded")]
        {
            let reply = service
                .post("/logs/batch", content_type, line(number))
                .await;
            assert_eq!(reply.json()["accepted"], 1, "{}", reply.text());
        }
        for (number, (encoding, encode)) in (4..).zip(ENCODERS) {
            let body = encode(line(number).as_bytes());
            let reply = service
                .post_with("/logs/batch", &[("content-encoding", encoding)], body)
                .await;
            assert_eq!(reply.json()["accepted"], 1, "{encoding}: {}", reply.text());
        }
        let records = found(&service, "").await;
        let messages: Vec<_> = records
            .iter()
            .map(|record| record["message"].as_str().unwrap())
            .collect();
        assert_eq!(messages, ["0", "1", "2", "3", "4", "5", "6"]);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn all_stores_answer_with_the_same_bytes() {
    let body = json!([
        {"timestamp": "2024-10-08T00:00:00.123456789Z", "level": "WARN", "message": "one 🦀", "attributes":
            {"z": 1, "a": [1.0, 1e21, -0.0, 0.1, 5e-324, 1e-7], "big": u64::MAX, "nested": {"b": null}}},
        {"timestamp": "2024-10-08T00:00:00Z", "message": "two\u{0}\u{7f}\u{2028}"},
        {"timestamp": "1969-12-31T23:59:59.9Z", "level": "audit", "message": "three"},
    ])
    .to_string();
    let mut answers = Vec::new();
    for backend in Backend::ALL {
        let service = backend.start("all_stores_answer_with_the_same_bytes").await;
        let reply = service
            .post_with("/logs/batch", &[("idempotency-key", "k")], body.clone())
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let found = service.get("/logs/retrieve").await;
        answers.push((reply.text(), without_orders(&found)));
    }
    for answer in &answers {
        assert_eq!(*answer, answers[0]);
    }
    assert!(answers[0].1.contains("three"));
}

/// An answer with the ids that its records have where their order is not kept.
fn without_orders(found: &Reply) -> String {
    let records = found.json();
    let ids = records.as_array().unwrap().iter();
    let ids = ids.map(|record| record["id"].as_str().unwrap());
    ids.fold(found.text(), |text, id| {
        let (time, rest) = id.split_at(16);
        let (_, rest) = rest.split_at(id.len() - 40);
        text.replace(id, &format!("{time}{rest}"))
    })
}
