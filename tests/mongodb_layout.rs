//! What stands in MongoDB: the documents, the collection and its index, and what the service does
//! with a collection that it did not make, or may not make as it would.

mod counting;
mod dropped;
mod formats;
mod others;
mod unsuitable;

use std::time::Duration;

use crate::support::mongod::{self, Mongod};
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::wait_until;
use bson::{Bson, Document, doc};
use mongodb::Database;
use record::id::RecordId;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

/// A database of the shared server for the test with this name, as the service and as we see it.
async fn place(name: &str) -> (String, String, Database) {
    let mongod = mongod::shared().await;
    let database = database(name);
    let client = mongod.client().await;
    (mongod.uri(), database.clone(), client.database(&database))
}

async fn service_on(uri: &str, database: &str) -> Service {
    Service::builder().mongodb(uri, database).start().await
}

/// The first batch of a command's cursor.
async fn rows(database: &Database, command: Document) -> Vec<Document> {
    let reply = database.run_command(command).await.unwrap();
    let batch = reply
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let row = |row: &Bson| row.as_document().unwrap().clone();
    batch.iter().map(row).collect()
}

async fn options(database: &Database) -> Document {
    let found = rows(
        database,
        doc! { "listCollections": 1, "filter": { "name": "logs" } },
    )
    .await;
    found[0].get_document("options").unwrap().clone()
}

/// Waits until the service says that nothing is written, with these words.
async fn not_written_to(service: &Service, words: &[&str]) {
    wait_until(words[0], PATIENCE, async || {
        let health = service.health().await;
        let problem = health["problem"].as_str().unwrap_or_default();
        health["status"] == "degraded"
            && health["store"]["available"] == false
            && words.iter().all(|words| problem.contains(words))
            && problem.contains("nothing is written to it")
    })
    .await;
}

