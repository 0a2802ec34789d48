//! Records out of reach that take long to look through: the answer does not tell that they are there.

use super::{Backend, Secrets, Tokens, asked, builder, found, store};
use crate::costly_searches::{expressions, of_a_and_b};
use serde_json::json;

async fn costly(backend: Backend) {
    let tokens = Tokens::new();
    let Secrets { sends, all, orders } = Secrets::of(&tokens).await;
    let service = builder(backend, "a_slow_record_out_of_reach", &tokens.file()).await;
    let service = service.env("QUERY_MAX_TIME", "60s").start().await;
    let large = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": of_a_and_b(6 << 20), "service": "bank"}]);
    store(&service, &sends, "large", &large).await;
    let wanted = format!("{}c", "a".repeat(200));
    let small =
        json!([{"timestamp": "2024-10-08T00:00:01Z", "message": wanted, "service": "orders"}]);
    store(&service, &sends, "small", &small).await;
    let costly = expressions();
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
