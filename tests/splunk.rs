//! Splunk's HTTP event collector: events and lines are stored, and answers are Splunk's.

use crate::support::compressed::{ENCODERS, gzip};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{found_when_stored, seconds_to_wait};
use serde_json::{Value, json};

const EVENTS: [&str; 3] = [
    "/services/collector",
    "/services/collector/event",
    "/services/collector/event/1.0",
];
const RAW: [&str; 2] = ["/services/collector/raw", "/services/collector/raw/1.0"];
const FINE: &str =
    r#"{"time":1426279439.1234,"host":"h","event":{"message":"m","severity":"WARN"}}"#;

async fn send(service: &Service, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    let token = [(
        "authorization",
        "Splunk 12345678-1234-1234-1234-1234567890AB",
    )];
    service.post_with(path, &token, body).await
}

async fn taken(service: &Service, path: &str, body: impl Into<Vec<u8>>) {
    let reply = send(service, path, body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.text(), r#"{"text":"Success","code":0}"#);
}

on_each_store!(
    events_are_stored_once_however_often_they_are_sent_and_after_a_kill,
    async |service| {
        let two = format!(r#"{FINE}{{"time":"1426279440","event":"n"}}"#);
        for kill in [false, false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            taken(&service, EVENTS[1], FINE).await;
            taken(&service, EVENTS[0], two.clone()).await;
        }
        let records = found_when_stored(&service, "").await;
        assert_eq!(records.len(), 3, "{records:?}");
        let record = &records[0];
        assert_eq!(record["timestamp"], "2015-03-13T20:43:59.123400Z");
        assert_eq!(record["level"], "WARN");
        assert_eq!(record["message"], "m");
        assert_eq!(record["attributes"], json!({"host": "h"}));
    }
);

on_each_store!(
    what_a_request_says_outside_its_body_tells_it_from_others,
    async |service| {
        for query in ["", "?source=a", "?source=b", "?host=a", "?source=a&host=a"] {
            for _ in 0..2 {
                taken(&service, &format!("{}{query}", EVENTS[2]), FINE).await;
                let line = r#"{"ts":1426279439.1234,"msg":"line"}"#;
                taken(&service, &format!("{}{query}", RAW[0]), line).await;
            }
        }
        let records = found_when_stored(&service, "").await;
        assert_eq!(records.len(), 10, "{records:?}");
        let with = |source: &str| {
            let of = |record: &&Value| record["attributes"]["source"] == source;
            records.iter().filter(of).count()
        };
        assert_eq!((with("a"), with("b")), (4, 2));
    }
);

on_each_store!(
    honest_events_that_look_alike_are_stored_each,
    async |service| {
        for body in [
            r#"{"event":"alive"}"#,
            r#"{"time":1426279439.123,"event":"x"}"#,
        ] {
            for _ in 0..2 {
                taken(&service, EVENTS[0], body).await;
            }
        }
        for _ in 0..2 {
            taken(&service, RAW[0], "a line\n").await;
        }
        assert_eq!(found_when_stored(&service, "").await.len(), 6);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn every_address_takes_what_it_is_for_in_any_packing() {
    let service = Service::builder().start().await;
    let mut expected = Vec::new();
    for path in EVENTS {
        taken(&service, path, format!(r#"{{"event":"{path}"}}"#)).await;
        expected.push(path.to_owned());
    }
    for path in RAW {
        taken(&service, path, format!("{path}\n[x] {path}\n")).await;
        expected.extend([path.to_owned(), format!("[x] {path}")]);
    }
    for (encoding, encode) in ENCODERS {
        let body = encode(format!(r#"{{"event":"{encoding}"}}"#).as_bytes());
        let headers = [("content-encoding", encoding)];
        let reply = service.post_with(EVENTS[0], &headers, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        expected.push(encoding.to_owned());
    }
    let records = found_when_stored(&service, "").await;
    let messages = records.iter().map(|record| record["message"].as_str());
    let mut messages: Vec<_> = messages.map(|text| text.unwrap().to_owned()).collect();
    messages.sort();
    expected.sort();
    assert_eq!(messages, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_of_senders_are_answered_as_splunk_answers_them() {
    let service = Service::builder().start().await;
    for path in EVENTS.into_iter().chain(RAW) {
        let asked = service
            .http()
            .request(reqwest::Method::OPTIONS, service.url(path));
        assert_eq!(asked.send().await.unwrap().status().as_u16(), 200, "{path}");
    }
    for path in [
        "/services/collector/health",
        "/services/collector/health/1.0",
    ] {
        let health = service.get(path).await;
        assert_eq!(health.status, 200);
        assert_eq!(health.text(), r#"{"text":"HEC is healthy","code":17}"#);
    }
    let all = EVENTS.iter().chain(&RAW).copied();
    for (path, method, allowed) in all
        .map(|path| (path, reqwest::Method::GET, "POST"))
        .chain([("/services/collector/health", reqwest::Method::POST, "GET")])
    {
        let asked = service.http().request(method, service.url(path));
        let refused = asked.send().await.unwrap();
        assert_eq!(refused.status().as_u16(), 405, "{path}");
        let allow = refused.headers()["allow"].to_str().unwrap().to_owned();
        assert!(allow.contains(allowed), "{path}: {allow}");
        let told: Value = refused.json().await.unwrap();
        assert_eq!(told["code"], 405, "{told}");
        assert!(
            told["text"].is_string() && told.get("message").is_none(),
            "{told}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_answered_with_splunks_numbers() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "64KiB");
    let service = settings.env("MAX_DECODED_BYTES", "128KiB").start().await;
    let refused = async |headers: &[(&str, &str)], body: Vec<u8>| {
        let reply = service.post_with(EVENTS[1], headers, body).await;
        (reply.status, reply.json())
    };
    let invalid = json!({"text": "Invalid data format", "code": 6});
    let zipped = [("content-encoding", "gzip")];
    assert_eq!(
        refused(&[], b"{\"event\":".to_vec()).await,
        (400, invalid.clone())
    );
    assert_eq!(refused(&zipped, b"no gzip".to_vec()).await, (400, invalid));
    let nothing = json!({"text": "No data", "code": 5});
    assert_eq!(refused(&[], b" \n".to_vec()).await, (400, nothing));
    for (headers, body) in [
        (&[][..], vec![b' '; 65 * 1024]),
        (&zipped, gzip(&vec![b' '; 129 * 1024])),
    ] {
        let (status, told) = refused(headers, body).await;
        assert_eq!((status, &told["code"]), (413, &json!(27)), "{told}");
    }
    let (status, _) = refused(&[("content-encoding", "br")], b"{}".to_vec()).await;
    assert_eq!(status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn overload_is_told_as_splunk_tells_it_and_when_to_come_again() {
    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let service = settings.start().await;
    for path in [EVENTS[0], RAW[0]] {
        let refused = send(&service, path, FINE).await;
        assert_eq!(refused.status, 503, "{}", refused.text());
        assert_eq!(refused.text(), r#"{"text":"Server is busy","code":9}"#);
        assert!(seconds_to_wait(&refused) >= 1);
    }
    let health = service.get("/services/collector/health").await;
    assert_eq!((health.status, &health.json()["code"]), (503, &json!(18)));
    assert!(seconds_to_wait(&health) >= 1);
}
