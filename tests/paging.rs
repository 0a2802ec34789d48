//! Page by page with a cursor: nothing skipped, nothing twice, and no cursor but the service's own.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::http::Reply;
use crate::support::mongod;
use crate::support::service::Service;
use crate::support::stores::{Backend, database, on_each_store};
use crate::support::traffic::{drained, fill};
use serde_json::{Value, json};

/// Records that share one time.
const TIES: usize = 3_000;

/// Stores records of one time, several batches of them.
async fn send_ties(service: &Service, message: &str, count: usize) {
    for batch in 0..3 {
        let record = |number: usize| json!({"timestamp": "2024-10-08T00:00:00Z", "level": "WARN", "message": message, "batch": batch, "number": number});
        let records: Vec<Value> = (0..count / 3).map(record).collect();
        assert_eq!(service.batch(&json!(records)).await.status, 200);
    }
    drained(service).await;
}

fn records(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().as_array().unwrap().clone()
}

/// The address in `Link`, which holds the same cursor as the other header.
fn next(reply: &Reply) -> Option<String> {
    let cursor = reply.header("x-next-cursor")?;
    let link = reply.header("link").expect("both headers or none");
    let address = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""))
        .unwrap();
    assert!(address.ends_with(&format!("cursor={cursor}")), "{link}");
    Some(address.to_owned())
}

/// All pages, as the links lead from one to the next.
async fn walk(service: &Service, query: &str) -> Vec<Value> {
    let mut address = format!("/logs/retrieve?{query}");
    let mut all = Vec::new();
    loop {
        let reply = service.get(&address).await;
        all.extend(records(&reply));
        match next(&reply) {
            Some(next) => address = next,
            None => return all,
        }
    }
}

on_each_store!(
    pages_skip_and_repeat_nothing_when_thousands_share_one_time_and_others_write,
    async |service| {
        send_ties(&service, "tie", TIES).await;
        let writing = AtomicBool::new(true);
        let write = async {
            while writing.load(Ordering::Relaxed) {
                send_ties(&service, "meanwhile", 30).await;
            }
        };
        let read = async {
            for order in ["asc", "desc"] {
                for (limit, filter) in [
                    (97, ""),
                    (1_000, "&q=tie"),
                    (500, "&minLevel=WARN&attr.batch=1"),
                ] {
                    let query = format!("order={order}{filter}");
                    let mut pages = walk(&service, &format!("{query}&limit={limit}")).await;
                    let mut stream =
                        records(&service.get(&format!("/logs/retrieve?{query}")).await);
                    let ids: Vec<&str> = pages
                        .iter()
                        .map(|row| row["id"].as_str().unwrap())
                        .collect();
                    let in_order = |a: &&str, b: &&str| if order == "asc" { a < b } else { a > b };
                    assert!(ids.is_sorted_by(in_order), "in order and none twice");
                    pages.retain(|row| row["message"] == "tie");
                    stream.retain(|row| row["message"] == "tie");
                    assert!(
                        pages == stream,
                        "{query}: {} of {}",
                        pages.len(),
                        stream.len()
                    );
                    let expected = if filter.contains("batch") {
                        TIES / 3
                    } else {
                        TIES
                    };
                    assert_eq!(pages.len(), expected);
                }
            }
            writing.store(false, Ordering::Relaxed);
        };
        tokio::join!(write, read);
    }
);

on_each_store!(a_cursor_is_good_for_its_own_query_alone, async |service| {
    send_ties(&service, "tie", 30).await;
    let first = service
        .get("/logs/retrieve?limit=7&q=tie&startTime=0")
        .await;
    assert_eq!(records(&first).len(), 7);
    assert_eq!(first.header("x-search-complete"), Some("true"));
    let cursor = first.header("x-next-cursor").unwrap();
    let mut changed = cursor.to_owned();
    changed.replace_range(..1, if cursor.starts_with('B') { "C" } else { "B" });
    for (query, status) in [
        (format!("q=tie&startTime=0&cursor={cursor}"), 200),
        (format!("limit=9&startTime=0&q=tie&cursor={cursor}"), 200),
        (format!("q=tie&cursor={cursor}"), 400),
        (format!("q=tie&startTime=0&order=desc&cursor={cursor}"), 400),
        (format!("q=tie&startTime=0&cursor={changed}"), 400),
        (format!("q=tie&startTime=0&cursor={cursor}A"), 400),
        ("q=tie&startTime=0&cursor=%00".to_owned(), 400),
    ] {
        let reply = service.get(&format!("/logs/retrieve?{query}")).await;
        assert_eq!(reply.status, status, "{query}: {}", reply.text());
        if status == 400 {
            assert_eq!(reply.json()["code"], "invalid_cursor");
        }
    }
    let last = service.get("/logs/retrieve?limit=30").await;
    assert_eq!(records(&last).len(), 30);
    assert_eq!(next(&last), None);
    let none = service.get("/logs/retrieve?limit=30&q=absent").await;
    assert_eq!(none.status, 404);
    assert_eq!(none.json()["code"], "no_logs_found");
});

async fn search_with_little_time(backend: Backend) {
    let settings = backend.builder("a_search_longer_than_its_time").await;
    let service = settings.env("QUERY_MAX_TIME", "1ms").start().await;
    fill(&service, 40).await;
    drained(&service).await;
    // Five expressions that match everything, and one that matches one record near the end.
    let costly = "regex=^(?s:.)*$&".repeat(5);
    let mut address = format!("/logs/retrieve?{costly}regex=^39998 &limit=10");
    let (mut found, mut cut) = (Vec::new(), 0);
    loop {
        let reply = service.get(&address).await;
        found.extend(records(&reply));
        let is_complete = reply.header("x-search-complete");
        let Some(next) = next(&reply) else {
            assert_eq!(is_complete, Some("true"));
            break;
        };
        assert_eq!(
            is_complete,
            Some("false"),
            "less than asked for, and more to come"
        );
        (address, cut) = (next, cut + 1);
    }
    println!("{backend:?}: {cut} pages were cut by their time");
    assert!(cut > 1, "{cut}");
    assert_eq!(found.len(), 1);
}

mod a_search_with_a_limit_answers_in_time_and_goes_on_with_its_cursor {
    use super::{Backend, search_with_little_time};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        search_with_little_time(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_blocks() {
        search_with_little_time(Backend::Blocks).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        search_with_little_time(Backend::MongoDb).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregators_with_one_cursor_key_go_on_with_one_anothers_pages() {
    let mongod = mongod::shared().await;
    let database = database("paging_shared");
    let start = async |secret: &str| {
        let service = Service::builder().mongodb(&mongod.uri(), &database);
        service.env("CURSOR_KEY", secret).start().await
    };
    let secret = "a secret of both of them";
    let (one, other) = tokio::join!(start(secret), start(secret));
    send_ties(&one, "tie", 30).await;
    let mut address = "/logs/retrieve?limit=7&q=tie".to_owned();
    let mut found = Vec::new();
    for service in [&one, &other].into_iter().cycle() {
        let reply = service.get(&address).await;
        found.extend(records(&reply));
        match next(&reply) {
            Some(next) => address = next,
            None => break,
        }
    }
    assert_eq!(found, walk(&one, "q=tie").await);
    let stranger = start("a secret of somebody else").await;
    let reply = stranger.get(&address).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    assert_eq!(reply.json()["code"], "invalid_cursor");
}
