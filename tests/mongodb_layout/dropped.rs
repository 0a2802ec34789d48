//! The collection is dropped, or another stands in its place, while the service runs.

use std::sync::Arc;
use std::time::Duration;

use super::{PATIENCE, one_is_taken_and_found, options, place, rows, service_on};
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::wait_until;
use bson::{Binary, Bson, Document, doc};
use logs::Timestamp;
use logs::clock::SystemClock;
use mongodb::Database;
use record::id::{BatchId, IdFormat, RecordId};
use serde_json::json;
use store::Store;
use store::address::MongoAddress;
use store::mongo::{MongoStore, Target};

/// A name under which a plain collection stands while it is replaced.
const SET_ASIDE: &str = "logs_set_aside_by_aggregator";

/// A record, as another aggregator would have written it.
fn record(number: u32) -> Document {
    let time = Timestamp::parse("2024-10-08T00:00:00Z").unwrap();
    let id = RecordId::new(time, BatchId::keyed("k", b""), number);
    let id = Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: id.as_bytes().to_vec(),
    };
    doc! { "_id": id, "severity": 9, "level": "INFO", "message": format!("theirs {number}") }
}

async fn is_clustered_with_index(database: &Database) -> bool {
    let indexes = rows(database, doc! { "listIndexes": "logs" }).await;
    let by_severity =
        |index: &Document| index.get_document("key").unwrap().contains_key("severity");
    options(database).await.contains_key("clusteredIndex") && indexes.iter().any(by_severity)
}

async fn well(service: &Service) {
    wait_until("all to be well", PATIENCE, async || {
        service.health().await["status"] == "ok"
    })
    .await;
}

async fn count(database: &Database, collection: &str) -> u64 {
    let collection = database.collection::<Document>(collection);
    collection.count_documents(doc! {}).await.unwrap()
}

fn list() -> Document {
    doc! { "listCollections": 1, "filter": { "name": "logs" } }
}

/// What tells the collection from every other of its name.
async fn uuid(database: &Database) -> Bson {
    let found = rows(database, list()).await;
    found[0].get_document("info").unwrap()["uuid"].clone()
}

/// A store that looks at its collection often, and that nothing is written to.
pub(super) fn store_on(uri: &str, database: &str) -> MongoStore {
    let target = Target {
        address: MongoAddress::parse(uri).unwrap(),
        database: database.to_owned(),
        collection: "logs".to_owned(),
        compression: None,
        max_connections: 4,
        look_interval: Duration::from_millis(50),
        new_format: Arc::new(|| IdFormat::Ordered),
    };
    MongoStore::start(target, Arc::new(SystemClock::start()))
}

