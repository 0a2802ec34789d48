//! Replaces a plain collection that holds nothing by a clustered one, without a moment in which a
//! document could be lost.
//!
//! Between a look and a drop another aggregator may insert, so what is there is never dropped under
//! its own name. It is renamed, in one step and only if it is still the one that was looked at; a
//! clustered one is made; and only then, when nobody can write to it any more, what it holds after
//! all is copied back and it is removed. Whatever ends this half-way, the next preparation goes on
//! with it.

use super::contents::is_empty;
use super::found::Found;
use super::server::Server;
use super::{PLAIN, SEVERITY_INDEX, Target, code_of, create};
use crate::StoreError;
use crate::mongo::error::{self, UUID_MISMATCH};
use crate::mongo::reply::first_batch;
use mongodb::Database;
use mongodb::bson::{Bson, Uuid, doc};
use mongodb::error::Error;

/// What is renamed is not there, is another one, or the new name is taken.
const OTHERS: &[i32] = &[26, UUID_MISMATCH, 48];
/// What is dropped is not there any more.
const REMOVED: &[i32] = &[26, UUID_MISMATCH];

/// What became of it.
pub(super) enum Outcome {
    /// Nothing was replaced.
    AsItWas,
    /// It was, by this kind of collection.
    Made(&'static str),
    /// What was set aside earlier is there still; why, in a sentence.
    Left(String),
}

/// Goes on with what an earlier preparation began, and replaces a plain collection that is empty and
/// that nobody has given options or indexes of his own. What the server or the user's rights do not
/// allow is left as it is.
pub(super) async fn where_empty(
    database: &Database,
    target: &Target,
    found: &Found,
    made: &str,
    server: Server,
) -> Result<Outcome, StoreError> {
    if let Some(uuid) = found.set_aside
        && let Some(problem) = put_back(database, target, uuid).await?
    {
        return Ok(Outcome::Left(problem));
    }
    let replaceable = found
        .logs
        .filter(|entry| entry.bare && !entry.clustered && made != PLAIN)
        .filter(|_| server.shows_what_is_an_operators_own())
        .and_then(|entry| entry.uuid);
    let Some(uuid) = replaceable else {
        return Ok(Outcome::AsItWas);
    };
    if !is_empty(database, &target.collection).await? || has_other_indexes(database, target).await?
    {
        return Ok(Outcome::AsItWas);
    }
    let (from, to) = (&target.collection, target.set_aside());
    let name = |collection: &str| format!("{}.{collection}", target.database);
    let rename = doc! {
        "renameCollection": name(from),
        "to": name(&to),
        "collectionUUID": uuid,
        "writeConcern": { "w": "majority" },
    };
    let admin = database.client().database("admin");
    match admin.run_command(rename).await {
        Ok(_) => {}
        // Somebody else has renamed it, or is about to replace it: it is looked at again.
        Err(error) if code_of(&error).is_some_and(|code| OTHERS.contains(&code)) => {
            let made = create(database, target).await?;
            return Ok(Outcome::Made(made));
        }
        Err(error) if code_of(&error).is_some() => {
            tracing::warn!(%error, "the collection is plain and holds nothing, but cannot be replaced by a clustered one");
            return Ok(Outcome::AsItWas);
        }
        Err(error) => return Err(error.into()),
    }
    let made = create(database, target).await?;
    tracing::info!(
        made,
        "the collection was plain and held nothing: it is made anew"
    );
    // What cannot be put back now is found at the next look, which tells it.
    put_back(database, target, uuid).await?;
    Ok(Outcome::Made(made))
}

/// Copies what was set aside back to the collection, and removes it; why not, where the server refuses.
async fn put_back(
    database: &Database,
    target: &Target,
    uuid: Uuid,
) -> Result<Option<String>, StoreError> {
    let aside = target.set_aside();
    let is_empty = match is_empty(database, &aside).await {
        Ok(is_empty) => is_empty,
        Err(error) => return refused(target, error),
    };
    if !is_empty {
        // Else the copy would make a plain one.
        create(database, target).await?;
        // By the id, which must not be named: for that, the server wants an index, and a clustered
        // collection has none.
        let merge =
            doc! { "$merge": { "into": &target.collection, "whenMatched": "keepExisting" } };
        let copy = doc! {
            "aggregate": &aside,
            "pipeline": [merge],
            "cursor": {},
            "writeConcern": { "w": "majority", "j": true },
        };
        if let Err(error) = database.run_command(copy).await {
            return refused(target, error);
        }
    }
    let remove =
        doc! { "drop": &aside, "collectionUUID": uuid, "writeConcern": { "w": "majority" } };
    match database.run_command(remove).await {
        Ok(_) => Ok(None),
        // Another aggregator has removed it.
        Err(error) if code_of(&error).is_some_and(|code| REMOVED.contains(&code)) => Ok(None),
        Err(error) => refused(target, error),
    }
}

/// What is refused for good is told, and the collection itself is used all the same.
fn refused(target: &Target, error: Error) -> Result<Option<String>, StoreError> {
    let is_for_good =
        code_of(&error).is_some_and(|code| error::is_unauthorized(&error) || !error::passes(code));
    let error = StoreError::from(error);
    if !is_for_good {
        return Err(error);
    }
    Ok(Some(format!(
        "{}, which was set aside while {} was made anew, cannot be copied back and removed: what it holds is not found \
         by a search ({error})",
        target.set_aside(),
        target.collection
    )))
}

/// Whether there is an index that is neither that of the ids nor ours.
async fn has_other_indexes(database: &Database, target: &Target) -> Result<bool, StoreError> {
    let reply = database
        .run_command(doc! { "listIndexes": &target.collection })
        .await;
    let reply = match reply {
        Ok(reply) => reply,
        // What cannot be seen is not touched.
        Err(error) if code_of(&error).is_some() => return Ok(true),
        Err(error) => return Err(error.into()),
    };
    let is_ours = |index: &Bson| {
        let name = index
            .as_document()
            .and_then(|index| index.get_str("name").ok());
        name.is_some_and(|name| ["_id_", SEVERITY_INDEX].contains(&name))
    };
    let indexes = first_batch(&reply);
    Ok(!indexes.is_some_and(|indexes| indexes.iter().all(is_ours)))
}
