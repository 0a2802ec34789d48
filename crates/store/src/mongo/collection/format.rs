//! What a collection holds already: a mark of its format, and documents that others wrote.

use super::{Target, code, code_of};
use crate::{FORMAT_VERSION, StoreError};
use logs::{Timestamp, counted};
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};

/// Documents with ids of another kind are counted up to here.
const FOREIGN_COUNTED: i32 = 1000;

/// Marks a new collection with the format, and refuses one of a later format.
pub(super) async fn check_format(
    database: &Database,
    target: &Target,
    now: Timestamp,
) -> Result<(), StoreError> {
    let meta = format!("{}_meta", target.collection);
    let mark = doc! {
        "update": &meta,
        "updates": [{
            "q": { "_id": "format" },
            "u": { "$setOnInsert": { "version": FORMAT_VERSION, "created_at": DateTime::from_millis(now.millis()) } },
            "upsert": true,
        }],
        "writeConcern": { "w": "majority", "j": true },
    };
    if let Err(error) = database.run_command(mark).await {
        match code_of(&error) {
            Some(code::UNAUTHORIZED) => {
                tracing::warn!(%error, "the user may not write the format version to {meta}");
            }
            _ => return Err(error.into()),
        }
    }
    let found = database
        .collection::<Document>(&meta)
        .find_one(doc! { "_id": "format" })
        .await;
    let version = match found {
        Ok(found) => found.and_then(|mark| mark.get_i32("version").ok()),
        Err(error) if code_of(&error) == Some(code::UNAUTHORIZED) => None,
        Err(error) => return Err(error.into()),
    };
    match version {
        Some(version) if version > FORMAT_VERSION => Err(StoreError::NewerFormat {
            found: version.into(),
        }),
        _ => Ok(()),
    }
}

/// A collection that others filled is used, but what they wrote is not served.
pub(super) async fn warn_of_foreign(
    database: &Database,
    target: &Target,
) -> Result<(), StoreError> {
    let range = doc! {
        "$gte": ObjectId::from_bytes([0x00; 12]),
        "$lte": ObjectId::from_bytes([0xff; 12]),
    };
    let command = doc! {
        "aggregate": &target.collection,
        "pipeline": [
            { "$match": { "_id": range } },
            { "$limit": FOREIGN_COUNTED },
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
        let at_least = if count == FOREIGN_COUNTED {
            "at least "
        } else {
            ""
        };
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
