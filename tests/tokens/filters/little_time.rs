//! Answers that end before all was looked at: how far they came is a record, which may be out of reach.

use super::{Backend, Secrets, Service, Tokens, Value, asked, builder, found, id, store};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

const BATCHES: usize = 60;
const SPAN: &str = "startTime=2024-01-01&endTime=2032-01-01&interval=30d";

/// Many that are out of reach, with one before them all that is not.
async fn fill(service: &Service, sends: &str) {
    let one =
        json!([{"timestamp": "2024-10-08T00:00:00Z", "message": "seen", "service": "orders"}]);
    store(service, sends, "one", &one).await;
    for batch in 0..BATCHES {
        let record = |number: usize| json!({"timestamp": format!("2031-07-07T07:07:07.{batch:03}{number:03}Z"), "message": "unseen", "service": "bank"});
        let records: Vec<Value> = (0..1000).map(record).collect();
        store(service, sends, &format!("batch-{batch}"), &records.into()).await;
    }
}

/// Where all may be known of, a filter that is asked for says how far it came.
async fn comes_to_what_is_unseen(service: &Service, path: &str, all: &str) {
    let told = asked(service, &format!("{path}&attr.service=orders"), all)
        .await
        .json();
    assert!(
        told["countedUpTo"]
            .as_str()
            .unwrap()
            .starts_with("2031-07-07"),
        "{told}"
    );
}

async fn facets(service: &Service, [all, orders]: [&str; 2], order: &str) {
    let path = format!("/logs/facets?order={order}");
    comes_to_what_is_unseen(service, &path, all).await;
    let told = asked(service, &path, orders).await.json();
    assert_eq!(
        (&told["complete"], told.get("countedUpTo")),
        (&json!(false), None),
        "{told}"
    );
}

async fn histogram(service: &Service, [all, orders]: [&str; 2], order: &str) {
    let path = format!("/logs/histogram?{SPAN}&order={order}");
    comes_to_what_is_unseen(service, &path, all).await;
    let told = asked(service, &path, orders).await.json();
    assert_eq!(told["complete"], false, "{told}");
    let buckets = told["buckets"].as_array().unwrap();
    let filled = buckets.iter().position(|bucket| bucket["count"] == 1);
    let open = |bucket: &Value| bucket["complete"] == false;
    // Up to the bucket of what may be known of, or nothing.
    if order == "asc" {
        let filled = filled.unwrap();
        assert_eq!(told["countedUpTo"], buckets[filled]["start"], "{told}");
        assert!(
            !buckets[..filled].iter().any(open) && buckets[filled..].iter().all(open),
            "{told}"
        );
    } else {
        assert_eq!(told["countedUpTo"], told["endTime"], "{told}");
        assert!(filled.is_none() && buckets.iter().all(open), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_ends_early_does_not_tell_which_record_it_came_to() {
    let tokens = Tokens::new();
    let Secrets { sends, all, orders } = Secrets::of(&tokens).await;
    // In rows each record is looked at.
    let service = builder(Backend::Sqlite, "filters_little_time", &tokens.file()).await;
    let service = service.env("QUERY_MAX_TIME", "1ms").start().await;
    fill(&service, &sends).await;
    let hidden = asked(&service, "/logs/retrieve?limit=1&order=desc", &all)
        .await
        .json();
    // As much as all of them have of their time.
    let prefix = u32::from_str_radix(&id(&hidden[0])[..8], 16)
        .unwrap()
        .to_be_bytes();
    let came_to = async |secret: &str, query: &str| {
        let reply = asked(
            &service,
            &format!("/logs/retrieve?limit=10&{query}"),
            secret,
        )
        .await;
        assert_eq!(
            reply.header("x-search-complete"),
            Some("false"),
            "{}",
            reply.text()
        );
        let cursor = reply.header("x-next-cursor").unwrap();
        let link = reply.header("link").unwrap();
        assert!(link.contains(cursor), "{link}");
        let shown = BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap();
        shown.windows(4).any(|bytes| bytes == prefix)
    };
    assert!(
        came_to(&all, "attr.service=orders").await,
        "the time of a record is shown to whoever may know of it"
    );
    assert!(!came_to(&orders, "").await);
    assert!(!came_to(&orders, "order=desc").await);

    for order in ["asc", "desc"] {
        facets(&service, [&all, &orders], order).await;
        histogram(&service, [&all, &orders], order).await;
    }
    assert_eq!(found(&service, &orders, "").await.len(), 1);
}
