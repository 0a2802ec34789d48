//! The collection: made as well as the server and the user's rights allow, and marked with its format.

use super::Target;
use crate::{FORMAT_VERSION, INDEXED_FROM, StoreError};
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::error::{Error, ErrorKind};

/// The name of the partial index for the rare levels.
pub(super) const SEVERITY_INDEX: &str = "severity_1__id_1_warn_and_worse";
/// Documents with ids of another kind are counted up to here.
const FOREIGN_COUNTED: i32 = 1000;

mod code {
    pub(super) const NAMESPACE_EXISTS: i32 = 48;
    pub(super) const UNAUTHORIZED: i32 = 13;
    /// Bad value, failed to parse, invalid options, not supported here, unknown field: what a
    /// server says that does not know clustered collections or a compressor.
    pub(super) const NOT_KNOWN: &[i32] = &[2, 9, 72, 115, 303, 40415, 40414];
}

/// Makes what is not there yet and checks what is. Two services may do this at once.
///
/// Returns what the collection is, for the log.
pub(super) async fn prepare(
    database: &Database,
    target: &Target,
    now: Timestamp,
) -> Result<&'static str, StoreError> {
    check_format(database, target, now).await?;
    let made = create(database, target).await?;
    create_index(database, target).await?;
    let clustered = is_clustered(database, target).await?;
    warn_of_foreign(database, target).await?;
    Ok(match (clustered, made) {
        (Some(true), _) => "clustered",
        (Some(false), _) => "plain",
        (None, made) => made,
    })
}

/// Steps down: clustered with the compression asked for, clustered, plain, and last what an insert makes.
async fn create(database: &Database, target: &Target) -> Result<&'static str, StoreError> {
    let clustered = doc! { "key": { "_id": 1 }, "unique": true, "name": "_id_clustered" };
    let plain = doc! { "create": &target.collection };
    let mut with_cluster = plain.clone();
    with_cluster.insert("clusteredIndex", clustered);
    let mut ladder = Vec::new();
    if let Some(compression) = &target.compression {
        let mut with_engine = with_cluster.clone();
        let engine =
            doc! { "wiredTiger": { "configString": format!("block_compressor={compression}") } };
        with_engine.insert("storageEngine", engine);
        ladder.push(("clustered", with_engine));
    }
    ladder.extend([("clustered", with_cluster), ("plain", plain)]);
    for (shape, mut command) in ladder {
        command.insert("writeConcern", doc! { "w": "majority" });
        match database.run_command(command).await {
            Ok(_) => return Ok(shape),
            Err(error) => match code_of(&error) {
                Some(code::NAMESPACE_EXISTS) => return Ok("there already"),
                Some(code::UNAUTHORIZED) => {
                    tracing::warn!(%error, "the user may not create the collection; the first insert makes a plain one");
                    return Ok("plain");
                }
                Some(known) if code::NOT_KNOWN.contains(&known) => {
                    tracing::warn!(shape, %error, "the server cannot make this kind of collection; trying a simpler one");
                }
                _ => return Err(error.into()),
            },
        }
    }
    Err(StoreError::Rejected(
        "the server refused to create the collection".to_owned(),
    ))
}

async fn create_index(database: &Database, target: &Target) -> Result<(), StoreError> {
    let command = doc! {
        "createIndexes": &target.collection,
        "indexes": [{
            "key": { "severity": 1, "_id": 1 },
            "name": SEVERITY_INDEX,
            "partialFilterExpression": { "severity": { "$gte": i32::from(INDEXED_FROM) } },
        }],
        "commitQuorum": "majority",
    };
    let Err(mut error) = database.run_command(command.clone()).await else {
        return Ok(());
    };
    // A standalone knows no quorum.
    if code_of(&error).is_some_and(|code| code != code::UNAUTHORIZED) {
        let mut plain = command;
        plain.remove("commitQuorum");
        match database.run_command(plain).await {
            Ok(_) => return Ok(()),
            Err(second) => error = second,
        }
    }
    match code_of(&error) {
        Some(_) => {
            tracing::warn!(%error, "the index for WARN and worse is missing; asking for a rare level will scan its time range");
            Ok(())
        }
        None => Err(error.into()),
    }
}

/// Whether the collection is clustered; `None` when the user may not ask.
async fn is_clustered(database: &Database, target: &Target) -> Result<Option<bool>, StoreError> {
    let command = doc! { "listCollections": 1, "filter": { "name": &target.collection } };
    match database.run_command(command).await {
        Ok(reply) => {
            let first = reply
                .get_document("cursor")
                .and_then(|cursor| cursor.get_array("firstBatch"))
                .ok()
                .and_then(|batch| batch.first()?.as_document());
            Ok(first
                .and_then(|entry| entry.get_document("options").ok())
                .map(|options| options.contains_key("clusteredIndex")))
        }
        Err(error) if code_of(&error).is_some() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Marks a new collection with the format, and refuses one of a later format.
async fn check_format(
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
async fn warn_of_foreign(database: &Database, target: &Target) -> Result<(), StoreError> {
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
        tracing::warn!(
            "{at_least}{count} documents in {} were written by something else (their _id is an ObjectId): they are left \
             alone and are not served; send them to POST /logs/batch, or set MONGODB_COLLECTION to a collection of its own",
            target.collection
        );
    }
    Ok(())
}

/// The server's code, when it was the server that said no.
fn code_of(error: &Error) -> Option<i32> {
    match *error.kind {
        ErrorKind::Command(ref command) => Some(command.code),
        _ => None,
    }
}
