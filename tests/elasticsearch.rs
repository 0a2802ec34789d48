//! Elasticsearch's `_bulk`: documents come in as its senders send them, and the answers are those that they
//! understand.

mod around;
mod ids;
mod refused;

use crate::support::compressed;
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::wait_until;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
const TWO: &str = "{\"create\":{\"_index\":\"app\"}}\n{\"@timestamp\":\"2026-08-01T10:00:00.123456Z\",\"message\":\"a\"}\n\
                   {\"create\":{\"_index\":\"app\"}}\n{\"@timestamp\":\"2026-08-01T10:00:00.223456Z\",\"message\":\"b\"}\n";

async fn bulk(service: &Service, path: &str, body: impl Into<Vec<u8>>) -> Reply {
    let reply = service.post_with(path, &[NDJSON], body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_of_elasticsearch(&reply);
    reply
}

#[track_caller]
fn assert_of_elasticsearch(reply: &Reply) {
    assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

/// Without how long it took.
fn without_time(reply: &Reply) -> String {
    let text = reply.text();
    let (time, rest) = text
        .strip_prefix("{\"took\":")
        .unwrap()
        .split_once(',')
        .unwrap();
    assert!(time.parse::<u64>().is_ok(), "{text}");
    rest.to_owned()
}

/// Waits until so many records are stored; all of them.
async fn stored(service: &Service, count: usize) -> Vec<Value> {
    let mut found = Vec::new();
    wait_until("the records to be stored", PATIENCE, async || {
        let reply = service.get("/logs/retrieve?limit=10000").await;
        found = match reply.status {
            404 => Vec::new(),
            _ => reply.json().as_array().unwrap().clone(),
        };
        found.len() >= count
    })
    .await;
    assert_eq!(found.len(), count, "{found:?}");
    found
}

/// All that was taken is stored: what is not there now does not come later.
async fn settled(service: &Service) {
    wait_until("everything to be stored", PATIENCE, async || {
        service.health().await["records"]["waiting"] == 0
    })
    .await;
}

on_each_store!(
    a_bulk_is_stored_once_however_often_it_comes_also_after_a_kill,
    async |service| {
        let items = |item: &str| format!("\"errors\":false,\"items\":[{item},{item}]}}");
        let first = bulk(&service, "/_bulk", TWO).await;
        let created = items(r#"{"create":{"_index":"app","status":201}}"#);
        assert_eq!(without_time(&first), created);
        let found = stored(&service, 2).await;
        assert_eq!(found[0]["message"], "a");
        assert_eq!(found[1]["timestamp"], "2026-08-01T10:00:00.223456Z");
        assert_eq!(found[0]["attributes"], json!({"_index": "app"}));
        for kill in [false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            let again = bulk(&service, "/elasticsearch/_bulk", TWO).await;
            let noop = items(r#"{"create":{"_index":"app","status":200,"result":"noop"}}"#);
            let told = without_time(&again);
            // What the spool has forgotten, only the store knows.
            assert!(told == noop || (kill && told == created), "{told}");
            settled(&service).await;
            stored(&service, 2).await;
        }
        let reply = service.get("/logs/retrieve?attr._index=app").await;
        assert_eq!(reply.json().as_array().unwrap().len(), 2);
    }
);

on_each_store!(
    bulks_that_look_alike_and_are_honest_are_stored_each,
    async |service| {
        let body = TWO.replace("\"_index\":\"app\"", "");
        for (path, expected) in [
            ("/a/_bulk", 2),
            ("/b/_bulk", 4),
            ("/_bulk", 6),
            ("/logs/_bulk", 8),
            ("/elasticsearch/logs/_bulk", 8),
            ("/elasticsearch/a/_bulk", 8),
        ] {
            bulk(&service, path, body.clone()).await;
            settled(&service).await;
            stored(&service, expected).await;
        }
        // A heartbeat without a time, and a line that is logged three times in a millisecond.
        let beat = "{\"create\":{}}\n{\"message\":\"alive\"}\n";
        let line =
            "{\"create\":{}}\n{\"@timestamp\":\"2026-08-01T10:00:00.123Z\",\"message\":\"x\"}\n";
        for (body, expected) in [(beat.to_owned(), 10), (line.repeat(3), 16)] {
            for _ in 0..2 {
                let reply = bulk(&service, "/_bulk", body.clone()).await;
                assert_eq!(reply.json()["items"][0]["create"]["status"], 201);
            }
            settled(&service).await;
            stored(&service, expected).await;
        }
    }
);

on_each_store!(
    odd_documents_are_stored_and_what_is_no_document_is_refused_alone,
    async |service| {
        let body = b"{\"update\":{\"_index\":\"x\",\"_id\":\"1\"}}\n{\"doc\":{}}\n\
            {\"index\":{\"_index\":\"x\"}}\n{\"level\":30,\"time\":\"yesterday\"}\n\
            {\"index\":{\"_index\":\"x\"}}\n[INFO] started \xff\n\
            {\"delete\":{\"_index\":\"x\",\"_id\":\"\\\"2\"}}\n";
        let reply = bulk(&service, "/_bulk", body).await;
        let told = reply.json();
        assert_eq!(told["errors"], true);
        let items = told["items"].as_array().unwrap();
        let kinds: Vec<_> = items.iter().map(|item| item.as_object().unwrap()).collect();
        let statuses: Vec<_> = kinds
            .iter()
            .flat_map(|item| item.iter())
            .map(|(kind, item)| (kind.as_str(), item["status"].as_u64().unwrap()))
            .collect();
        let expected = [
            ("update", 400),
            ("index", 201),
            ("index", 201),
            ("delete", 400),
        ];
        assert_eq!(statuses, expected);
        let error = &items[0]["update"]["error"];
        assert_eq!(error["type"], "illegal_argument_exception");
        assert!(error["reason"].as_str().unwrap().contains("not changed"));
        assert_eq!(items[3]["delete"]["_id"], "\"2");
        let found = stored(&service, 2).await;
        let attributes = found.iter().map(|record| &record["attributes"]);
        for attributes in attributes {
            assert_eq!(attributes["_index"], "x");
        }
        let messages: Vec<_> = found
            .iter()
            .map(|record| record["message"].as_str())
            .collect();
        assert!(
            messages.contains(&Some("[INFO] started \u{fffd}")),
            "{messages:?}"
        );
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn every_method_type_and_encoding_of_known_clients_is_taken() {
    let service = Service::builder().start().await;
    let mut sent = 0;
    for (method, content_type, encoding) in [
        (
            Method::PUT,
            "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
            "",
        ),
        (
            Method::POST,
            "application/vnd.elasticsearch+x-ndjson; compatible-with=8",
            "gzip",
        ),
        (Method::POST, "application/json; charset=utf-8", "zstd"),
        (Method::PUT, "application/json", "deflate"),
        (Method::POST, "application/x-ndjson", ""),
    ] {
        let body = TWO.replace("\"app\"", &format!("\"{sent}\""));
        let (bytes, mut headers) = (body.into_bytes(), vec![("content-type", content_type)]);
        let bytes = match encoding {
            "gzip" => compressed::gzip(&bytes),
            "zstd" => compressed::zstd(&bytes),
            "deflate" => compressed::zlib(&bytes),
            _ => bytes,
        };
        if !encoding.is_empty() {
            headers.push(("content-encoding", encoding));
        }
        let path = "/_bulk?filter_path=items.*._index,items.*.status&refresh=false";
        let request = service
            .http()
            .request(method, service.url(path))
            .body(bytes);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200, "{content_type}");
        assert_eq!(reply.headers()["x-elastic-product"], "Elasticsearch");
        sent += 1;
    }
    stored(&service, 2 * sent).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_many_items_is_whole() {
    const COUNT: usize = 200_000;
    let service = Service::builder().start().await;
    let body = "{\"create\":{\"_index\":\"many\"}}\n{}\n".repeat(COUNT - 1) + "{\"delete\":{}}\n";
    let told = bulk(&service, "/_bulk", body).await.json();
    assert_eq!(told["errors"], true);
    let items = told["items"].as_array().unwrap();
    assert_eq!(items.len(), COUNT);
    let created = json!({"create": {"_index": "many", "status": 201}});
    assert!(items[..COUNT - 1].iter().all(|item| *item == created));
    assert_eq!(items[COUNT - 1]["delete"]["status"], 400);
}
