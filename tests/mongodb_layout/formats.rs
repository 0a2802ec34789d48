//! Ids of 20 bytes and of 27 never mix in one collection: which of them it has is what its mark says,
//! without one what its documents say.

use super::{PATIENCE, not_written_to, one_is_taken_and_found, place, rows, service_on};
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::wait_until;
use bson::{Binary, Bson, Document, doc};
use mongodb::Database;
use serde_json::json;

/// A document with an id of so many bytes.
fn document(bytes: usize) -> Document {
    let mut id = vec![0x80; 8];
    id.resize(bytes, 7);
    let id = Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: id,
    };
    doc! { "_id": id, "severity": 9, "level": "INFO", "message": "theirs" }
}

async fn mark(database: &Database, version: impl Into<Bson>) {
    let mark = doc! { "_id": "format", "version": version.into() };
    let meta = database.collection::<Document>("logs_meta");
    meta.insert_one(mark).await.unwrap();
}

async fn marked(database: &Database) -> Option<Bson> {
    let marks = rows(database, doc! { "find": "logs_meta" }).await;
    marks.first().and_then(|mark| mark.get("version")).cloned()
}

async fn insert(database: &Database, lengths: &[usize]) {
    let logs = database.collection::<Document>("logs");
    let documents = lengths.iter().map(|bytes| document(*bytes));
    logs.insert_many(documents).await.unwrap();
}

async fn one_is_spooled(service: &Service) {
    let record = json!([{ "timestamp": "2024-10-08T00:00:00Z", "message": "ours" }]);
    let path = "/logs/batch?ack=spooled";
    let reply = service.post(path, "application/json", record.to_string());
    assert_eq!(reply.await.status, 200);
}

