//! The collection: made as well as the server and the user's rights allow, and marked with its format.

mod format;
mod replace;
mod server;

use super::Target;
use super::error::{UUID_MISMATCH, is_not_known};
use crate::{INDEXED_FROM, StoreError};
use format::{check_format, warn_of_foreign};
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Document, Uuid, doc};
use mongodb::error::{Error, ErrorKind};
use record::id::IdFormat;
use replace::Outcome;
use server::Server;

/// The name of the partial index for the rare levels.
pub(super) const SEVERITY_INDEX: &str = "severity_1__id_1_warn_and_worse";
/// How often what is there is looked at while others replace it at the same time.
const ATTEMPTS: u32 = 4;
/// A collection that is not clustered.
const PLAIN: &str = "plain";

mod code {
    pub(super) const NAMESPACE_EXISTS: i32 = 48;
    pub(super) const UNAUTHORIZED: i32 = 13;
}

/// The collection as it was found or made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Prepared {
    /// What it is, for the log.
    pub(super) shape: &'static str,
    /// Writes are held to the collection with this UUID, so that none of them makes a plain one in
    /// its place. `None` when the server cannot do that or the user may not ask for it.
    pub(super) uuid: Option<Uuid>,
    /// How ids are written there.
    pub(super) format: IdFormat,
    /// Why it is not what it could be, in one sentence.
    pub(super) problem: Option<String>,
}

/// What stands under our names.
#[derive(Debug, Default)]
struct Found {
    logs: Option<Entry>,
    /// A plain collection that is being [replaced](replace).
    set_aside: Option<Uuid>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    uuid: Option<Uuid>,
    clustered: bool,
    /// Made with no options at all, as an insert makes one.
    bare: bool,
}

/// Makes what is not there yet and checks what is. Two services may do this at once. `known` is
/// what the last preparation gave: a collection that is still the same is only looked at.
pub(super) async fn prepare(
    database: &Database,
    target: &Target,
    known: Option<Prepared>,
    now: Timestamp,
) -> Result<Prepared, StoreError> {
    let found = look(database, target).await?;
    if let Some(known) = &known
        && known.problem.is_none()
        && is_same(found.as_ref(), known)
    {
        return Ok(known.clone());
    }
    let server = Server::ask(database).await?;
    let is_of_6_0 = server.is_of_6_0;
    check_format(database, target, now).await?;
    let mut made = create(database, target).await?;
    for _ in 0..ATTEMPTS {
        let found = look(database, target).await?;
        let mut left = None;
        if is_of_6_0 && let Some(found) = &found {
            match replace::where_empty(database, target, found, made, server).await? {
                Outcome::Made(again) => {
                    made = again;
                    continue;
                }
                Outcome::AsItWas => {}
                Outcome::Left(problem) => left = Some(problem),
            }
        }
        // Unless the user may not make one, and it never was there.
        let is_made = made != PLAIN;
        let is_gone = is_made && found.as_ref().is_some_and(|found| found.logs.is_none());
        let entry = found.and_then(|found| found.logs);
        let uuid = entry.and_then(|entry| entry.uuid).filter(|_| is_of_6_0);
        // An index of what is gone would make a plain one.
        if is_gone || !create_index(database, target, uuid).await? {
            made = create(database, target).await?;
            continue;
        }
        if known.is_none() {
            warn_of_foreign(database, target).await?;
        }
        let plain = entry.is_some_and(|entry| !entry.clustered);
        return Ok(Prepared {
            shape: match entry {
                Some(_) if plain => PLAIN,
                Some(_) => "clustered",
                None => made,
            },
            uuid,
            format: IdFormat::Ordered,
            // What this server makes when it is asked for the best is no fault of the collection.
            problem: left
                .or_else(|| (plain && is_of_6_0 && made != PLAIN).then(|| plain_problem(target))),
        });
    }
    Err(StoreError::Unavailable(format!(
        "the collection {} is being replaced again and again",
        target.collection
    )))
}

/// What can be said when nothing can be asked counts as the same.
fn is_same(found: Option<&Found>, known: &Prepared) -> bool {
    let Some(found) = found else { return true };
    found.set_aside.is_none()
        && found
            .logs
            .is_some_and(|entry| known.uuid.is_none() || entry.uuid == known.uuid)
}

