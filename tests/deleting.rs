//! Records that are deleted on purpose: they are gone everywhere, the others are as they were, and no retry brings them
//! back.

mod aggregators;
mod commands;
mod files;
mod waiting;

use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, found, found_when_stored};
use crate::support::wait_until;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);

/// Sends a batch under a key, which is stored when this returns.
async fn send(service: &Service, key: &str, body: &Value) -> Reply {
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", key),
    ];
    let path = "/logs/batch?ack=stored";
    let reply = service.post_with(path, &headers, body.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply
}

/// Sends a batch that the store need not have when this returns.
async fn spool(service: &Service, body: &Value) {
    let reply = service.batch(body).await;
    assert!([200, 202].contains(&reply.status), "{}", reply.text());
}

/// Asks for something to be done.
async fn post(service: &Service, path: &str) -> Reply {
    service.post(path, "application/json", "").await
}

/// Begins a deletion; its id.
async fn begin(service: &Service, query: &str) -> String {
    let reply = post(service, &format!("/logs/delete?{query}")).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let told = reply.json();
    let id = told["deletion"]["id"].as_str().unwrap().to_owned();
    let location = format!("/logs/delete/{id}");
    assert_eq!(reply.header("location"), Some(&*location));
    id
}

async fn state(service: &Service, id: &str) -> Value {
    let reply = service.get(&format!("/logs/delete/{id}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// Waits until it is done; how it ended.
async fn done(service: &Service, id: &str) -> Value {
    let mut told = Value::Null;
    wait_until("the deletion to end", PATIENCE, async || {
        told = state(service, id).await;
        ["done", "failed", "cancelled"].contains(&told["state"].as_str().unwrap())
    })
    .await;
    assert_eq!(told["state"], "done", "{told}");
    told
}

async fn delete(service: &Service, query: &str) -> Value {
    let id = begin(service, query).await;
    done(service, &id).await
}

/// A record of a person, or of somebody else.
fn record(number: usize) -> Value {
    let user = if number.is_multiple_of(3) {
        "alice"
    } else {
        "bob"
    };
    let level = ["INFO", "WARN", "ERROR"][number % 3];
    json!({
        "timestamp": format!("2024-10-08T{:02}:00:{:02}.{:03}Z", number % 5, number / 5 % 60, number),
        "level": level,
        "message": format!("number {number} of {user}"),
        "user": user,
        "number": number,
    })
}

fn batch(numbers: std::ops::Range<usize>) -> Value {
    numbers.map(record).collect()
}

on_each_store!(
    what_matches_is_gone_from_everywhere_and_the_rest_is_as_it_was_to_the_byte,
    async |service| {
        let bodies = [batch(0..200), batch(200..301)];
        for (number, body) in bodies.iter().enumerate() {
            send(&service, &format!("key-{number}"), body).await;
        }
        let before = service.get("/logs/retrieve?format=ndjson").await.text();
        let expected: String = before
            .lines()
            .filter(|line| !line.contains("alice"))
            .map(|line| line.to_owned() + "\n")
            .collect();
        let alices = found(&service, "attr.user=alice").await;
        assert_eq!(alices.len(), 101);
        let page = service.get("/logs/retrieve?limit=10").await;
        let cursor = page.header("x-next-cursor").unwrap().to_owned();

        let counted = post(&service, "/logs/delete?attr.user=alice&dryRun=true").await;
        let counted = counted.json();
        assert_eq!(
            (&counted["matching"], &counted["complete"]),
            (&json!(101), &json!(true))
        );
        assert_eq!(
            service.get("/logs/retrieve?format=ndjson").await.text(),
            before
        );

        let told = delete(&service, "attr.user=alice").await;
        assert_eq!(
            (&told["removed"], &told["deadLetters"]),
            (&json!(101), &json!(0))
        );
        assert_eq!(told["filters"], json!(["attr"]), "{told}");

        assert_eq!(
            service.get("/logs/retrieve?format=ndjson").await.text(),
            expected
        );
        for query in [
            "attr.user=alice",
            "q=alice",
            "word=alice",
            "attr.user=alice&order=desc",
        ] {
            assert_eq!(found(&service, query).await, Vec::<Value>::new(), "{query}");
        }
        let id = alices[0]["id"].as_str().unwrap();
        assert_eq!(service.get(&format!("/logs/{id}")).await.status, 404);
        let histogram = service.get("/logs/histogram").await.json();
        assert_eq!(histogram["records"], 200, "{histogram}");
        let facets = service.get("/logs/facets?fields=attr.user").await.text();
        assert!(
            facets.contains("bob") && !facets.contains("alice"),
            "{facets}"
        );
        let next = format!("/logs/retrieve?limit=10000&cursor={cursor}");
        assert!(!service.get(&next).await.text().contains("alice"));
        let none = post(&service, "/logs/delete?attr.user=alice&dryRun=true").await;
        assert_eq!(none.json()["matching"], 0);
    }
);

on_each_store!(
    a_retry_of_a_batch_of_which_records_were_deleted_is_a_no_op_also_after_a_restart,
    async |service| {
        let body = batch(0..60);
        let undated = json!([{"message": "undated, of alice", "user": "alice"}, {"message": "undated, of bob", "user": "bob"}]);
        let [first, second] = [
            send(&service, "k", &body).await,
            send(&service, "u", &undated).await,
        ]
        .map(|reply| reply.json());
        let told = delete(&service, "attr.user=alice").await;
        assert_eq!(told["removed"], 21, "{told}");
        let rest = service.get("/logs/retrieve?format=ndjson").await.text();
        for round in 0..3 {
            for (key, body, before) in [("k", &body, &first), ("u", &undated, &second)] {
                let again = send(&service, key, body).await.json();
                for name in ["accepted", "batchId", "durability"] {
                    assert_eq!(again[name], before[name], "{again}");
                }
            }
            drained(&service).await;
            let now = service.get("/logs/retrieve?format=ndjson").await.text();
            assert_eq!(now, rest, "round {round}");
            if round == 1 {
                service.restart().await;
            }
        }
        // What is another record comes in.
        send(
            &service,
            "another",
            &json!([{"message": "again", "user": "alice"}]),
        )
        .await;
        assert_eq!(
            found_when_stored(&service, "attr.user=alice").await.len(),
            1
        );
    }
);

on_each_store!(
    only_what_is_in_the_range_and_of_the_level_goes,
    async |service| {
        send(&service, "k", &batch(0..100)).await;
        let query = "startTime=2024-10-08T01:00:00Z&endTime=2024-10-08T03:00:00Z&minLevel=WARN";
        let gone = found(&service, query).await.len();
        assert!(gone > 20, "{gone}");
        let told = delete(&service, query).await;
        assert_eq!(told["removed"], gone, "{told}");
        assert_eq!(found(&service, query).await.len(), 0);
        assert_eq!(found(&service, "").await.len(), 100 - gone);
        let all = delete(&service, "all=true").await;
        assert_eq!(all["removed"], 100 - gone, "{all}");
        assert_eq!(service.get("/logs/retrieve").await.status, 404);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_deleted_is_said_in_full_and_what_is_not_known_is_told() {
    let service = Service::builder().start().await;
    for (query, code) in [
        ("", "no_filter"),
        ("all=true&q=x", "invalid_parameter"),
        ("q=x&limit=3", "unknown_parameter"),
        ("regex=(", "invalid_regex"),
    ] {
        let reply = post(&service, &format!("/logs/delete?{query}")).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (400, &json!(code)),
            "{query}"
        );
    }
    let unknown = service.get("/logs/delete/0123456789abcdef").await;
    assert_eq!(
        (unknown.status, &unknown.json()["code"]),
        (404, &json!("unknown_deletion"))
    );
    let list = service.get("/logs/delete").await.json();
    assert_eq!(list["deletions"], json!([]), "{list}");
    let id = begin(&service, "q=of%20a%20secret").await;
    done(&service, &id).await;
    let told = service.get("/logs/delete").await.text();
    assert!(told.contains(&id) && !told.contains("secret"), "{told}");
    let log = service.log_text();
    assert!(log.contains(&id) && !log.contains("secret"), "{log}");
    let late = post(&service, &format!("/logs/delete/{id}/cancel")).await;
    assert_eq!(
        (late.status, &late.json()["code"]),
        (409, &json!("deletion_not_waiting"))
    );
}
