//! Records that are larger than a stored record may be are set aside, durably, before their batch is
//! acknowledged; the others of the batch are stored.

mod no_room;

use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, is_balanced};
use crate::support::wait_until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const MIB: usize = 1024 * 1024;

/// A record that no store can hold.
fn too_large(letter: &str) -> Value {
    json!({"message": letter.repeat(9 * MIB), "level": "WARN", "attributes": {"n": 7}})
}

async fn send(service: &Service, key: Option<&str>, batch: &Value) -> Reply {
    let key = key.map(|key| ("idempotency-key", key));
    let headers = [("content-type", "application/json")]
        .into_iter()
        .chain(key);
    let headers: Vec<_> = headers.collect();
    service
        .post_with("/logs/batch?ack=spooled", &headers, batch.to_string())
        .await
}

async fn rejected(service: &Service) -> Value {
    let listed = service.get("/logs/rejected").await;
    assert_eq!(listed.status, 200, "{}", listed.text());
    listed.json()
}

async fn replay(service: &Service) -> Value {
    let replayed = service
        .post("/logs/rejected/replay", "application/json", "")
        .await;
    assert_eq!(replayed.status, 200, "{}", replayed.text());
    replayed.json()
}

async fn told(service: &Service, taken: &Reply) -> Value {
    let id = taken.json()["batchId"].as_str().unwrap().to_owned();
    let told = service.get(&format!("/logs/batches/{id}")).await;
    assert_eq!(told.status, 200, "{}", told.text());
    told.json()
}

