//! Storing documents: into the collection that was prepared, but for those that were deleted on purpose.

use super::MongoStore;
use super::bounded::bounded;
use super::collection::{self, Prepared};
use super::deleted::{self, Found};
use super::insert::{self, Collection, InsertError};
use crate::{InsertReport, StoreError};
use mongodb::Database;
use mongodb::bson::Uuid;
use record::documents::DocumentList;
use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

/// An insert goes once more where the collection was gone.
const ATTEMPTS: u32 = 2;

/// Some documents of a list.
type Part<'a> = (&'a DocumentList, Range<usize>);

impl MongoStore {
    /// Inserts what was not deleted on purpose; what was counts as stored already.
    pub(super) async fn insert_kept(
        &self,
        part: Part<'_>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        self.shared.keeper.ready().await?;
        let database = self.shared.writes().await?;
        let (documents, range) = part.clone();
        let found = self.find_deleted(&database, part.clone(), deadline).await?;
        let mut report = InsertReport {
            already_stored: found.deleted.iter().copied().collect(),
            ..InsertReport::default()
        };
        self.remove_again(&database, documents, &found.deleted, deadline)
            .await?;
        for kept in kept(range, &found.deleted) {
            let inserted = self.insert_prepared(&database, (documents, kept), deadline);
            report.add(inserted.await?);
        }
        if self.clock.elapsed() < found.until {
            return Ok(report);
        }
        let late = self.find_deleted(&database, part, deadline).await?;
        let late: BTreeSet<usize> = late.deleted.difference(&found.deleted).copied().collect();
        self.remove_again(&database, documents, &late, deadline)
            .await?;
        take_back(&mut report, late);
        Ok(report)
    }

    async fn find_deleted(
        &self,
        database: &Database,
        part: Part<'_>,
        deadline: Duration,
    ) -> Result<Found, StoreError> {
        let (shared, left) = (&self.shared, self.left(deadline));
        let now = self.clock.elapsed();
        let finding = shared
            .deleted
            .find(database, &shared.target, part, (now, left));
        // That a part of a write took too long says nothing about what was to be written.
        bounded(left, finding).await.map_err(|error| match error {
            StoreError::QueryTooSlow => StoreError::Timeout,
            error => error,
        })
    }

    async fn remove_again(
        &self,
        database: &Database,
        documents: &DocumentList,
        positions: &BTreeSet<usize>,
        deadline: Duration,
    ) -> Result<(), StoreError> {
        if positions.is_empty() {
            return Ok(());
        }
        let format = self.shared.keeper.ready().await?.format;
        let left = self.left(deadline);
        let from = (self.shared.target.collection.as_str(), format);
        let removing = deleted::remove_again(database, from, (documents, positions), left);
        bounded(left, removing).await
    }

    /// Inserts into the collection that was prepared. When that is not there any more, it waits for
    /// the next one, once.
    async fn insert_prepared(
        &self,
        database: &Database,
        (documents, range): Part<'_>,
        deadline: Duration,
    ) -> Result<InsertReport, StoreError> {
        let (keeper, name) = (&self.shared.keeper, &self.shared.target.collection);
        for _ in 0..ATTEMPTS {
            let Prepared { uuid, format, .. } = keeper.ready().await?;
            let into = Collection { name, uuid, format };
            let left = self.left(deadline);
            let inserting = insert::insert(database, into, documents, range.clone(), left);
            match bounded(left, inserting).await {
                Ok(report) if report.refused.is_empty() => return Ok(report),
                // A time series may refuse every record, and none of them is to blame.
                Ok(report) => match self.is_still(database, uuid, deadline).await? {
                    true => return Ok(report),
                    false => keeper.is_gone(uuid),
                },
                Err(InsertError::Store(error)) => return Err(error),
                Err(InsertError::Gone) => keeper.is_gone(uuid),
                Err(InsertError::UuidUnknown) => keeper.forget_uuid(),
            }
        }
        Err(StoreError::Unavailable(
            "the collection was dropped or replaced".to_owned(),
        ))
    }

    /// Whether nothing else stands in the place of the collection with this UUID, as far as the user may ask.
    async fn is_still(
        &self,
        database: &Database,
        uuid: Option<Uuid>,
        deadline: Duration,
    ) -> Result<bool, StoreError> {
        let looking = collection::is_still(database, &self.shared.target, uuid);
        let is_still = bounded(self.left(deadline), looking).await?;
        Ok(is_still.unwrap_or(true))
    }
}

/// What is left of a range without these positions, in order.
fn kept(range: Range<usize>, without: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let (mut start, mut parts) = (range.start, Vec::new());
    for position in without.iter().copied().chain([range.end]) {
        if start < position {
            parts.push(start..position);
        }
        start = position + 1;
    }
    parts
}

/// What was stored of these was removed again.
fn take_back(report: &mut InsertReport, positions: BTreeSet<usize>) {
    let refused = report.refused.iter().chain(&report.doubtful);
    let others = refused.map(|refused| refused.position);
    let named: BTreeSet<usize> = report
        .already_stored
        .iter()
        .copied()
        .chain(others)
        .collect();
    for position in positions {
        if !named.contains(&position) {
            report.stored = report.stored.saturating_sub(1);
            report.already_stored.push(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Refused;

    #[test]
    fn what_is_deleted_is_left_out_wherever_it_stands() {
        for (without, expected) in [
            (&[][..], &[(3, 8)][..]),
            (&[3], &[(4, 8)]),
            (&[7], &[(3, 7)]),
            (&[4, 5], &[(3, 4), (6, 8)]),
            (&[3, 4, 5, 6, 7], &[]),
        ] {
            let parts = kept(3..8, &without.iter().copied().collect());
            let parts: Vec<_> = parts.iter().map(|part| (part.start, part.end)).collect();
            assert_eq!(parts, expected);
        }
    }

    #[test]
    fn what_was_stored_and_removed_again_counts_as_stored_before() {
        let mut report = InsertReport {
            stored: 3,
            already_stored: vec![1],
            refused: vec![Refused {
                position: 2,
                reason: String::new(),
            }],
            ..InsertReport::default()
        };
        take_back(&mut report, [0, 1, 2].into());
        assert_eq!((report.stored, report.already_stored), (2, vec![1, 0]));
    }
}
