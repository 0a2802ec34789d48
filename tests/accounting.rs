//! Every record that comes in has one fate, and the counts add up at every moment, whatever breaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bson::{Document, doc};
use serde_json::{Value, json};

use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::traffic::{drained, rest};
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
const SENDERS: usize = 4;
/// Each sender does all of this once a round: 3 new, 3 repeated, 3 refused a strict sender and
/// taken from another one, 1 under a used key, 2 of which the store refuses one.
const PER_ROUND: Tally = Tally {
    accepted: 8,
    repeated: 3,
    invalid: 3,
    key_reused: 1,
    set_aside: 1,
};

/// Records by what their sender was told, or what the store is known to do with them.
#[derive(Clone, Copy)]
struct Tally {
    accepted: u64,
    repeated: u64,
    invalid: u64,
    key_reused: u64,
    set_aside: u64,
}

fn count(value: &Value) -> u64 {
    match value {
        Value::Object(members) => members.values().map(count).sum(),
        number => number.as_u64().unwrap(),
    }
}

fn assert_adds_up(records: &Value) {
    let sum = |names: &[&str]| names.iter().map(|name| count(&records[*name])).sum::<u64>();
    assert_eq!(
        sum(&["received", "recovered"]),
        sum(&["stored", "alreadyStored", "rejected", "waiting"]),
        "{records}"
    );
}

/// Looks at the counts again and again; how often it did.
async fn sample(service: Arc<Service>, stop: Arc<AtomicBool>) -> usize {
    let mut samples = 0;
    while !stop.load(Ordering::Relaxed) {
        // Only a service that is being restarted gives no answer.
        if let Ok(reply) = service.try_get("/health").await {
            assert_adds_up(&reply.json()["records"]);
            samples += 1;
        }
    }
    samples
}

async fn post(service: &Service, path: &str, key: Option<&str>, body: &Value) -> Reply {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    service
        .post_with(&format!("{path}ack=spooled"), &headers, body.to_string())
        .await
}

async fn one_round(service: &Service, name: &str) {
    const BATCH: &str = "/logs/batch?";
    const STRICT: &str = "/logs/batch?strict=true&";
    let record = |text: &str| json!({"message": format!("{name} {text}")});
    let (bad, refused) = (json!(7), json!({"message": "refused"}));
    let new = json!([record("a"), record("b"), record("c")]);
    let other = json!([record("other")]);
    let with_bad = json!([record("d"), bad, record("e")]);
    let with_refused = json!([record("f"), refused]);
    let steps = [
        (BATCH, Some(name), &new, 200, false),
        (BATCH, Some(name), &new, 200, true),
        (STRICT, None, &with_bad, 400, false),
        (BATCH, None, &with_bad, 200, false),
        (BATCH, Some(name), &other, 422, false),
        (BATCH, None, &with_refused, 200, false),
    ];
    for (path, key, body, status, replayed) in steps {
        let reply = post(service, path, key, body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.header("idempotent-replayed").is_some(), replayed);
    }
}

async fn send_on(service: Arc<Service>, stop: Arc<AtomicBool>, sender: usize) -> u64 {
    let mut rounds = 0;
    while !stop.load(Ordering::Relaxed) {
        one_round(&service, &format!("{sender}-{rounds}")).await;
        rounds += 1;
    }
    rounds
}

/// The outages that the senders must not notice.
async fn disturb(mongod: &Mongod, service: &Service) {
    let stored = async || {
        service.health().await["records"]["stored"]
            .as_u64()
            .unwrap()
    };
    for frozen in [false, true] {
        let before = stored().await;
        wait_until("records to be stored", PATIENCE, async || {
            stored().await > before
        })
        .await;
        if frozen {
            mongod.freeze();
        } else {
            mongod.kill();
        }
        wait_until("batches to wait", PATIENCE, async || {
            service.health().await["status"] == "degraded"
        })
        .await;
        rest(Duration::from_millis(500)).await;
        if frozen {
            mongod.thaw();
        } else {
            mongod.restart().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counts_add_up_at_every_moment_under_load_and_outages() {
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let picky = doc! { "message": { "$ne": "refused" } };
    let created = database.create_collection("logs").validator(picky);
    created.await.unwrap();
    let service = Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        // Also for the disk, which others use as well.
        .env("REQUEST_TIMEOUT", "5s");
    let service = Arc::new(service.start().await);
    let (stop, sampled_enough) = (Arc::default(), Arc::default());
    let sampling = tokio::spawn(sample(Arc::clone(&service), Arc::clone(&sampled_enough)));
    let send = |sender| tokio::spawn(send_on(Arc::clone(&service), Arc::clone(&stop), sender));
    let senders: Vec<_> = (0..SENDERS).map(send).collect();
    disturb(&mongod, &service).await;
    stop.store(true, Ordering::Relaxed);
    let mut rounds = 0;
    for sender in senders {
        rounds += sender.await.unwrap();
    }
    drained(&service).await;
    sampled_enough.store(true, Ordering::Relaxed);
    let samples = sampling.await.unwrap();
    println!("{rounds} rounds, the counts were looked at {samples} times");
    assert!(samples > 100, "{samples} samples show little");

    let told = &service.health().await["records"];
    let all = PER_ROUND;
    let expected = json!({
        "received": rounds * (all.accepted + all.repeated + all.invalid + all.key_reused),
        "recovered": 0,
        "stored": rounds * (all.accepted - all.set_aside),
        "alreadyStored": rounds * all.repeated,
        "rejected": {
            "invalid": rounds * all.invalid,
            "keyReused": rounds * all.key_reused,
            "notTaken": 0,
            "setAside": rounds * all.set_aside,
        },
        "waiting": 0,
        "warnings": told["warnings"],
    });
    // What an outage had let through without an answer was there when it was sent again.
    let doubted = count(&told["alreadyStored"]) - count(&expected["alreadyStored"]);
    assert_eq!(count(&told["stored"]) + doubted, count(&expected["stored"]));
    let (mut told, mut expected) = (told.clone(), expected);
    for counts in [&mut told, &mut expected] {
        counts["stored"] = Value::Null;
        counts["alreadyStored"] = Value::Null;
    }
    assert_eq!(told, expected);
    let logs = database.collection::<Document>("logs");
    let in_the_store = logs.count_documents(doc! {}).await.unwrap();
    assert_eq!(in_the_store, rounds * (all.accepted - all.set_aside));
}