pub(super) async fn has_problem(store: &MongoStore, expected: bool) {
    wait_until("the store to say how it is", PATIENCE, async || {
        let status = store.status();
        status.available && status.problem.is_some() == expected
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_clustered_with_its_index_though_two_services_write_to_it() {
    let (uri, name, database) = place("it_comes_back_clustered").await;
    let services = [service_on(&uri, &name).await, service_on(&uri, &name).await];
    for service in &services {
        one_is_taken_and_found(service).await;
    }
    for round in 0..8 {
        database
            .collection::<Document>("logs")
            .drop()
            .await
            .unwrap();
        // Every second time somebody puts an empty one there, as an insert would make it.
        if round % 2 == 1 {
            database.create_collection("logs").await.ok();
        }
        let sending = services.iter().map(async |service| {
            for number in 0..5 {
                let message = format!("{number} of round {round}");
                let batch = json!([{ "timestamp": "2024-10-08T00:00:00Z", "message": message }]);
                let taken = service.batch(&batch).await;
                assert_eq!(taken.json()["durability"], "stored", "{}", taken.text());
            }
        });
        futures_util::future::join_all(sending).await;
        assert_eq!(count(&database, "logs").await, 10, "round {round}");
        assert!(is_clustered_with_index(&database).await, "round {round}");
    }
    for service in &services {
        well(service).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_dropped_comes_back_whole() {
    let (uri, name, database) = place("a_database_that_is_dropped").await;
    let service = service_on(&uri, &name).await;
    one_is_taken_and_found(&service).await;
    database.drop().await.unwrap();
    one_is_taken_and_found(&service).await;
    assert!(is_clustered_with_index(&database).await);
    assert_eq!(count(&database, "logs_meta").await, 1);
    well(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_one_with_documents_is_told_until_it_is_right_and_has_its_index_meanwhile() {
    let (uri, name, database) = place("a_plain_one_with_documents").await;
    let logs = database.collection::<Document>("logs");
    logs.insert_one(record(0)).await.unwrap();
    let service = service_on(&uri, &name).await;
    one_is_taken_and_found(&service).await;
    let told = service.health().await;
    assert_eq!(told["store"]["available"], true, "{told}");
    assert_eq!(told["status"], "degraded", "{told}");
    let problem = told["problem"].as_str().unwrap();
    assert!(problem.contains("logs is not clustered"), "{problem}");
    let indexes = rows(&database, doc! { "listIndexes": "logs" }).await;
    assert_eq!(indexes.len(), 2, "{indexes:?}");

    // As the guide says.
    let whole = |collection: &str| format!("{name}.{collection}");
    let rename = doc! { "renameCollection": whole("logs"), "to": whole("logs_plain") };
    database
        .client()
        .database("admin")
        .run_command(rename)
        .await
        .unwrap();
    one_is_taken_and_found(&service).await;
    let merge = [doc! { "$merge": { "into": "logs" } }];
    let plain = database.collection::<Document>("logs_plain");
    plain.aggregate(merge).await.unwrap();
    plain.drop().await.unwrap();
    well(&service).await;
    assert!(is_clustered_with_index(&database).await);
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(3), "{all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_finds_what_became_of_it_though_nothing_is_written() {
    let (uri, name, database) = place("a_look_finds_what_became_of_it").await;
    let store = store_on(&uri, &name);
    has_problem(&store, false).await;
    let logs = database.collection::<Document>("logs");
    logs.drop().await.unwrap();
    wait_until("it to be there again", PATIENCE, async || {
        !rows(&database, list()).await.is_empty()
    })
    .await;
    assert!(options(&database).await.contains_key("clusteredIndex"));
    // A plain one with a document, unless a look makes it right before the document is there.
    wait_until("a plain one to be told", PATIENCE, async || {
        let found = rows(&database, list()).await;
        let options = found
            .first()
            .map(|entry| entry.get_document("options").unwrap());
        if options.is_some_and(|options| options.contains_key("clusteredIndex")) {
            logs.drop().await.unwrap();
            logs.insert_one(record(1)).await.unwrap();
        }
        store.status().problem.is_some()
    })
    .await;
    assert_eq!(count(&database, "logs").await, 1);
    // It is plain still, and holds nothing.
    logs.delete_many(doc! {}).await.unwrap();
    has_problem(&store, false).await;
    assert!(is_clustered_with_index(&database).await);
    let names = database.list_collection_names().await.unwrap();
    assert!(!names.contains(&SET_ASIDE.to_owned()), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_came_while_it_was_replaced_are_put_back() {
    let (uri, name, database) = place("documents_that_came_while").await;
    // Where an aggregator was killed between the renaming and the end.
    let aside = database.collection::<Document>(SET_ASIDE);
    aside.insert_many([record(1), record(2)]).await.unwrap();
    let logs = database.collection::<Document>("logs");
    logs.insert_one(record(2)).await.unwrap();
    let store = store_on(&uri, &name);
    has_problem(&store, true).await;
    assert_eq!(count(&database, "logs").await, 2);
    let names = database.list_collection_names().await.unwrap();
    assert!(!names.contains(&SET_ASIDE.to_owned()), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_not_put_back_is_told_and_the_collection_is_used() {
    let mongod = Mongod::start_with_access_control().await;
    let database = mongod.client().await.database("logdb");
    let aside = database.collection::<Document>(SET_ASIDE);
    aside.insert_one(record(1)).await.unwrap();
    // Whoever set it aside had marked it before.
    let meta = database.collection::<Document>("logs_meta");
    let mark = doc! { "_id": "format", "version": 2 };
    meta.insert_one(mark).await.unwrap();
    let may = |collection: &str, actions: &[&str]| doc! { "resource": { "db": "logdb", "collection": collection }, "actions": actions };
    let privileges = [
        may("", &["listCollections"]),
        may("logs", &["find", "insert", "createIndex"]),
        may("logs_meta", &["find", "insert", "update"]),
        may("logs_receipts", &["find", "insert"]),
    ];
    let role = doc! { "createRole": "careful", "privileges": privileges.as_slice(), "roles": [] };
    database.run_command(role).await.unwrap();
    let user = doc! { "createUser": "aggregator", "pwd": "pw", "roles": ["careful"] };
    database.run_command(user).await.unwrap();
    let store = store_on(&mongod.uri_of("aggregator", "pw", "logdb"), "logdb");
    has_problem(&store, true).await;
    let problem = store.status().problem.unwrap();
    assert!(problem.contains(SET_ASIDE), "{problem}");
    assert!(problem.contains("not authorized"), "{problem}");
    assert!(is_clustered_with_index(&database).await);
    assert_eq!(count(&database, SET_ASIDE).await, 1);

    let actions = ["find", "remove", "dropCollection"];
    let more = [may(SET_ASIDE, &actions), may("logs", &["update"])];
    let grant = doc! { "grantPrivilegesToRole": "careful", "privileges": more.as_slice() };
    database.run_command(grant).await.unwrap();
    has_problem(&store, false).await;
    assert_eq!(count(&database, "logs").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_one_that_an_operator_made_with_options_or_indexes_is_left_alone() {
    for (number, with_index) in [(0, false), (1, true)] {
        let (uri, name, database) = place(&format!("an_operators_own_{number}")).await;
        let mut create = doc! { "create": "logs" };
        if !with_index {
            create.insert("validator", doc! { "message": { "$ne": "bad" } });
        }
        database.run_command(create).await.unwrap();
        if with_index {
            let index = doc! { "key": { "message": 1 }, "name": "message" };
            let create = doc! { "createIndexes": "logs", "indexes": [index] };
            database.run_command(create).await.unwrap();
        }
        let before = uuid(&database).await;
        let store = store_on(&uri, &name);
        has_problem(&store, true).await;
        assert_eq!(uuid(&database).await, before);
    }
}
