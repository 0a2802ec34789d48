//! What stands in MongoDB: the documents, the collection and its index, and what the service does
//! with a collection that it did not make, or may not make as it would.

mod counting;
mod dropped;
mod formats;
mod made;
mod others;
mod searching;
mod unsuitable;

use std::time::Duration;

use crate::support::mongod;
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::wait_until;
use bson::{Bson, Document, doc};
use mongodb::Database;
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

/// The same, that has made its collection: what is put into one before that is found there.
async fn ready_service_on(uri: &str, database: &str) -> Service {
    let service = service_on(uri, database).await;
    let ready = "the collection is ready";
    wait_until(ready, PATIENCE, async || service.log_text().contains(ready)).await;
    service
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

/// Lets the server forget what it noted, and note all that comes.
async fn note_anew(database: &Database) {
    database.run_command(doc! { "profile": 0 }).await.unwrap();
    database
        .run_command(doc! { "drop": "system.profile" })
        .await
        .ok();
    database.run_command(doc! { "profile": 2 }).await.unwrap();
}