async fn one_is_taken_and_found(service: &Service) {
    let taken = service
        .batch(&json!([{"timestamp": "2024-10-08T00:00:00Z", "level": "WARN", "message": "one"}]))
        .await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let found = service.get("/logs/retrieve?logLevel=WARN").await;
    assert_eq!(found.status, 200, "{}", found.text());
    assert_eq!(found.json()[0]["message"], "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_stands_there_as_documented() {
    let (uri, name, database) = place("a_record_stands_there_as_documented").await;
    let service = service_on(&uri, &name).await;
    let record = json!([{
        "timestamp": "2024-10-08T00:00:00.123456789Z", "level": "Warning", "message": "Disk",
        "attributes": {"free": 12, "disk": {"name": "sda", "ratio": 0.5}}, "ok": true,
    }, {"timestamp": "2024-10-08T00:00:01Z", "message": "plain"}]);
    assert_eq!(service.batch(&record).await.status, 200);

    let found = rows(&database, doc! { "find": "logs", "sort": { "_id": 1 } }).await;
    let names: Vec<_> = found[0].keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "_id",
            "time",
            "level",
            "severity",
            "message",
            "attributes",
            "received_at"
        ]
    );
    let Some(Bson::Binary(id)) = found[0].get("_id") else {
        panic!("{:?}", found[0]);
    };
    assert_eq!((u8::from(id.subtype), id.bytes.len()), (0, 27));
    let nanos = 1_728_345_600_123_456_789_u64 + (1 << 63);
    assert_eq!(id.bytes[..8], nanos.to_be_bytes());
    assert_eq!(id.bytes[23..], [0, 0, 0, 0]);
    assert_eq!(
        found[0].get_datetime("time").unwrap().timestamp_millis(),
        1_728_345_600_123
    );
    assert_eq!(found[0].get("level"), Some(&Bson::from("Warning")));
    assert_eq!(found[0].get("severity"), Some(&Bson::from(13)));
    let attributes = found[0].get_document("attributes").unwrap();
    let disk = doc! { "name": "sda", "ratio": 0.5 };
    assert_eq!(attributes.get("disk"), Some(&Bson::from(disk)));
    assert_eq!(attributes.get("ok"), Some(&Bson::from(true)));
    assert!(found[0].get_datetime("received_at").is_ok());
    let names: Vec<_> = found[1].keys().map(String::as_str).collect();
    assert_eq!(names, ["_id", "time", "severity", "message", "received_at"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collection_is_clustered_and_has_one_index_for_the_rare_levels() {
    let (uri, name, database) = place("the_collection_is_clustered").await;
    let service = service_on(&uri, &name).await;
    one_is_taken_and_found(&service).await;
    let options = options(&database).await;
    let clustered = options.get_document("clusteredIndex").unwrap();
    assert_eq!(clustered.get("key"), Some(&Bson::from(doc! { "_id": 1 })));
    let indexes = rows(&database, doc! { "listIndexes": "logs" }).await;
    let others: Vec<_> = indexes
        .iter()
        .filter(|index| !index.contains_key("clustered"))
        .collect();
    assert_eq!(others.len(), 1, "{indexes:?}");
    assert_eq!(
        others[0].get("key"),
        Some(&Bson::from(doc! { "severity": 1, "_id": 1 }))
    );
    let rare = doc! { "severity": { "$gte": 13 } };
    assert_eq!(
        others[0].get("partialFilterExpression"),
        Some(&Bson::from(rare))
    );
    let mark = rows(&database, doc! { "find": "logs_meta" }).await;
    assert_eq!(mark[0].get("version"), Some(&Bson::from(2)));
}

/// Lets the server forget what it noted, and note all that comes.
async fn note_anew(database: &Database) {
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    database
        .run_command(doc! { "drop": "system.profile" })
        .await
        .ok();
    database.run_command(doc! { "profile": 2 }).await.unwrap();
}

/// What the server noted about the service's last `find`.
async fn last_find(database: &Database) -> Document {
    // Unlike that for a page, a look at the collection asks for no order.
    let filter = doc! { "command.find": "logs", "command.sort": { "$exists": true } };
    let finds = doc! {
        "find": "system.profile", "filter": filter,
        "sort": { "$natural": -1 }, "limit": 1,
    };
    rows(database, finds).await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_and_a_range_of_time_are_found_without_reading_the_rest() {
    let (uri, name, database) = place("a_level_is_found_without_reading_the_rest").await;
    let service = service_on(&uri, &name).await;
    let record = |number: usize| {
        let level = ["WARN", "ERROR", "INFO"][(number % 1000).min(2)];
        let (second, milli) = (number / 1000, number % 1000);
        json!({"timestamp": format!("2024-10-08T00:00:{second:02}.{milli:03}Z"), "level": level, "message": "m", "n": 7})
    };
    let batch = json!((0..20_000).map(record).collect::<Vec<_>>());
    assert_eq!(service.batch(&batch).await.status, 200);
    database.run_command(doc! { "profile": 2 }).await.unwrap();

    for (filter, rows) in [
        ("logLevel=WARN", 20),
        ("logLevel=warning&order=desc", 20),
        ("logLevel=ERROR", 20),
        ("logLevel=ERROR,WARN&order=desc", 40),
        ("minLevel=WARN", 40),
        ("minLevel=WARN&q=M&attr.n=7&order=desc", 40),
    ] {
        let found = service.get(&format!("/logs/retrieve?{filter}")).await;
        assert_eq!(
            found.json().as_array().map(Vec::len),
            Some(rows),
            "{filter}"
        );
        let find = last_find(&database).await;
        let plan = find.get_str("planSummary").unwrap();
        assert!(plan.contains("IXSCAN { severity: 1, _id: 1 }"), "{plan}");
        assert!(find.get_i32("docsExamined").unwrap() <= 40, "{find}");
        // One key more for each severity that is merged.
        assert!(find.get_i32("keysExamined").unwrap() <= 60, "{find}");
        assert!(!find.contains_key("hasSortStage"), "{find}");
    }

    let second = "startTime=2024-10-08T00:00:07Z&endTime=2024-10-08T00:00:08Z";
    for (filter, rows) in [("", 1000), ("&logLevel=INFO", 998)] {
        let found = service
            .get(&format!("/logs/retrieve?{second}{filter}"))
            .await;
        assert_eq!(found.json().as_array().map(Vec::len), Some(rows));
        let find = last_find(&database).await;
        assert!(find.get_i32("docsExamined").unwrap() <= 1002, "{find}");
        assert!(!find.contains_key("hasSortStage"), "{find}");
    }
}

/// Sums over all that the server noted about the service's finds and what it fetched for them.
async fn returned(database: &Database) -> i32 {
    let filter =
        doc! { "ns": format!("{}.logs", database.name()), "op": { "$in": ["query", "getmore"] } };
    let finds = doc! { "find": "system.profile", "filter": filter };
    let noted = rows(database, finds).await;
    noted
        .iter()
        .map(|find| find.get_i32("nreturned").unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_index_serves_is_left_out_by_the_server_in_either_order() {
    let (uri, name, database) = place("what_no_index_serves").await;
    let service = service_on(&uri, &name).await;
    let record = |number: usize| {
        let (second, milli) = (number / 1000, number % 1000);
        let message = if number == 7_000 { "a Needle" } else { "hay" };
        json!({
            "timestamp": format!("2024-10-08T00:00:{second:02}.{milli:03}Z"), "level": "INFO",
            "message": message, "n": number, "host": format!("h{number}"),
            "http": { "status": number }, "rpc.code": number,
        })
    };
    let batch = json!((0..20_000).map(record).collect::<Vec<_>>());
    assert_eq!(service.batch(&batch).await.status, 200);
    let range = "startTime=2024-10-08T00:00:05Z&endTime=2024-10-08T00:00:15Z";
    for filter in [
        "q=needle",
        "q=Needle&caseSensitive=true",
        "attr.n=7000",
        "attr.host=h7000",
        "attr.http.status=7000",
        "attr.rpc.code=7000",
    ] {
        for order in ["asc", "desc"] {
            note_anew(&database).await;
            let found = service
                .get(&format!("/logs/retrieve?{range}&{filter}&order={order}"))
                .await;
            assert_eq!(found.json().as_array().map(Vec::len), Some(1), "{filter}");
            let find = last_find(&database).await;
            assert!(!find.contains_key("hasSortStage"), "{find}");
            // The range has 10,000 documents: many more than those would be a scan of the collection.
            assert!(find.get_i32("docsExamined").unwrap() <= 10_010, "{find}");
            // Some that do not match come as signs of progress.
            let returned = returned(&database).await;
            assert!(
                (1..=400).contains(&returned),
                "{filter} {order}: {returned}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_is_left_alone_and_not_served() {
    let (uri, name, database) = place("what_others_wrote_is_left_alone").await;
    let logs = database.collection::<Document>("logs");
    let others = (0..3).map(|number| doc! { "message": "theirs", "number": number });
    logs.insert_many(others).await.unwrap();
    logs.insert_one(doc! { "_id": "a text", "message": "theirs" })
        .await
        .unwrap();

    let service = service_on(&uri, &name).await;
    one_is_taken_and_found(&service).await;
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    let id = all[0]["id"].as_str().unwrap();
    let mut beside = RecordId::parse(id).unwrap().as_bytes().to_vec();
    beside[19] += 1;
    let binary = |bytes| bson::Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes,
    };
    // An id like ours, and no record.
    logs.insert_one(doc! { "_id": binary(beside), "severity": 13 })
        .await
        .unwrap();
    let counted = service.get("/logs/histogram").await.json();
    assert_eq!(counted["records"], 1, "{counted}");
    assert_eq!(
        logs.count_documents(doc! { "message": "theirs" })
            .await
            .unwrap(),
        4
    );
    let warning = "4 documents in logs were written by something else";
    wait_until(warning, PATIENCE, async || {
        service.log_text().contains(warning)
    })
    .await;
    assert!(!options(&database).await.contains_key("clusteredIndex"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_find_and_insert_has_a_service_that_works() {
    let mongod = Mongod::start_with_access_control().await;
    let database = mongod.client().await.database("logdb");
    let may = |collection: &str, actions: &[&str]| {
        let resource = doc! { "db": "logdb", "collection": collection };
        doc! { "resource": resource, "actions": actions }
    };
    let both = ["find", "insert"];
    let privileges = [
        may("logs", &both),
        may("logs_receipts", &both),
        // Else the format of the ids would be in doubt.
        may("logs_meta", &["find"]),
    ];
    let role = doc! { "createRole": "writer", "privileges": privileges.as_slice(), "roles": [] };
    database.run_command(role).await.unwrap();
    let user = doc! { "createUser": "aggregator", "pwd": "pw", "roles": ["writer"] };
    database.run_command(user).await.unwrap();

    let service = service_on(&mongod.uri_of("aggregator", "pw", "logdb"), "logdb").await;
    one_is_taken_and_found(&service).await;
    let keyed = || {
        service.post_with(
            "/logs/batch",
            &[("idempotency-key", "k")],
            r#"[{"message":"undated"}]"#,
        )
    };
    for replayed in [None, Some("true")] {
        let reply = keyed().await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("idempotent-replayed"), replayed);
    }
    // Who may insert may create a collection, too, but no index.
    assert!(options(&database).await.contains_key("clusteredIndex"));
    let log = service.log_text();
    assert!(
        log.contains("the index for WARN and worse is missing"),
        "{log}"
    );
    assert!(log.contains("may not write the format version"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_make_the_best_collection_gets_a_simpler_one() {
    let mongod = Mongod::start_with(&["--setParameter", "enableTestCommands=1"]).await;
    let client = mongod.client().await;
    for (refused, clustered) in [(1_u8, true), (2, false)] {
        let times = doc! { "times": i32::from(refused) };
        mongod.fail(&["create"], 72, times).await;
        let name = format!("refused_{refused}");
        let settings = Service::builder().mongodb(&mongod.uri(), &name);
        let service = settings.env("MONGODB_COMPRESSION", "zstd").start().await;
        one_is_taken_and_found(&service).await;
        let options = options(&client.database(&name)).await;
        assert_eq!(
            options.contains_key("clusteredIndex"),
            clustered,
            "{options}"
        );
        assert!(!options.contains_key("storageEngine"), "{options}");
        let log = service.log_text();
        assert_eq!(
            log.matches("trying a simpler one").count(),
            usize::from(refused),
            "{log}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn zstd_is_used_for_a_new_collection_when_asked_for() {
    let (uri, name, database) = place("zstd_is_used").await;
    let settings = Service::builder().mongodb(&uri, &name);
    let service = settings.env("MONGODB_COMPRESSION", "zstd").start().await;
    one_is_taken_and_found(&service).await;
    let options = options(&database).await;
    assert!(options.contains_key("clusteredIndex"), "{options}");
    let engine = options.get_document("storageEngine").unwrap().to_string();
    assert!(engine.contains("block_compressor=zstd"), "{engine}");
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_start_at_once_on_an_empty_database_all_work() {
    let (uri, name, database) = place("services_that_start_at_once").await;
    let start = || service_on(&uri, &name);
    let services: [Service; 4] = tokio::join!(start(), start(), start(), start()).into();
    for service in &services {
        wait_until("the service to be well", PATIENCE, async || {
            service.health().await["status"] == "ok"
        })
        .await;
    }
    for service in &services {
        one_is_taken_and_found(service).await;
    }
    let all = services[0].get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(4), "{all}");
    assert!(options(&database).await.contains_key("clusteredIndex"));
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
