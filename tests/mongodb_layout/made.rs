//! What the service makes where there is nothing yet: the documents, the collection and its index, as far as it
//! may and the server can.

use super::{PATIENCE, one_is_taken_and_found, options, place, rows, service_on};
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::wait_until;
use bson::{Bson, doc};
use serde_json::json;

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
