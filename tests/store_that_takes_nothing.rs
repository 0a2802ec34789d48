//! A store that is there and yet takes no records: `/health` says so, batches wait in the spool, and
//! nothing that was acknowledged is lost when it is put right.

use std::fs;
use std::time::Duration;

use bson::doc;
use serde_json::{Value, json};

use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::stores::Backend;
use crate::support::traffic::{found, stored};
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);

async fn spool(service: &Service, message: &str) {
    let body = json!([{ "timestamp": "2024-10-08T00:00:00Z", "message": message }]);
    let path = "/logs/batch?ack=spooled";
    let reply = service.post(path, "application/json", body.to_string());
    assert_eq!(reply.await.status, 200);
}

/// Waits until the store is told to be away; why.
async fn away(service: &Service) -> String {
    let mut problem = Value::Null;
    wait_until("the store to be told away", PATIENCE, async || {
        let health = service.health().await;
        problem = health["store"]["problem"].clone();
        health["store"]["available"] == false && health["status"] == "degraded"
    })
    .await;
    problem.as_str().unwrap().to_owned()
}

async fn well(service: &Service) {
    wait_until("all to be well", PATIENCE, async || {
        let health = service.health().await;
        health["status"] == "ok" && health["spool"]["batches"] == 0
    })
    .await;
}

