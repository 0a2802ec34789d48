//! Documents go, a bounded number at a time: a range of ids where all that is in it goes, whatever it is, and else those
//! that were looked at, by their ids.

mod looking;
mod stride;

pub(super) use stride::Stride;

use super::Target;
use super::delete::delete;
use super::deleted;
use super::insert::early_deadline_millis;
use super::read::{binary, max_time_millis, range};
use super::reply::{first_batch, number};
use crate::StoreError;
use crate::removal::{Purpose, Removal, RemovalStep, Rules};
use logs::Timestamp;
use logs::clock::Clock;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use query::Query;
use record::id::{IdFormat, RecordId};
use std::sync::Arc;
use std::time::Duration;

/// One step of removing.
pub(super) struct RemovalTask<'a> {
    pub(super) database: &'a Database,
    pub(super) collection: &'a str,
    pub(super) format: IdFormat,
    pub(super) removal: &'a Arc<Removal>,
    pub(super) stride: &'a Stride,
    pub(super) memory: (&'a deleted::Memory, &'a Target),
    pub(super) clock: &'a Arc<dyn Clock>,
    /// About how long it takes.
    pub(super) time: Duration,
    pub(super) deadline: Duration,
}

impl RemovalTask<'_> {
    /// Takes it, behind `after`.
    pub(super) async fn step(self, after: Option<RecordId>) -> Result<RemovalStep, StoreError> {
        let Some(end) = self.removal.end() else {
            return Ok(RemovalStep::default());
        };
        let begun = self.clock.elapsed();
        let all_before = Rules::of(self.removal).all_before();
        // What goes for good is remembered, so that it has to be known.
        let is_unseen = self.removal.purpose != Purpose::ForGood;
        // Behind the last id of these, they are looked at.
        let is_whole = |before: &Timestamp| {
            is_unseen && after.is_none_or(|after| Some(after) < first_at(*before).predecessor())
        };
        let done = match all_before.filter(is_whole) {
            Some(before) => self.range(after, before, end).await,
            None => self.looked_at(after, end).await,
        };
        let took = self.clock.elapsed().saturating_sub(begun);
        self.stride.learn(took, self.time, done.is_ok());
        done
    }

    /// All of the next documents go.
    async fn range(
        &self,
        after: Option<RecordId>,
        before: Timestamp,
        end: Timestamp,
    ) -> Result<RemovalStep, StoreError> {
        let most = self.stride.documents();
        let behind_it = (before < end)
            .then(|| first_at(before).predecessor())
            .flatten();
        let mut which = doc! { "_id": self.ids(after, before) };
        let last = self.nth(which.clone(), most).await?;
        if let Some(last) = last {
            // Where the one before begins, this ends.
            let mut ids = self.ids(after, before);
            ids.remove("$lt");
            ids.insert("$lte", binary(last, self.format));
            which = doc! { "_id": ids };
        }
        let records = match (self.removal.purpose, last) {
            (Purpose::Count, Some(_)) => most,
            (Purpose::Count, None) => self.count(which, most).await?,
            _ => delete(self.database, self.collection, which, self.left()).await?,
        };
        Ok(RemovalStep {
            records,
            rewritten: 0,
            next: last.or(behind_it),
        })
    }

    /// Of the next documents those go that the rules take.
    async fn looked_at(
        &self,
        after: Option<RecordId>,
        end: Timestamp,
    ) -> Result<RemovalStep, StoreError> {
        let looked = looking::look(self, after, end).await?;
        if self.removal.purpose == Purpose::ForGood && !looked.going.is_empty() {
            self.remember(&looked.going).await?;
        }
        let records = match self.removal.purpose {
            _ if looked.going.is_empty() => 0,
            Purpose::Count => looked.going.len() as u64,
            Purpose::Age | Purpose::ForGood => {
                let ids = looked.going.iter().map(|id| binary(*id, self.format));
                let which = doc! { "_id": { "$in": ids.collect::<Vec<_>>() } };
                delete(self.database, self.collection, which, self.left()).await?
            }
        };
        Ok(RemovalStep {
            records,
            rewritten: 0,
            next: looked.next,
        })
    }

    /// Before they go: so that no copy of them is stored again.
    async fn remember(&self, going: &[RecordId]) -> Result<(), StoreError> {
        let (memory, target) = self.memory;
        memory.announce(self.database, target, self.left()).await?;
        let ids = going.iter().copied();
        deleted::remember(self.database, target, ids, self.left()).await
    }

    /// The id of the last of so many documents; `None` when there are fewer.
    async fn nth(&self, which: Document, most: u64) -> Result<Option<RecordId>, StoreError> {
        let command = doc! {
            "find": self.collection,
            "filter": which,
            "sort": { "_id": 1 },
            "projection": { "_id": 1 },
            "skip": most.saturating_sub(1).cast_signed(),
            "limit": 1,
            "singleBatch": true,
            "maxTimeMS": max_time_millis(self.left()),
        };
        let reply = self.database.run_command(command).await?;
        let first = first_batch(&reply).and_then(|batch| batch.first()?.as_document());
        let id = first.and_then(|document| document.get_binary_generic("_id").ok());
        Ok(id.and_then(|id| RecordId::from_slice(id)))
    }

    async fn count(&self, which: Document, most: u64) -> Result<u64, StoreError> {
        let command = doc! {
            "count": self.collection,
            "query": which,
            "limit": most.cast_signed(),
            "maxTimeMS": early_deadline_millis(self.left()),
        };
        let reply = self.database.run_command(command).await?;
        Ok(number(&reply, "n").unwrap_or(0))
    }

    /// The ids behind `after` and before a time.
    fn ids(&self, after: Option<RecordId>, before: Timestamp) -> Document {
        let query = Query {
            end: Some(before),
            ..Query::default()
        };
        range(&query, after, self.format)
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.elapsed())
    }
}

fn first_at(time: Timestamp) -> RecordId {
    RecordId::first_at(time)
}