fn plain_problem(target: &Target) -> String {
    format!(
        "the collection {} is not clustered, because something else made it (after a drop, perhaps): \
         records are stored, but they take more room and more time; the guide's chapter on MongoDB says how to mend it",
        target.collection
    )
}

/// Steps down: clustered with the compression asked for, clustered, plain, and last what an insert makes.
pub(super) async fn create(
    database: &Database,
    target: &Target,
) -> Result<&'static str, StoreError> {
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
    ladder.extend([("clustered", with_cluster), (PLAIN, plain)]);
    for (shape, mut command) in ladder {
        command.insert("writeConcern", doc! { "w": "majority" });
        match database.run_command(command).await {
            Ok(_) => return Ok(shape),
            Err(error) => match code_of(&error) {
                Some(code::NAMESPACE_EXISTS) => return Ok("there already"),
                Some(code::UNAUTHORIZED) => {
                    tracing::warn!(%error, "the user may not create the collection; the first insert makes a plain one");
                    return Ok(PLAIN);
                }
                Some(code) if is_not_known(code) => {
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

/// Makes the index, of the collection with this UUID where there is one; whether that is there still.
async fn create_index(
    database: &Database,
    target: &Target,
    uuid: Option<Uuid>,
) -> Result<bool, StoreError> {
    let mut command = doc! {
        "createIndexes": &target.collection,
        "indexes": [{
            "key": { "severity": 1, "_id": 1 },
            "name": SEVERITY_INDEX,
            "partialFilterExpression": { "severity": { "$gte": i32::from(INDEXED_FROM) } },
        }],
        "commitQuorum": "majority",
    };
    if let Some(uuid) = uuid {
        command.insert("collectionUUID", uuid);
    }
    let Err(mut error) = database.run_command(command.clone()).await else {
        return Ok(true);
    };
    // A standalone knows no quorum.
    let known = [code::UNAUTHORIZED, UUID_MISMATCH];
    if code_of(&error).is_some_and(|code| !known.contains(&code)) {
        let mut plain = command;
        plain.remove("commitQuorum");
        match database.run_command(plain).await {
            Ok(_) => return Ok(true),
            Err(second) => error = second,
        }
    }
    match code_of(&error) {
        Some(UUID_MISMATCH) => Ok(false),
        Some(_) => {
            tracing::warn!(%error, "the index for WARN and worse is missing; asking for a rare level will scan its time range");
            Ok(true)
        }
        None => Err(error.into()),
    }
}

/// What stands under our names; `None` when the user may not ask.
async fn look(database: &Database, target: &Target) -> Result<Option<Found>, StoreError> {
    let set_aside = replace::set_aside(target);
    let names = [target.collection.as_str(), set_aside.as_str()];
    let command = doc! { "listCollections": 1, "filter": { "name": { "$in": names.as_slice() } } };
    let reply = match database.run_command(command).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error).is_some() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let batch = reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"));
    let mut found = Found::default();
    for entry in batch
        .ok()
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.as_document())
    {
        match entry.get_str("name") {
            Ok(name) if name == target.collection => {
                let options = entry.get_document("options").ok();
                found.logs = Some(Entry {
                    uuid: uuid_of(entry),
                    clustered: options
                        .is_some_and(|options| options.contains_key("clusteredIndex")),
                    bare: options.is_some_and(Document::is_empty),
                });
            }
            Ok(_) => found.set_aside = uuid_of(entry),
            Err(_) => {}
        }
    }
    Ok(Some(found))
}

fn uuid_of(entry: &Document) -> Option<Uuid> {
    let uuid = entry.get_document("info").ok()?.get("uuid")?;
    match uuid {
        mongodb::bson::Bson::Binary(binary) if binary.subtype == BinarySubtype::Uuid => {
            binary.to_uuid().ok()
        }
        _ => None,
    }
}

/// The server's code, when it was the server that said no.
fn code_of(error: &Error) -> Option<i32> {
    match *error.kind {
        ErrorKind::Command(ref command) => Some(command.code),
        _ => None,
    }
}