/// Waits until what was spooled is stored.
async fn is_stored(service: &Service) {
    wait_until("what waits to be stored", PATIENCE, async || {
        let health = service.health().await;
        health["store"]["available"] == true && health["spool"]["batches"] == 0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_without_a_mark_is_marked_with_what_its_ids_are() {
    for (length, version) in [(20, 1), (27, 2)] {
        let (uri, name, database) = place(&format!("marked_by_{length}_bytes")).await;
        insert(&database, &[length]).await;
        let service = service_on(&uri, &name).await;
        wait_until("it to be ready", PATIENCE, async || {
            service.health().await["store"]["available"] == true
        })
        .await;
        assert_eq!(marked(&database).await, Some(version.into()), "{length}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_others_filled_is_marked_with_the_first_format() {
    let (uri, name, database) = place("others_filled_it").await;
    let logs = database.collection::<Document>("logs");
    logs.insert_one(doc! { "message": "theirs" }).await.unwrap();
    let service = service_on(&uri, &name).await;
    one_is_taken_and_found(&service).await;
    assert_eq!(marked(&database).await, Some(1.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_both_lengths_are_told_and_batches_wait_until_one_kind_is_gone() {
    let (uri, name, database) = place("ids_of_both_lengths").await;
    insert(&database, &[20, 27]).await;
    let service = service_on(&uri, &name).await;
    not_written_to(&service, &["ids of both formats, of 20 bytes and of 27"]).await;
    one_is_spooled(&service).await;
    assert_eq!(service.get("/logs/retrieve").await.status, 503);
    assert_eq!(marked(&database).await, None);
    let logs = database.collection::<Document>("logs");
    assert_eq!(logs.count_documents(doc! {}).await.unwrap(), 2);

    logs.delete_one(document(27)).await.unwrap();
    is_stored(&service).await;
    assert_eq!(marked(&database).await, Some(1.into()));
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_the_ids_contradict_is_told_whatever_kind_of_number_it_is() {
    for (number, (version, length, reason)) in [
        (
            Bson::Int32(1),
            27,
            "format 1 (20 bytes), and it holds ids of 27 bytes",
        ),
        (
            Bson::Double(2.0),
            20,
            "format 2 (27 bytes), and it holds ids of 20 bytes",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let (uri, name, database) = place(&format!("a_mark_contradicted_{number}")).await;
        mark(&database, version).await;
        insert(&database, &[length]).await;
        let service = service_on(&uri, &name).await;
        not_written_to(&service, &[reason]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_the_other_length_are_found_in_a_running_service_at_its_next_look() {
    let (uri, name, database) = place("the_other_length_at_the_next_look").await;
    let store = super::dropped::store_on(&uri, &name);
    super::dropped::has_problem(&store, false).await;
    insert(&database, &[20, 27]).await;
    wait_until("the store to be stopped", PATIENCE, async || {
        let status = store::Store::status(&store);
        let problem = status.problem.unwrap_or_default();
        !status.available && problem.contains("nothing is written to it")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_that_says_nothing_is_told_for_what_it_is_until_it_is_removed() {
    for (number, (version, reason)) in [
        (Bson::from("2"), "is no whole number (String)"),
        (Bson::Int32(0), "is 0, which there is none of"),
    ]
    .into_iter()
    .enumerate()
    {
        let (uri, name, database) = place(&format!("a_mark_that_says_nothing_{number}")).await;
        mark(&database, version).await;
        let service = service_on(&uri, &name).await;
        let cure = "the guide's chapter on MongoDB says how to mend it";
        not_written_to(&service, &[reason, cure]).await;
        one_is_spooled(&service).await;
        let meta = database.collection::<Document>("logs_meta");
        meta.delete_one(doc! { "_id": "format" }).await.unwrap();
        is_stored(&service).await;
        assert_eq!(marked(&database).await, Some(2.into()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_the_mark_waits_until_he_may_or_a_document_tells_the_format() {
    let mongod = Mongod::start_with_access_control().await;
    let client = mongod.client().await;
    for with_document in [false, true] {
        let name = format!("unreadable_{with_document}");
        let database = client.database(&name);
        let may = |collection: &str, actions: &[&str]| {
            let resource = doc! { "db": &name, "collection": collection };
            doc! { "resource": resource, "actions": actions }
        };
        let both = ["find", "insert"];
        let privileges = [may("logs", &both), may("logs_receipts", &both)];
        let role =
            doc! { "createRole": "writer", "privileges": privileges.as_slice(), "roles": [] };
        database.run_command(role).await.unwrap();
        let user = doc! { "createUser": "aggregator", "pwd": "pw", "roles": ["writer"] };
        database.run_command(user).await.unwrap();

        let uri = mongod.uri_of("aggregator", "pw", &name);
        let service = service_on(&uri, &name).await;
        not_written_to(&service, &["the user may not read logs_meta"]).await;
        one_is_spooled(&service).await;
        let names = database.list_collection_names().await.unwrap();
        assert!(names.is_empty(), "{names:?}");
        if with_document {
            insert(&database, &[20]).await;
        } else {
            let find = [may("logs_meta", &["find"])];
            let grant = doc! { "grantPrivilegesToRole": "writer", "privileges": find.as_slice() };
            database.run_command(grant).await.unwrap();
        }
        is_stored(&service).await;
        assert_eq!(marked(&database).await, None);
    }
}

/// What the guide says of a collection that is to be made anew, step by step.
async fn make_anew(database: &Database, uri: &str) {
    let logs = database.collection::<Document>("logs");
    let has = async |bytes: usize| {
        let bound = |byte: u8| Binary {
            subtype: bson::spec::BinarySubtype::Generic,
            bytes: vec![byte; bytes],
        };
        let of = doc! { "_id": { "$gte": bound(0), "$lte": bound(0xff) } };
        logs.find_one(of).await.unwrap().is_some()
    };
    let (has_20, has_27) = (has(20).await, has(27).await);
    if has_20 != has_27 {
        let version = if has_27 { 2 } else { 1 };
        let meta = database.collection::<Document>("logs_meta");
        let mark = doc! { "$set": { "version": version } };
        let marking = meta.update_one(doc! { "_id": "format" }, mark);
        marking.upsert(true).await.unwrap();
    }
    let name = database.name();
    let rename =
        doc! { "renameCollection": format!("{name}.logs"), "to": format!("{name}.logs_before") };
    let client = mongodb::Client::with_uri_str(uri).await.unwrap();
    client.database("admin").run_command(rename).await.unwrap();
    wait_until("the service to make its own", PATIENCE, async || {
        let names = database.list_collection_names().await.unwrap();
        names.contains(&"logs".to_owned())
    })
    .await;
    let before = database.collection::<Document>("logs_before");
    let merge = before.aggregate([doc! { "$merge": { "into": "logs" } }]);
    merge.await.unwrap();
    before.drop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guide_says_of_a_capped_collection_mixes_no_ids_whatever_the_mark_says() {
    for (length, marked_before) in [(20, None), (27, None), (20, Some(2)), (27, Some(1))] {
        let version = if length == 20 { 1 } else { 2 };
        let name = format!("capped_{length}_{}", marked_before.unwrap_or(0));
        let (uri, name, database) = place(&name).await;
        let capped = doc! { "create": "logs", "capped": true, "size": 1 << 20 };
        database.run_command(capped).await.unwrap();
        insert(&database, &[length]).await;
        if let Some(version) = marked_before {
            mark(&database, version).await;
        }
        let service = service_on(&uri, &name).await;
        not_written_to(&service, &["is a capped collection"]).await;
        one_is_spooled(&service).await;
        make_anew(&database, &uri).await;
        is_stored(&service).await;
        // One that looks at all of it anew.
        let service = service_on(&uri, &name).await;
        is_stored(&service).await;
        assert_eq!(marked(&database).await, Some(version.into()));
        let all = service.get("/logs/retrieve").await.json();
        assert_eq!(all.as_array().map(Vec::len), Some(2), "{all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_of_a_later_format_is_not_touched() {
    let (uri, name, database) = place("a_collection_of_a_later_format").await;
    let meta = database.collection::<Document>("logs_meta");
    meta.insert_one(doc! { "_id": "format", "version": 3 })
        .await
        .unwrap();
    let service = service_on(&uri, &name).await;
    wait_until("/health to give the reason", PATIENCE, async || {
        let health = service.health().await;
        let problem = health["problem"].as_str().unwrap_or_default();
        problem.contains("format version 3")
    })
    .await;
    let refused = service.get("/logs/retrieve").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    let there = database.list_collection_names().await.unwrap();
    assert_eq!(there, ["logs_meta"]);
}
