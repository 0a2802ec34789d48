//! What is remembered of documents that were deleted on purpose, in a collection of its own: of each batch the positions
//! and times, written durably before the documents go.
//!
//! Every insert asks it for the batches of its portion, once anything was ever deleted on purpose. That nothing was, is
//! believed for [`BELIEVED`] and no longer, since another aggregator may do it; and what was asked for is believed for as
//! long. So an insert that began to ask before a document was remembered has ended within that time, or asks once more
//! when it has ended, and removes what it should not have stored. Whoever deletes goes through everything once more
//! [after that](SETTLES_WITHIN), and finds what came back meanwhile. What a kill left between insert and second look is
//! found with the portion's next delivery: what is known as deleted is removed, whether or not it is there.

use super::Target;
use super::client::on_primary;
use super::delete::{delete, refusal};
use super::error::{is_unauthorized, may_not, of_insert};
use super::insert::early_deadline_millis;
use crate::StoreError;
use crate::blocks::ledger::have::Have;
use crate::deleted::{Deleted, by_batch};
use futures_util::TryStreamExt as _;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use record::document::{encoded_id, write_as};
use record::documents::DocumentList;
use record::id::{BatchId, IdFormat, RecordId};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long an answer is believed.
const BELIEVED: Duration = Duration::from_secs(5);
/// After this, nothing is on its way any more that was asked for before. More than is believed, for clocks that do not
/// run alike.
pub(super) const SETTLES_WITHIN: Duration = Duration::from_secs(7);
/// The document that says that documents were, or are, deleted on purpose.
const IN_USE: &str = "in use";

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Memory(Mutex<Known>);

#[derive(Debug, Clone, Copy, Default)]
struct Known {
    /// Something is, or was, deleted: from then on each insert asks.
    is_in_use: bool,
    /// When it was asked last whether that is so.
    asked_at: Option<Duration>,
    /// The user may not ask, which was told.
    is_told: bool,
}

/// What was found of a portion's documents.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Positions of those that are deleted on purpose.
    pub(super) deleted: BTreeSet<usize>,
    /// Until when that is believed.
    pub(super) until: Duration,
}

impl Memory {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which documents of a portion were deleted on purpose; `now` is the time at which it is asked.
    pub(super) async fn find(
        &self,
        database: &Database,
        target: &Target,
        (documents, range): (&DocumentList, Range<usize>),
        (now, left): (Duration, Duration),
    ) -> Result<Found, StoreError> {
        let known = *self.known();
        let asked_at = known.asked_at.filter(|at| now < *at + BELIEVED);
        if !known.is_in_use {
            if let Some(at) = asked_at {
                return Ok(Found::nothing(at));
            }
            let is_in_use = self.ask(database, target, left).await?;
            let mut known = self.known();
            known.is_in_use |= is_in_use;
            known.asked_at = Some(now);
            if !known.is_in_use {
                return Ok(Found::nothing(now));
            }
        }
        let ids: Vec<(usize, RecordId)> = range
            .clone()
            .zip(documents.slices(range))
            .filter_map(|(position, bytes)| Some((position, encoded_id(bytes)?)))
            .collect();
        let batches: HashSet<BatchId> = ids.iter().map(|(_, id)| id.batch()).collect();
        let remembered = read(database, target, batches, left).await?;
        let is_deleted = |id: &RecordId| {
            let batch = remembered.get(&id.batch());
            batch.is_some_and(|deleted| deleted.has(*id))
        };
        let deleted = ids.into_iter().filter(|(_, id)| is_deleted(id));
        Ok(Found {
            deleted: deleted.map(|(position, _)| position).collect(),
            until: now + BELIEVED,
        })
    }

    /// Whether anything is, or was, deleted on purpose.
    async fn ask(
        &self,
        database: &Database,
        target: &Target,
        left: Duration,
    ) -> Result<bool, StoreError> {
        let collection = database.collection::<Document>(&target.deleted());
        let asked = collection.find_one(doc! {}).max_time(left);
        let asked = asked.selection_criteria(on_primary());
        match asked.await {
            Ok(found) => Ok(found.is_some()),
            // An insert is not held up for a right that nobody gave so far.
            Err(error) if may_not(&error) => {
                if !std::mem::replace(&mut self.known().is_told, true) {
                    let deleted = target.deleted();
                    tracing::warn!(%error, "the user may not read {deleted}: what another aggregator deletes on purpose may come back with a batch that is sent to this one again");
                }
                Ok(false)
            }
            // It says nothing of the documents.
            Err(error) => Err(of_insert(error)),
        }
    }

    /// Says that documents are going to be deleted on purpose: durably, before the first of them is.
    pub(super) async fn announce(
        &self,
        database: &Database,
        target: &Target,
        left: Duration,
    ) -> Result<(), StoreError> {
        if self.known().is_in_use {
            return Ok(());
        }
        let update = doc! {
            "q": { "_id": IN_USE },
            "u": { "$currentDate": { "at": true } },
            "upsert": true,
        };
        write(database, &target.deleted(), vec![update], left).await?;
        self.known().is_in_use = true;
        Ok(())
    }
}