async fn moved_away_and_put_back(backend: Backend, name: &str) {
    let service = backend.start(name).await;
    spool(&service, "before").await;
    well(&service).await;
    let (file, away_file) = (
        service.data_dir().join(name),
        service.data_dir().join("away"),
    );
    fs::rename(&file, &away_file).unwrap();
    let problem = away(&service).await;
    assert!(problem.contains("moved away or removed"), "{problem}");
    assert!(problem.contains(name), "{problem}");
    spool(&service, "meanwhile").await;
    // Another one in its place is not taken for it.
    fs::write(&file, "").unwrap();
    wait_until("the other file to be told", PATIENCE, async || {
        away(&service).await.contains("another file")
    })
    .await;
    let health = service.health().await;
    assert_eq!(health["records"]["waiting"], 1, "{health}");
    fs::rename(&away_file, &file).unwrap();
    well(&service).await;
    let stored = stored(&service).await;
    assert_eq!((stored["before"], stored["meanwhile"]), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_file_that_is_moved_away_is_told_and_takes_nothing_until_it_is_back() {
    moved_away_and_put_back(Backend::Sqlite, "logs.sqlite3").await;
    moved_away_and_put_back(Backend::Blocks, "blocks.sqlite3").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_database_that_is_moved_away_is_told_and_takes_nothing_until_it_is_back() {
    moved_away_and_put_back(Backend::Sqlite, "logs.sqlite3-wal").await;
    moved_away_and_put_back(Backend::Blocks, "blocks.sqlite3-wal").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_goes_down_with_a_database_file_that_was_removed() {
    let service = Backend::Sqlite.start("removed").await;
    spool(&service, "before").await;
    well(&service).await;
    for name in ["logs.sqlite3", "logs.sqlite3-wal", "logs.sqlite3-shm"] {
        fs::remove_file(service.data_dir().join(name)).unwrap();
    }
    away(&service).await;
    spool(&service, "after").await;
    service.restart().await;
    well(&service).await;
    assert_eq!(stored(&service).await["after"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_that_were_removed_stop_the_next_start_and_what_waits_is_not_lost() {
    let service = Backend::Blocks.start("removed_blocks").await;
    spool(&service, "before").await;
    well(&service).await;
    let folder = service.data_dir().to_owned();
    for name in ["blocks.sqlite3", "blocks.sqlite3-wal", "blocks.sqlite3-shm"] {
        fs::remove_file(folder.join(name)).unwrap();
    }
    away(&service).await;
    spool(&service, "after").await;
    service.kill();
    let start = || Service::builder().data_dir(&folder);
    let (status, _, stderr) = start().start_expecting_exit().await;
    assert_eq!(status.code(), Some(1), "{stderr}");
    let said = "are in blocks.sqlite3, which is missing there or is not whole: put it back";
    assert!(stderr.contains(said), "{stderr}");
    fs::remove_file(folder.join("logs.sqlite3")).unwrap();
    let anew = start().env("LAYOUT", "blocks").start().await;
    well(&anew).await;
    assert_eq!(stored(&anew).await["after"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_with_less_than_blocks_leave_free_takes_nothing_more_and_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let with_left = async |bytes: &str| {
        let settings = Service::builder().data_dir(folder.path());
        let settings = settings.env("LAYOUT", "blocks");
        settings.env("STORE_MIN_FREE_DISK", bytes).start().await
    };
    let service = with_left("0").await;
    spool(&service, "before").await;
    well(&service).await;
    drop(service);

    let service = with_left("1TiB").await;
    spool(&service, "meanwhile").await;
    let problem = away(&service).await;
    assert!(problem.starts_with("the disk has less than "), "{problem}");
    let health = service.health().await;
    assert_eq!(health["spool"]["batches"], 1, "{health}");
    let read = found(&service, "").await;
    assert_eq!((read.len(), &read[0]["message"]), (1, &json!("before")));
    drop(service);

    let service = with_left("1MiB").await;
    well(&service).await;
    let stored = stored(&service).await;
    assert_eq!((stored["before"], stored["meanwhile"]), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_is_made_anew_as_it_was_also_after_its_user_was_without_rights() {
    let mongod = Mongod::start_with_access_control().await;
    let database = mongod.client().await.database("logdb");
    let roles = |role: &str| bson::Bson::from(vec![bson::Bson::from(role)]);
    let user = doc! { "createUser": "aggregator", "pwd": "pw", "roles": roles("readWrite") };
    database.run_command(user).await.unwrap();
    let uri = mongod.uri_of("aggregator", "pw", "logdb");
    let service = Service::builder().mongodb(&uri, "logdb").start().await;
    spool(&service, "before").await;
    well(&service).await;
    let change = doc! { "updateUser": "aggregator", "roles": roles("read") };
    database.run_command(change).await.unwrap();
    spool(&service, "meanwhile").await;
    wait_until("the reason to be told", PATIENCE, async || {
        away(&service).await.contains("(code 13)")
    })
    .await;
    let change = doc! { "updateUser": "aggregator", "roles": roles("readWrite") };
    database.run_command(change).await.unwrap();
    well(&service).await;

    let logs = database.collection::<bson::Document>("logs");
    logs.drop().await.unwrap();
    spool(&service, "after").await;
    well(&service).await;
    assert_eq!(stored(&service).await["after"], 1);
    let names: Vec<String> = logs.list_index_names().await.unwrap();
    assert_eq!(names.len(), 2, "{names:?}");
    let command = doc! { "listCollections": 1, "filter": { "name": "logs" } };
    let listed = database.run_command(command).await.unwrap();
    assert!(listed.to_string().contains("clusteredIndex"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_only_read_is_told_until_he_may_write() {
    let mongod = Mongod::start_with_access_control().await;
    let database = mongod.client().await.database("logdb");
    let roles = |role: &str| bson::Bson::from(vec![bson::Bson::from(role)]);
    let user = doc! { "createUser": "aggregator", "pwd": "pw", "roles": roles("read") };
    database.run_command(user).await.unwrap();
    let uri = mongod.uri_of("aggregator", "pw", "logdb");
    let service = Service::builder().mongodb(&uri, "logdb").start().await;
    spool(&service, "one").await;
    let mut problem = String::new();
    wait_until("the reason to be told", PATIENCE, async || {
        problem = away(&service).await;
        problem.contains("(code 13)")
    })
    .await;
    assert!(problem.contains("not authorized"), "{problem}");
    let grant = doc! { "grantRolesToUser": "aggregator", "roles": roles("readWrite") };
    database.run_command(grant).await.unwrap();
    well(&service).await;
    assert_eq!(service.health().await["store"]["available"], true);
    assert_eq!(stored(&service).await["one"], 1);
}
