//! Documents that others wrote into the collection.

use super::{Target, code_of};
use crate::StoreError;
use logs::counted;
use mongodb::Database;
use mongodb::bson::doc;
use mongodb::bson::oid::ObjectId;

/// Documents with ids of another kind are counted up to here.
const COUNTED: i32 = 1000;

/// A collection that others filled is used, but what they wrote is not served.
pub(super) async fn warn(database: &Database, target: &Target) -> Result<(), StoreError> {
    let range = doc! {
        "$gte": ObjectId::from_bytes([0x00; 12]),
        "$lte": ObjectId::from_bytes([0xff; 12]),
    };
    let command = doc! {
        "aggregate": &target.collection,
        "pipeline": [
            { "$match": { "_id": range } },
            { "$limit": COUNTED },
            { "$count": "documents" },
        ],
        "cursor": {},
        "maxTimeMS": 2000,
    };
    let reply = match database.run_command(command).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error).is_some() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let count = reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"))
        .ok()
        .and_then(|batch| batch.first()?.as_document()?.get_i32("documents").ok())
        .unwrap_or(0);
    if count > 0 {
        let at_least = if count == COUNTED { "at least " } else { "" };
        let were = if count == 1 { "was" } else { "were" };
        tracing::warn!(
            "{at_least}{} in {} {were} written by something else (with an ObjectId as _id): left alone and not served; \
             send what is to be served to POST /logs/batch, or set MONGODB_COLLECTION to a collection of its own",
            counted(count, "document", "documents"),
            target.collection
        );
    }
    Ok(())
}
