//! What readers get, and what is stored beside it, is the same before and after a move.

use super::{STORED, dated, known, migrate, moved, on, rows, send, stop, undated};
use crate::support::service::Service;
use serde_json::{Value, json};

/// Searches that look at different parts of records.
const SEARCHES: [&str; 12] = [
    "/logs/retrieve?startTime=0",
    "/logs/retrieve?startTime=0&order=desc",
    "/logs/retrieve?startTime=0&minLevel=WARN",
    "/logs/retrieve?startTime=0&logLevel=notice",
    "/logs/retrieve?startTime=0&q=SECOND",
    "/logs/retrieve?startTime=0&word=keyed",
    "/logs/retrieve?startTime=0&attr.n=2.5",
    "/logs/retrieve?startTime=0&attr.deep.a.b=true",
    "/logs/retrieve?startTime=0&attr.big=123456789012345678901234567890",
    "/logs/retrieve?startTime=0&attr.missing=1",
    "/logs/histogram?startTime=2024-10-01&endTime=2024-11-01&interval=1d",
    "/logs/facets?startTime=2024-10-01&endTime=2024-11-01",
];

fn unusual() -> Value {
    let big: Value = serde_json::from_str("123456789012345678901234567890").unwrap();
    json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "notice", "message": "", "attributes": {"big": big, "": {}}},
        {"timestamp": "2024-10-08T00:00:00Z", "level": "fatal", "message": "x".repeat(20_000), "attributes": {"n": [[]]}},
        {"timestamp": "2024-10-11T00:00:00Z", "message": "(in logs_large)"},
    ])
}

async fn answers(service: &Service) -> Vec<String> {
    let mut answers = Vec::new();
    for search in SEARCHES {
        let reply = service.get(search).await;
        assert!(
            [200, 404].contains(&reply.status),
            "{search}: {}",
            reply.text()
        );
        answers.push(reply.text());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn each_search_gives_the_same_bytes_after_the_move_as_before() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let service = rows(folder).start().await;
    for body in [dated("keyed"), undated("keyed"), unusual()] {
        send(&service, STORED, None, &body).await;
    }
    let before = answers(&service).await;
    stop(service).await;
    let (status, _, stderr) = migrate(on(folder)).await;
    assert!(status.success(), "{stderr}");
    // One was sent so, and might be one whose text is lost.
    let told = "rows have the message (in logs_large), and no text in logs_large";
    assert!(stderr.contains(told), "{stderr}");
    let service = on(folder).start().await;
    let after = answers(&service).await;
    for ((search, before), after) in SEARCHES.iter().zip(before).zip(after) {
        assert_eq!(before, after, "{search}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_under_a_key_of_its_content_is_known_after_the_move() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let by_content = "/logs/batch?ack=stored&key=content";
    let service = rows(folder).start().await;
    send(&service, by_content, None, &dated("of its content")).await;
    stop(service).await;
    moved(folder).await;
    let service = on(folder).start().await;
    send(&service, by_content, None, &dated("of its content")).await;
    assert_eq!(known(&service).await, 3);
    send(&service, by_content, None, &dated("of another")).await;
    let health = service.health().await;
    assert_eq!(health["records"]["stored"], 3, "{health}");
}