on_each_store!(the_others_of_its_batch_are_stored, async |service| {
    let batch = json!([{"message": "first"}, too_large("x"), {"message": "third"}]);
    let taken = service.batch(&batch).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let answer = taken.json();
    assert_eq!(
        (&answer["accepted"], &answer["setAside"]),
        (&json!(2), &json!(1)),
        "{answer}"
    );
    let warnings = answer["warnings"].as_array().unwrap();
    assert_eq!((warnings.len(), &warnings[0]["index"]), (1, &json!(1)));
    let reason = "the record is larger than 8 MiB";
    let warning = warnings[0]["reason"].as_str().unwrap();
    assert!(warning.starts_with(reason), "{answer}");
    let found = service.get("/logs/retrieve").await.json();
    let found: Vec<_> = found.as_array().unwrap().iter().collect();
    let messages: Vec<_> = found.iter().map(|log| &log["message"]).collect();
    assert_eq!(messages, ["first", "third"]);

    let status = told(&service, &taken).await;
    for (name, expected) in [("records", 3), ("stored", 2), ("setAside", 1)] {
        assert_eq!(status[name], expected, "{status}");
    }
    let errors = json!([{"index": 1, "reason": reason}]);
    assert_eq!(status["errors"], errors);
    let health = service.health().await;
    is_balanced(&health);
    assert_eq!(health["records"]["received"], 3, "{health}");
    assert_eq!(health["records"]["rejected"]["setAside"], 1, "{health}");
    assert_eq!(health["rejected"]["records"], 1, "{health}");

    // It could never be stored, and is told whole.
    let replayed = replay(&service).await;
    assert_eq!(
        (&replayed["replayed"], &replayed["leftAside"]),
        (&json!(0), &json!(1)),
        "{replayed}"
    );
    service.kill();
    service.restart().await;
    let listed = rejected(&service).await;
    assert_eq!(listed["total"], 1);
    let kept = &listed["records"][0];
    assert_eq!(kept["reason"], reason);
    let file = kept["file"].as_str().unwrap();
    assert!(service.data_dir().join("rejected").join(file).is_file());
    let (message, level) = (&kept["record"]["message"], &kept["record"]["level"]);
    assert!(*message == "x".repeat(9 * MIB), "it is not whole");
    assert_eq!(
        (level, &kept["record"]["attributes"]["n"]),
        (&json!("WARN"), &json!(7))
    );
    assert_eq!(told(&service, &taken).await["errors"], errors);
});

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_nothing_else_is_taken_and_told() {
    let service = Arc::new(Service::builder().start().await);
    let (looks, stop) = (Arc::clone(&service), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let looking = tokio::spawn(async move {
        while !stopped.load(Ordering::Relaxed) {
            // Only a service that is being restarted gives no answer.
            if let Ok(health) = looks.try_get("/health").await {
                let health = health.json();
                is_balanced(&health);
                assert_eq!(health["records"]["waiting"], 0, "{health}");
            }
        }
    });
    for (number, path) in (1..).zip(["/logs/batch?ack=spooled", "/logs/batch?ack=stored"]) {
        let taken = service
            .post(path, "application/json", too_large("x").to_string())
            .await;
        assert_eq!(taken.status, 200, "{}", taken.text());
        let answer = taken.json();
        assert_eq!(
            (&answer["accepted"], &answer["setAside"]),
            (&json!(0), &json!(1)),
            "{answer}"
        );
        let mut is_remembered = true;
        for _ in 0..2 {
            let status = told(&service, &taken).await;
            // It is known for as long as it is kept; of others of its batch nothing is.
            let (records, durability) = match is_remembered {
                true => (json!(1), json!("stored")),
                false => (Value::Null, Value::Null),
            };
            let told_of = (&status["records"], &status["durability"]);
            assert_eq!(told_of, (&records, &durability), "{status}");
            assert_eq!(status["setAside"], 1, "{status}");
            assert_eq!(status["errors"][0]["index"], 0, "{status}");
            if number == 2 && !stop.swap(true, Ordering::Relaxed) {
                service.restart().await;
                is_remembered = false;
            }
        }
        let health = service.health().await;
        is_balanced(&health);
        assert_eq!(health["rejected"]["records"], number, "{health}");
    }
    looking.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_sent_again_under_its_key_is_set_aside_once() {
    let service = Service::builder().start().await;
    for batch in [
        json!([{"message": "good"}, too_large("x")]),
        json!([too_large("y")]),
    ] {
        let key = Some(if batch[1].is_object() {
            "mixed"
        } else {
            "alone"
        });
        let first = send(&service, key, &batch).await;
        assert_eq!(first.status, 200, "{}", first.text());
        let aside = service.health().await["rejected"]["records"].clone();
        let again = send(&service, key, &batch).await;
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.text(), first.text());
        // The key of a batch that is stored, or that never was in the spool, is not known after a restart.
        drained(&service).await;
        service.restart().await;
        let forgotten = send(&service, key, &batch).await;
        assert_eq!(forgotten.json()["setAside"], 1, "{}", forgotten.text());
        let health = service.health().await;
        is_balanced(&health);
        assert_eq!(health["rejected"]["records"], aside, "{health}");
    }
    let conflict = send(&service, Some("alone"), &json!([too_large("z")])).await;
    assert_eq!(conflict.status, 422, "{}", conflict.text());
    assert_eq!(service.health().await["rejected"]["records"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_all_or_nothing_gets_nothing() {
    let service = Service::builder().start().await;
    let batch = json!([{"message": "good"}, too_large("x")]).to_string();
    let refused = service
        .post("/logs/batch?partial=false", "application/json", batch)
        .await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(
        refused.json()["errors"][0]["index"],
        1,
        "{}",
        refused.text()
    );
    let health = service.health().await;
    is_balanced(&health);
    assert_eq!(health["rejected"]["records"], 0, "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_grows_beyond_the_bound_is_kept_whole() {
    let service = Service::builder().start().await;
    // Of each element comes a document several times its text.
    let zeros = vec![0; 100_000];
    let members = (0..12).map(|number| (format!("k{number}"), json!(zeros)));
    let mut record: serde_json::Map<_, _> = members.collect();
    record.insert("log".to_owned(), json!("m"));
    for (body, kind) in [
        (json!([record]).to_string(), "application/json"),
        (json!(record).to_string(), "application/x-ndjson"),
    ] {
        let taken = service.post("/logs/batch", kind, body).await;
        assert_eq!(taken.json()["setAside"], 1, "{}", taken.text());
    }
    let listed = rejected(&service).await;
    let attributes = &listed["records"][0]["record"]["attributes"];
    for number in 0..12 {
        assert!(attributes[format!("k{number}")] == json!(zeros));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_behind_a_large_record_is_listed_from_there_on() {
    let service = Service::builder().start().await;
    for letter in ["x", "y", "z"] {
        for _ in 0..2 {
            assert_eq!(send(&service, None, &too_large(letter)).await.status, 200);
        }
    }
    let (mut path, mut listed) = ("/logs/rejected".to_owned(), String::new());
    loop {
        let page = service.get(&path).await.json();
        assert_eq!(page["total"], 6);
        for kept in page["records"].as_array().unwrap() {
            let message = kept["record"]["message"].as_str().unwrap();
            assert_eq!(message.len(), 9 * MIB);
            listed.push_str(&message[..1]);
        }
        match page["next"].as_str() {
            Some(next) => path = format!("/logs/rejected?after={next}"),
            None => break,
        }
    }
    assert_eq!(listed, "xxyyzz");
    let refused = service.get("/logs/rejected?after=there").await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    wait_until("the memory to be free", PATIENCE, async || {
        service.health().await["memory"]["reads"]["reservedBytes"] == 0
    })
    .await;
}
