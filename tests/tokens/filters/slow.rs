//! Records out of reach that take long to look through: the answer does not tell that they are there.

use super::{Backend, Tokens, asked, builder, found, store};
use serde_json::json;

/// A text that an expression has to follow at a hundred places at once, longer than one record may take.
fn of_a_and_b(length: usize) -> String {
    let mut number = 1_u32;
    let letter = |_| {
        number ^= number << 13;
        number ^= number >> 17;
        number ^= number << 5;
        if number & 1 == 0 { 'a' } else { 'b' }
    };
    (0..length).map(letter).collect()
}

async fn costly(backend: Backend) {
    let tokens = Tokens::new();
    let sends = tokens.make("sends", "--scope ingest").await;
    let all = tokens.make("all", "--scope read").await;
    let orders = tokens
        .make("orders", "--scope read --filter attr.service=orders")
        .await;
    let service = builder(backend, "a_slow_record_out_of_reach", &tokens.file()).await;
    let service = service.env("QUERY_MAX_TIME", "60s").start().await;
    let large = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": of_a_and_b(6 << 20), "service": "bank"}]);
    store(&service, &sends, "large", &large).await;
    let wanted = format!("{}c", "a".repeat(200));
    let small =
        json!([{"timestamp": "2024-10-08T00:00:01Z", "message": wanted, "service": "orders"}]);
    store(&service, &sends, "small", &small).await;
    let one = |length: usize| format!("regex=[ab]*a[ab]{{{length}}}c|a[ab]{{60}}d");
    let costly = (90..106).map(one).collect::<Vec<_>>().join("&");
    let hidden = found(&service, &all, "attr.service=bank").await;
    let hidden = super::id(&hidden[0]);
    for path in [
        format!("/logs/retrieve?limit=10&{costly}"),
        format!("/logs/retrieve?{costly}"),
        format!("/logs/histogram?startTime=2024-10-08&endTime=2024-10-09&{costly}"),
        format!("/logs/facets?{costly}"),
    ] {
        // It is one that tells.
        let told = asked(&service, &path, &all).await;
        assert_eq!(
            (told.status, told.text().contains(hidden)),
            (504, true),
            "{path}: {}",
            told.text()
        );
        let answer = asked(&service, &path, &orders).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        match answer.json().get("records") {
            Some(records) => assert_eq!(
                (records, &answer.json()["complete"]),
                (&json!(1), &json!(true)),
                "{path}"
            ),
            None => assert_eq!(answer.json().as_array().unwrap().len(), 1, "{path}"),
        }
        assert!(
            [None, Some("true")].contains(&answer.header("x-search-complete")),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_out_of_reach_that_takes_too_long_is_passed_over_in_rows() {
    costly(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_out_of_reach_that_takes_too_long_is_passed_over_in_blocks() {
    costly(Backend::Blocks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_out_of_reach_that_takes_too_long_is_passed_over_in_mongodb() {
    costly(Backend::MongoDb).await;
}