impl Found {
    fn nothing(asked_at: Duration) -> Self {
        Self {
            deleted: BTreeSet::new(),
            until: asked_at + BELIEVED,
        }
    }
}

/// Remembers documents, durably on a majority: before they go.
pub(super) async fn remember(
    database: &Database,
    target: &Target,
    ids: impl IntoIterator<Item = RecordId>,
    left: Duration,
) -> Result<(), StoreError> {
    let updates: Vec<Document> = by_batch(ids)
        .into_iter()
        .map(|(batch, deleted)| {
            doc! {
                "q": { "_id": binary(batch.as_bytes().to_vec()) },
                "u": {
                    "$addToSet": { "have": binary(deleted.have.encode()) },
                    "$min": { "first": deleted.first },
                    "$max": { "last": deleted.last },
                },
                "upsert": true,
            }
        })
        .collect();
    match updates.is_empty() {
        true => Ok(()),
        false => write(database, &target.deleted(), updates, left).await,
    }
}

async fn write(
    database: &Database,
    collection: &str,
    updates: Vec<Document>,
    left: Duration,
) -> Result<(), StoreError> {
    let command = doc! {
        "update": collection,
        "updates": updates,
        "ordered": false,
        "writeConcern": { "w": "majority", "j": true, "wtimeout": early_deadline_millis(left) },
        "maxTimeMS": early_deadline_millis(left),
    };
    let reply = match database.run_command(command).await {
        Ok(reply) => reply,
        Err(error) if is_unauthorized(&error) => {
            let reason = format!("the user may not write to {collection}: {error}");
            return Err(StoreError::Rejected(reason));
        }
        Err(error) => return Err(error.into()),
    };
    match refusal(&reply) {
        Some(reason) => Err(StoreError::Unavailable(reason)),
        None => Ok(()),
    }
}

async fn read(
    database: &Database,
    target: &Target,
    batches: HashSet<BatchId>,
    left: Duration,
) -> Result<HashMap<BatchId, Deleted>, StoreError> {
    let keys: Vec<Binary> = batches
        .into_iter()
        .map(|batch| binary(batch.as_bytes().to_vec()))
        .collect();
    let mut found = database
        .collection::<Document>(&target.deleted())
        .find(doc! { "_id": { "$in": keys } })
        .max_time(left)
        .selection_criteria(on_primary())
        .await
        .map_err(of_insert)?;
    let mut remembered = HashMap::new();
    while let Some(document) = found.try_next().await.map_err(of_insert)? {
        let (batch, deleted) = understood(&document).ok_or_else(|| {
            let what = format!("a document of {} cannot be read", target.deleted());
            StoreError::Damaged(what)
        })?;
        remembered.insert(batch, deleted);
    }
    Ok(remembered)
}

fn understood(document: &Document) -> Option<(BatchId, Deleted)> {
    let batch = document.get_binary_generic("_id").ok()?;
    let mut deleted = Deleted {
        have: Have::new(),
        first: document.get_i64("first").ok()?,
        last: document.get_i64("last").ok()?,
    };
    for have in document.get_array("have").ok()? {
        let Bson::Binary(have) = have else {
            return None;
        };
        deleted.have.union(&Have::decode(&have.bytes)?);
    }
    Some((
        BatchId::from_bytes(batch.as_slice().try_into().ok()?),
        deleted,
    ))
}

/// Removes documents that are deleted on purpose and may have come back.
pub(super) async fn remove_again(
    database: &Database,
    (collection, format): (&str, IdFormat),
    (documents, positions): (&DocumentList, &BTreeSet<usize>),
    left: Duration,
) -> Result<(), StoreError> {
    let ids: Vec<Bson> = positions
        .iter()
        .filter_map(|position| {
            let range = *position..position + 1;
            let (document, is_keyed) = documents.slices_with_keys(range).next()?;
            Some(Bson::Binary(binary(id_in(format, document, is_keyed)?)))
        })
        .collect();
    let which = doc! { "_id": { "$in": ids } };
    match delete(database, collection, which, left).await {
        // They are not stored anew; whether any is there, whoever may delete has to see.
        Ok(_) | Err(StoreError::Rejected(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The id that a document has in the collection.
fn id_in(format: IdFormat, document: &[u8], is_keyed: bool) -> Option<Vec<u8>> {
    let mut written = Vec::new();
    write_as(&mut written, document, format, is_keyed);
    let id = encoded_id(&written)?;
    Some(match format {
        IdFormat::Plain => id.plain().to_vec(),
        IdFormat::Ordered => id.as_bytes().to_vec(),
    })
}

fn binary(bytes: Vec<u8>) -> Binary {
    Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    }
}
