//! What stands under the collection's name, or in it, and would break a promise or is not served.

use super::{PATIENCE, not_written_to, place, rows, service_on};
use crate::support::service::Service;
use crate::support::wait_until;
use bson::{Binary, Bson, Document, doc};
use mongodb::Database;
use serde_json::{Value, json};

fn record(number: usize, attributes: &Value) -> Value {
    let timestamp = format!("2024-10-08T00:00:{number:02}Z");
    json!({ "timestamp": timestamp, "level": "INFO", "message": "ours", "attributes": attributes })
}

/// Sends a batch under a key, and waits for nothing.
async fn spool(service: &Service, key: &str) {
    let batch = json!([
        record(0, &json!({ "id": 1 })),
        record(1, &json!({ "id": 1 }))
    ]);
    let path = "/logs/batch?ack=spooled";
    let headers = [("idempotency-key", key)];
    let reply = service.post_with(path, &headers, batch.to_string());
    assert_eq!(reply.await.status, 200);
}

async fn told(service: &Service, reason: &str) {
    let cure = "the guide's chapter on MongoDB says how to mend it";
    not_written_to(service, &[reason, cure]).await;
}

async fn stored(service: &Service, records: usize) {
    wait_until("what waits to be stored", PATIENCE, async || {
        let health = service.health().await;
        health["store"]["available"] == true && health["spool"]["batches"] == 0
    })
    .await;
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(records), "{all}");
}

async fn waits(service: &Service, batches: u64) {
    assert_eq!(service.health().await["spool"]["batches"], batches);
    assert_eq!(service.get("/logs/retrieve").await.status, 503);
}

async fn drop_it(database: &Database, collection: &str) {
    let found = database.collection::<Document>(collection);
    found.drop().await.unwrap();
}

