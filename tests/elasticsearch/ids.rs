//! Documents with an id: each is a batch of its own, known by its index and its id.

use super::{NDJSON, bulk, settled, stored};
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use serde_json::json;

fn document(index: &str, id: &str, message: &str) -> String {
    let action = json!({"index": {"_index": index, "_id": id}});
    let document = json!({"@timestamp": "2026-08-01T10:00:00Z", "message": message});
    format!("{action}\n{document}\n")
}

async fn statuses(service: &Service, body: String) -> Vec<(u64, String)> {
    let told = bulk(service, "/_bulk", body).await.json();
    assert_eq!(told["errors"], false);
    let items = told["items"].as_array().unwrap().iter();
    let items = items.map(|item| item.as_object().unwrap().values().next().unwrap());
    let item = |item: &serde_json::Value| {
        let result = item["result"].as_str().unwrap_or_default();
        (
            item["status"].as_u64().unwrap(),
            format!("{} {result}", item["_id"].as_str().unwrap_or("-")),
        )
    };
    items.map(item).collect()
}

fn expected<const N: usize>(items: [(u64, &str); N]) -> Vec<(u64, String)> {
    items
        .map(|(status, text)| (status, text.to_owned()))
        .to_vec()
}

on_each_store!(
    a_document_with_an_id_is_stored_once_whatever_it_is_sent_with_also_after_a_kill,
    async |service| {
        let body = document("a", "1", "first")
            + &document("a", "2", "second")
            + &document("b", "1", "third");
        let first = statuses(&service, body.clone()).await;
        assert_eq!(first, expected([(201, "1 "), (201, "2 "), (201, "1 ")]));
        stored(&service, 3).await;
        for kill in [false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            // In another request, with another content, and with others that have none.
            let beat = "{\"create\":{\"_index\":\"a\"}}\n{\"message\":\"alive\"}\n";
            let again = document("a", "2", "changed") + beat + &document("a", "1", "first");
            let told = statuses(&service, again).await;
            let noop = expected([(200, "2 noop"), (201, "- "), (200, "1 noop")]);
            // What the spool has forgotten, only the store knows.
            let new = expected([(201, "2 "), (201, "- "), (201, "1 ")]);
            assert!(told == noop || (kill && told == new), "{told:?}");
            settled(&service).await;
            let found = stored(&service, if kill { 5 } else { 4 }).await;
            let messages: Vec<_> = found
                .iter()
                .filter_map(|one| one["message"].as_str())
                .collect();
            for message in ["first", "second", "third"] {
                let times = messages.iter().filter(|text| **text == message).count();
                assert_eq!(times, 1, "{messages:?}");
            }
        }
    }
);

on_each_store!(
    an_id_that_comes_twice_in_a_request_is_stored_once_and_one_without_a_time_as_well,
    async |service| {
        let beat = "{\"create\":{\"_index\":\"a\",\"_id\":\"x\"}}\n{\"message\":\"alive\"}\n";
        let told = statuses(&service, beat.repeat(2) + &document("a", "y", "b")).await;
        assert_eq!(told, expected([(201, "x "), (200, "x noop"), (201, "y ")]));
        for _ in 0..2 {
            let told = statuses(&service, beat.to_owned()).await;
            assert_eq!(told, expected([(200, "x noop")]));
        }
        settled(&service).await;
        stored(&service, 2).await;
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_ids_are_one_commit_and_push_no_clients_key_out() {
    // Together they are more keys than are remembered.
    const REQUESTS: u64 = 22;
    let service = Service::builder().start().await;
    let body: String = (0..5_000)
        .map(|id| document("many", &id.to_string(), "m"))
        .collect();
    let of_index = |request: u64| body.replace("\"many\"", &format!("\"many{request}\""));
    let headers = [("idempotency-key", "mine"), ("content-type", "text/plain")];
    let reply = service.post_with("/logs/batch", &headers, "mine").await;
    assert_eq!(reply.status, 200);
    let commits = async || service.health().await["spool"]["commits"].as_u64().unwrap();
    let before = commits().await;
    for request in 0..REQUESTS {
        let told = bulk(&service, "/_bulk", of_index(request)).await.json();
        assert_eq!(told["items"].as_array().unwrap().len(), 5_000);
    }
    assert_eq!(commits().await, before + REQUESTS);
    let again = service.post_with("/logs/batch", &headers, "mine").await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    // What is forgotten is written again, and the store finds that it has it.
    bulk(&service, "/_bulk", of_index(0)).await;
    settled(&service).await;
    let counts = service.health().await["records"].clone();
    assert_eq!(counts["stored"], REQUESTS * 5_000 + 1, "{counts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_ids_that_has_no_room_is_refused_whole() {
    let settings = Service::builder().env("SPOOL_MAX_BYTES", "1MiB");
    let service = settings.start().await;
    let body: String = (0..5_000)
        .map(|id| document("many", &id.to_string(), &"x".repeat(300)))
        .collect();
    let reply = service.post_with("/_bulk", &[NDJSON], body.clone()).await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    let small = &body[..body.len() / 10];
    let small = &small[..small.rfind("{\"index\"").unwrap()];
    let told = statuses(&service, small.to_owned()).await;
    // Nothing of the request that was refused is remembered.
    assert!(told.iter().all(|(status, _)| *status == 201), "{told:?}");
    settled(&service).await;
    stored(&service, told.len()).await;
}
