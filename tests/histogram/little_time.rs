//! Counting that takes longer than `QUERY_MAX_TIME`.

use super::histogram;
use crate::support::stores::Backend;
use crate::support::traffic::{drained, fill};
use serde_json::{Value, json};

/// Whether what is told is right as far as it goes: of a bucket that is counted, everything.
fn is_a_part(part: &Value, whole: &Value) {
    let buckets = |answer: &Value| answer["buckets"].as_array().unwrap().clone();
    let (parts, wholes) = (buckets(part), buckets(whole));
    assert_eq!(parts.len(), wholes.len());
    let mut cut = 0;
    for (part, whole) in parts.iter().zip(&wholes) {
        if part.get("complete").is_none() {
            assert_eq!(part, whole);
        } else {
            assert_eq!(part["complete"], false);
            assert!(
                part["count"].as_u64() <= whole["count"].as_u64(),
                "{part} {whole}"
            );
            cut += 1;
        }
    }
    assert!(cut > 0, "{part}");
}

async fn little_time(backend: Backend) {
    let settings = backend.builder("a_count_longer_than_its_time").await;
    let service = settings.clone().start().await;
    fill(&service, 60).await;
    drained(&service).await;
    let range = "startTime=2024-10-08T00:00:00Z&endTime=2024-10-08T00:01:00Z&interval=1s";
    let whole = histogram(&service, range).await;
    assert_eq!(
        (&whole["complete"], &whole["records"]),
        (&json!(true), &json!(60_000))
    );
    let data = service.data_dir().to_owned();
    service.kill();
    let service_of_little_time = settings
        .data_dir(data)
        .env("QUERY_MAX_TIME", "1ms")
        .start()
        .await;
    let costly = "regex=^(?s:.)*$&".repeat(5);
    for filter in ["", "order=desc", &costly, &format!("{costly}order=desc")] {
        let part = histogram(&service_of_little_time, &format!("{range}&{filter}")).await;
        // Without reading a record.
        if backend == Backend::Blocks && !filter.contains("regex") && part == whole {
            continue;
        }
        assert_eq!(part["complete"], false, "{filter}");
        let reached = part["countedUpTo"].as_str().unwrap();
        assert!(reached.starts_with("2024-10-08T00:0"), "{reached}");
        assert!(part["records"].as_u64().unwrap() < 60_000, "{filter}");
        is_a_part(&part, &whole);
        let ends = part["buckets"].as_array().unwrap();
        let (first, last) = if filter.contains("desc") {
            (59, 0)
        } else {
            (0, 59)
        };
        assert_eq!(ends[last]["complete"], false, "{filter}");
        assert!(ends[first]["count"].as_u64().unwrap() > 0, "{filter}");
    }
}

mod a_count_that_takes_too_long_says_how_far_it_came {
    use super::{Backend, little_time};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        little_time(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        little_time(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        little_time(Backend::MongoDb).await;
    }
}