/// What is made under this name keeps batches in the spool of two aggregators until it is dropped,
/// and then a batch that both of them took is stored once.
async fn keeps_batches_waiting(test: &str, collection: &str, made: Document, reason: &str) {
    let (uri, name, database) = place(test).await;
    let mut create = doc! { "create": collection };
    create.extend(made);
    database.run_command(create).await.unwrap();
    let services = [service_on(&uri, &name).await, service_on(&uri, &name).await];
    for service in &services {
        told(service, &format!("{collection} {reason}")).await;
        spool(service, "k").await;
        waits(service, 1).await;
    }
    let marks = rows(&database, doc! { "find": "logs_meta" }).await;
    assert!(marks.is_empty(), "{marks:?}");
    drop_it(&database, collection).await;
    for service in &services {
        stored(service, 2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_a_view() {
    let view = doc! { "viewOn": "others", "pipeline": [] };
    keeps_batches_waiting("a_view", "logs", view, "is a view").await;
}

/// When it is seen that something else was put in the collection's place.
enum Seen {
    /// By the first write, which the server holds to the collection.
    ByAWrite,
    /// A moment later, and by no write.
    AMomentLater,
}

/// What is put in the collection's place under the service's eyes gets nothing of what comes once that is seen, which
/// waits until it is gone again.
async fn takes_its_place(test: &str, made: Document, seen: Seen, reason: &str) {
    let (uri, name, database) = place(test).await;
    let service = service_on(&uri, &name).await;
    spool(&service, "before").await;
    stored(&service, 2).await;
    drop_it(&database, "logs").await;
    database.create_collection("others").await.unwrap();
    let mut create = doc! { "create": "logs" };
    create.extend(made);
    database.run_command(create).await.unwrap();
    if let Seen::AMomentLater = seen {
        told(&service, reason).await;
    }
    spool(&service, "behind").await;
    told(&service, reason).await;
    let records = service.health().await["records"].clone();
    assert_eq!(records["waiting"], 2, "{records}");
    let there = rows(&database, doc! { "find": "logs" }).await;
    assert!(there.is_empty(), "{there:?}");
    drop_it(&database, "logs").await;
    stored(&service, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_put_in_its_place_refuses_no_record() {
    let view = doc! { "viewOn": "others", "pipeline": [] };
    takes_its_place("a_view_in_its_place", view, Seen::ByAWrite, "is a view").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capped_collection_that_is_put_in_its_place_takes_no_record() {
    let capped = doc! { "capped": true, "size": 1 << 20 };
    let reason = "is a capped collection";
    takes_its_place("a_capped_one_in_its_place", capped, Seen::ByAWrite, reason).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_series_that_is_put_in_its_place_takes_no_record() {
    let series = doc! { "timeseries": { "timeField": "time" } };
    takes_its_place(
        "a_time_series_in_its_place",
        series,
        Seen::AMomentLater,
        "is a time series",
    )
    .await;
}

/// It is not the records that are to blame.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_series_that_refuses_every_record_makes_no_dead_letters() {
    let series = doc! { "timeseries": { "timeField": "ts" } };
    let reason = "is a time series";
    takes_its_place("a_series_of_others", series, Seen::ByAWrite, reason).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_series_in_the_place_of_the_markers_of_receipt_is_seen_a_moment_later() {
    let (uri, name, database) = place("a_series_of_markers").await;
    let service = service_on(&uri, &name).await;
    spool(&service, "before").await;
    stored(&service, 2).await;
    drop_it(&database, "logs_receipts").await;
    let series = doc! { "create": "logs_receipts", "timeseries": { "timeField": "received_at" } };
    database.run_command(series).await.unwrap();
    told(&service, "logs_receipts is a time series").await;
    spool(&service, "behind").await;
    waits(&service, 1).await;
    drop_it(&database, "logs_receipts").await;
    stored(&service, 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_a_capped_collection() {
    let capped = doc! { "capped": true, "size": 1 << 20 };
    keeps_batches_waiting("a_capped_one", "logs", capped, "is a capped collection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_a_time_series_which_would_store_a_batch_twice() {
    let series = doc! { "timeseries": { "timeField": "time" } };
    keeps_batches_waiting("a_time_series", "logs", series, "is a time series").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_while_keys_of_batches_would_be_forgotten_in_silence() {
    let capped = doc! { "capped": true, "size": 1 << 20 };
    let name = "capped_receipts";
    keeps_batches_waiting(name, "logs_receipts", capped, "is a capped collection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_while_a_unique_index_would_refuse_good_records() {
    let (uri, name, database) = place("a_unique_index").await;
    let index = |name: &str, field: &str, more: Document| {
        let mut index = doc! { "key": { field: 1 }, "name": name };
        index.extend(more);
        doc! { "createIndexes": "logs", "indexes": [index] }
    };
    let sparse = doc! { "unique": true, "sparse": true };
    let harmless = index("orders", "order", sparse);
    database.run_command(harmless).await.unwrap();
    let unique = index("ids", "attributes.id", doc! { "unique": true });
    database.run_command(unique).await.unwrap();
    let service = service_on(&uri, &name).await;
    told(&service, "the unique index ids of logs").await;
    spool(&service, "k").await;
    waits(&service, 1).await;
    let drop = doc! { "dropIndexes": "logs", "index": "ids" };
    database.run_command(drop).await.unwrap();
    stored(&service, 2).await;
    assert_eq!(service.health().await["records"]["rejected"]["setAside"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_its_place_while_nothing_is_written_is_found_at_the_next_look() {
    let (uri, name, database) = place("in_its_place_at_the_next_look").await;
    database.create_collection("others").await.unwrap();
    let store = super::dropped::store_on(&uri, &name);
    for (made, reason) in [
        (
            doc! { "timeseries": { "timeField": "time" } },
            "a time series",
        ),
        (doc! { "viewOn": "others", "pipeline": [] }, "a view"),
        (
            doc! { "capped": true, "size": 1 << 20 },
            "a capped collection",
        ),
    ] {
        super::dropped::has_problem(&store, false).await;
        let mut create = doc! { "create": "logs" };
        create.extend(made);
        // The store makes its own anew as soon as there is none, and may be the first to do so.
        loop {
            drop_it(&database, "logs").await;
            if database.run_command(create.clone()).await.is_ok() {
                break;
            }
        }
        wait_until("the store to be stopped", PATIENCE, async || {
            let status = store::Store::status(&store);
            let problem = status.problem.unwrap_or_default();
            !status.available && problem.contains(reason)
        })
        .await;
        // Whoever has waited for long with writing is told at once.
        let recovered = tokio::time::timeout(PATIENCE, store::Store::recovered(&store));
        let ((), recovered) = tokio::join!(drop_it(&database, "logs"), recovered);
        assert!(recovered.is_ok(), "{reason} is gone, and nobody was told");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_index_that_is_made_later_is_found_at_the_next_look() {
    let (uri, name, database) = place("a_later_unique_index").await;
    let store = super::dropped::store_on(&uri, &name);
    super::dropped::has_problem(&store, false).await;
    let index = doc! { "key": { "message": 1 }, "name": "messages", "unique": true };
    let create = doc! { "createIndexes": "logs", "indexes": [index] };
    database.run_command(create).await.unwrap();
    wait_until("the store to be stopped", PATIENCE, async || {
        let status = store::Store::status(&store);
        let problem = status.problem.unwrap_or_default();
        !status.available && problem.contains("the unique index messages of logs")
    })
    .await;
}

/// The records that a search finds, by their attribute `n`.
async fn found(service: &Service, query: &str) -> Vec<Value> {
    let found = service.get(&format!("/logs/retrieve?{query}")).await;
    let found = found.json();
    let number = |record: &Value| record["attributes"]["n"].clone();
    found.as_array().into_iter().flatten().map(number).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collation_of_the_collection_changes_no_search() {
    for clustered in [false, true] {
        let (uri, name, database) = place(&format!("a_collation_{clustered}")).await;
        // For which a and A are equal, and so are ä and a.
        let collation = doc! { "locale": "en", "strength": 1 };
        let mut create = doc! { "create": "logs", "collation": collation };
        if clustered {
            create.insert(
                "clusteredIndex",
                doc! { "key": { "_id": 1 }, "unique": true },
            );
        }
        database.run_command(create).await.unwrap();
        let service = service_on(&uri, &name).await;
        let value = |n: usize, v: &str| record(n, &json!({ "n": n, "v": v, "a.b": v }));
        let batch = json!([value(0, "a"), value(1, "A"), value(2, "ä"), value(3, "b")]);
        assert_eq!(service.batch(&batch).await.status, 200);
        for (query, expected) in [
            ("attr.v=a", json!([0])),
            ("attr.v=A", json!([1])),
            ("attr.a.b=a", json!([0])),
            ("attr.v=!a", json!([1, 2, 3])),
            ("attr.v=!A&order=desc", json!([3, 2, 0])),
            ("q=OURS&attr.v=b", json!([3])),
            ("q=OURS&caseSensitive=true", json!([])),
            (
                "logLevel=info&startTime=2024-10-08T00:00:02Z",
                json!([2, 3]),
            ),
        ] {
            assert_eq!(json!(found(&service, query).await), expected, "{query}");
        }
        let facets = service.get("/logs/facets?fields=attr.v").await.json();
        let values = facets["fields"][0]["values"].as_array().unwrap();
        assert_eq!(values.len(), 4, "{facets}");
        assert_eq!(service.get("/logs/histogram").await.json()["records"], 4);
    }
}

/// A document with an id like ours, or that is longer.
fn document(number: u8, bytes: usize, message: Option<&str>) -> Document {
    let mut id = vec![0x80; bytes - 1];
    id.push(number);
    let id = Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: id,
    };
    let mut document = doc! { "_id": id, "severity": 9 };
    document.extend(message.map(|message| ("message".to_owned(), Bson::from(message))));
    document
}

/// What `/health` notes, once it does.
async fn notes(service: &Service, count: usize) -> Vec<String> {
    let mut notes = Value::Null;
    wait_until("the notes to be there", PATIENCE, async || {
        notes = service.health().await["store"]["notes"].clone();
        notes.as_array().map_or(0, Vec::len) == count
    })
    .await;
    serde_json::from_value(notes).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_are_not_served_are_told_by_their_number_in_log_and_health() {
    let (uri, name, database) = place("documents_that_are_not_served").await;
    let logs = database.collection::<Document>("logs");
    let theirs = [
        doc! { "_id": "a text" },
        doc! { "_id": "another" },
        doc! { "_id": 7 },
        doc! { "_id": { "a": 1 } },
        doc! { "_id": bson::Uuid::new() },
        doc! { "_id": bson::DateTime::from_millis(0) },
        doc! { "message": "theirs" },
        document(1, 24, Some("longer")),
        document(1, 20, Some("a record")),
        document(2, 20, None),
        document(3, 20, None),
    ];
    logs.insert_many(theirs).await.unwrap();
    let service = service_on(&uri, &name).await;
    let notes = notes(&service, 2).await;
    let others = "8 documents in logs were written by something else (by _id: 1 ObjectId, 1 UUID, \
        1 binary of another length, 1 date, 1 number, 1 object, 2 string): left alone and not served";
    assert!(notes[0].starts_with(others), "{notes:?}");
    let ours = "2 documents in logs have an id like ours and no text as message";
    assert!(notes[1].starts_with(ours), "{notes:?}");
    for note in &notes {
        let head = note.split(':').next().unwrap();
        assert!(service.log_text().contains(head), "{}", service.log_text());
    }
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_removes_records_is_told_and_is_no_fault() {
    let (uri, name, database) = place("an_index_that_removes").await;
    let old = doc! { "key": { "time": 1 }, "name": "old", "expireAfterSeconds": 1 << 30 };
    let create = doc! { "createIndexes": "logs", "indexes": [old] };
    database.run_command(create).await.unwrap();
    let service = service_on(&uri, &name).await;
    let notes = notes(&service, 1).await;
    assert!(
        notes[0].starts_with("the index old of logs lets MongoDB remove"),
        "{notes:?}"
    );
    spool(&service, "k").await;
    stored(&service, 2).await;
}
