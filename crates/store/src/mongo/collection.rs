//! The collection: made as well as the server and the user's rights allow, and marked with its format.

mod contents;
mod format;
mod found;
mod replace;
mod server;
mod suitable;
mod unserved;

use super::Target;
use super::error::{UUID_MISMATCH, is_not_known};
use crate::{INDEXED_FROM, StoreError};
use found::look;
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::{Uuid, doc};
use mongodb::error::{Error, ErrorKind};
use record::id::IdFormat;
use replace::Outcome;
use server::Server;

pub(super) use unserved::count as count_unserved;

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
    /// How ids are written to it.
    pub(super) format: IdFormat,
    /// What an operator should know of it that is no fault, in sentences.
    pub(super) notes: Vec<String>,
    /// Why it is not what it could be, in one sentence.
    pub(super) problem: Option<String>,
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
    let notes = suitable::check(database, target, found.as_ref()).await?;
    // What can be said when nothing can be asked counts as the same.
    let is_still = |known: &&Prepared| {
        found
            .as_ref()
            .is_none_or(|found| found.is_still(known.uuid))
    };
    let same = known.as_ref().filter(is_still);
    // Writes that are not held to a collection may end in whatever is there.
    let held = same.or(known.as_ref().filter(|known| known.uuid.is_none()));
    let held = held.map(|known| known.format);
    let format = format::of_collection(database, target, found.as_ref(), held, now).await?;
    if let Some(same) = same.filter(|same| same.problem.is_none()) {
        return Ok(Prepared {
            format,
            notes,
            ..same.clone()
        });
    }
    let mut prepared = make(database, target, format, notes).await?;
    // Before its UUID was known, another could still come in its place.
    prepared.format = format::of_collection(database, target, None, held, now).await?;
    Ok(prepared)
}

/// Whether nothing else stands in the place of the collection with this UUID, or of its markers; `None` when the user
/// may not ask.
pub(super) async fn is_still(
    database: &Database,
    target: &Target,
    uuid: Option<Uuid>,
) -> Result<Option<bool>, StoreError> {
    let found = look(database, target).await?;
    Ok(found.map(|found| !found.is_another(uuid)))
}

/// Makes what is not there, and replaces what may be replaced.
async fn make(
    database: &Database,
    target: &Target,
    format: IdFormat,
    notes: Vec<String>,
) -> Result<Prepared, StoreError> {
    let server = Server::ask(database).await?;
    let is_of_6_0 = server.is_of_6_0;
    let mut made = create(database, target).await?;
    for _ in 0..ATTEMPTS {
        let found = look(database, target).await?;
        // It may have come since it was looked at.
        suitable::check(database, target, found.as_ref()).await?;
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
        let plain = entry.is_some_and(|entry| !entry.clustered);
        return Ok(Prepared {
            shape: match entry {
                Some(_) if plain => PLAIN,
                Some(_) => "clustered",
                None => made,
            },
            uuid,
            format,
            notes,
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

/// The server's code, when it was the server that said no.
fn code_of(error: &Error) -> Option<i32> {
    match *error.kind {
        ErrorKind::Command(ref command) => Some(command.code),
        _ => None,
    }
}
