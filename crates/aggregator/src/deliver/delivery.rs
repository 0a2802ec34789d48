//! One portion of the spool on its way to the store: sent until every record of it has its fate.

use super::attempt::{
    Attempt, FIRST_PAUSE, GivenBack, LONGEST_PAUSE, NotInserted, Patience, StoreAccess,
};
use super::deferral::{Deferral, NotDeferred};
use super::expired::Expired;
use super::outcome::{named, outcome};
use super::portion::{Part, Prepared, without_receipt};
use super::problems::Problems;
use crate::accounting::batch_status::BatchStatuses;
use crate::config::OF_UNSTORED;
use crate::deliver::dead_letters::{DeadLetterError, DeadLetters};
use futures_util::{StreamExt as _, stream};
use record::documents::DocumentList;
use spool::{AppendError, BatchOutcome, Spool, Spooled};
use std::io;
use std::iter;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use store::{InsertReport, Refused};

/// A document that is refused for an unknown reason is sent so often, alone, before it is believed.
const ATTEMPTS_ALONE: u32 = 3;
/// Batches of refused records that are sent to the spool's end in one commit.
pub(super) const KEPT_AT_ONCE: usize = 256;
/// While refused records can be kept nowhere.
const KEEPING_PAUSE: Duration = Duration::from_secs(1);

/// Neither the dead letters nor the spool take refused records.
#[derive(Debug, thiserror::Error)]
#[error("refused records can neither be set aside nor put off: {0}")]
pub(super) struct KeptNowhere(NotDeferred);

/// What every delivery works with.
pub(crate) struct Delivery {
    pub(crate) spool: Spool,
    pub(crate) store: StoreAccess,
    pub(crate) dead_letters: Arc<DeadLetters>,
    /// Refused records that wait in the spool.
    pub(crate) deferral: Deferral,
    /// What panicked, which says nothing of the store.
    pub(crate) panicked: Problems,
    pub(crate) statuses: Arc<BatchStatuses>,
    /// What is too old when it comes.
    pub(crate) expired: Arc<Expired>,
}

impl Delivery {
    /// Delivers a portion, and goes on until it is done; the numbers of its batches when it is given
    /// back because the store is away. Dropping the future leaves it in the spool.
    pub(crate) async fn deliver(&self, portion: Vec<Spooled>) -> Vec<u64> {
        let numbers = portion.iter().map(|spooled| spooled.seq).collect();
        let mut attempt = Attempt::new(&self.store, Patience::Shared);
        match send(&mut attempt, portion).await {
            Ok((portion, report)) => {
                self.expired.look(&portion.documents, &report);
                self.settle(&portion, &report).await;
                Vec::new()
            }
            Err(GivenBack) => numbers,
        }
    }

    /// Gives every record its fate: what was refused is set aside, or waits on in a batch of its own.
    async fn settle(&self, portion: &Prepared, report: &InsertReport) {
        let full = self.set_aside(portion, &report.refused).await.err();
        let mut to_be_kept = Vec::new();
        for part in &portion.parts {
            let (outcome, refused) = outcome(&part.range, report);
            match &full {
                Some(_) if !refused.is_empty() => to_be_kept.push((part, refused, outcome)),
                _ => self.finish(part, outcome, portion, refused),
            }
        }
        let keeping = stream::iter(to_be_kept);
        let keep = |(part, refused, outcome)| self.keep(portion, part, refused, outcome);
        keeping.for_each_concurrent(KEPT_AT_ONCE, keep).await;
    }

    /// A batch is done.
    pub(super) fn finish(
        &self,
        part: &Part,
        outcome: BatchOutcome,
        portion: &Prepared,
        refused: &[Refused],
    ) {
        self.spool.done(part.seq, part.bytes, outcome);
        self.statuses
            .done(part.origin.id, outcome, named(refused, portion));
    }

    /// Keeps what the store refused, durably, all of it or none.
    pub(super) async fn set_aside(
        &self,
        portion: &Prepared,
        refused: &[Refused],
    ) -> Result<(), DeadLetterError> {
        let Some(first) = refused.first() else {
            return Ok(());
        };
        let letters = portion.dead_letters(refused, self.store.clock.now());
        let letters = letters.ok_or_else(|| io::Error::other("a refused record cannot be read"))?;
        let added = self.dead_letters.add(letters).await?;
        if added > 0 {
            tracing::warn!(
                target: OF_UNSTORED,
                count = added,
                reason = first.reason,
                "the store refused records for good; they are set aside"
            );
        }
        Ok(())
    }

    /// Keeps what was refused of one batch although the dead letters have no room: at the spool's end, or
    /// among the dead letters if there is room meanwhile. The batch is done only then. When it is not known yet
    /// whether its records are there already, that is put off.
    pub(super) async fn keep(
        &self,
        portion: &Prepared,
        part: &Part,
        refused: &[Refused],
        outcome: BatchOutcome,
    ) {
        let refusal = part.refusal(refused, outcome);
        if self
            .deferral
            .put_off(part.seq, refusal, &self.spool)
            .is_ok()
        {
            return;
        }
        let mut problem = self.store.problems.of_one();
        while let Err(error) = self.keep_once(portion, part, refused, outcome).await {
            if problem.note(error.to_string(), self.store.clock.elapsed()) {
                tracing::warn!("{error}; their batches wait");
            }
            tokio::time::sleep(KEEPING_PAUSE).await;
        }
        if let Some(lasted) = problem.clear(self.store.clock.elapsed()) {
            let lasted_seconds = lasted.as_secs();
            tracing::info!(lasted_seconds, "refused records are kept again");
        }
    }

    /// The same in one try, which nothing is put off by: whoever frees the room for it must not wait for it.
    ///
    /// # Errors
    /// They can be kept nowhere at present, and the batch is not done.
    pub(super) async fn keep_once(
        &self,
        portion: &Prepared,
        part: &Part,
        refused: &[Refused],
        outcome: BatchOutcome,
    ) -> Result<(), KeptNowhere> {
        match self.defer(portion, part, refused).await {
            Ok(copy) => {
                self.spool.done(part.seq, part.bytes, copy.outcome(outcome));
                let deferred = LaterCopy::Appended.outcome(outcome);
                self.statuses.partly_done(part.origin.id, deferred);
            }
            // It stays where it is; the next start finds it.
            Err(NotDeferred::Spool(AppendError::Closed | AppendError::Poisoned(_))) => {}
            Err(error) => {
                let set_aside = self.set_aside(portion, refused).await;
                set_aside.map_err(|_| KeptNowhere(error))?;
                self.finish(part, outcome, portion, refused);
            }
        }
        Ok(())
    }

    async fn defer(
        &self,
        portion: &Prepared,
        part: &Part,
        refused: &[Refused],
    ) -> Result<LaterCopy, NotDeferred> {
        let batch = portion.deferred(part, refused);
        let batch = batch.ok_or(NotDeferred::NoDocuments)?;
        if self.deferral.has_copy(&batch) {
            return Ok(LaterCopy::Parked);
        }
        if self.deferral.is_full() {
            return Err(NotDeferred::TooMany);
        }
        self.spool.append(batch, ()).await?;
        Ok(LaterCopy::Appended)
    }

    /// Why batches are not being handed on at present.
    pub(crate) fn problem(&self) -> Option<String> {
        let store = &self.store;
        store
            .pause
            .problem()
            .or_else(|| store.problems.oldest())
            .or_else(|| self.panicked.oldest())
            .or_else(|| self.deferral.problem())
    }
}

/// Which batch refused records go on in.
#[derive(Debug, Clone, Copy)]
enum LaterCopy {
    /// One that was parked before, and counted as waiting.
    Parked,
    /// One of their own.
    Appended,
}

impl LaterCopy {
    /// What became of the batch that they were refused of.
    fn outcome(self, outcome: BatchOutcome) -> BatchOutcome {
        let (already_stored, deferred) = match self {
            Self::Parked => (outcome.refused, 0),
            Self::Appended => (0, outcome.refused),
        };
        BatchOutcome {
            already_stored: outcome.already_stored + already_stored,
            refused: 0,
            deferred,
            ..outcome
        }
    }
}

/// Has the store answer for every record. The report's positions are in order, and none is in doubt.
pub(super) async fn send(
    attempt: &mut Attempt<'_>,
    portion: Vec<Spooled>,
) -> Result<(Prepared, InsertReport), GivenBack> {
    let asked: Vec<_> = without_receipt(&portion).collect();
    let receipts = match asked.is_empty() {
        true => Vec::new(),
        false => attempt.receipts(asked).await?,
    };
    let portion = Prepared::new(portion, receipts);
    let documents = &portion.documents;
    let mut report = InsertReport::default();
    let all = iter::once(0..documents.len()).filter(|all| !all.is_empty());
    let mut left: Vec<Range<usize>> = all.collect();
    while let Some(next) = left.pop() {
        // As many as go at a time now: a store that was slow may have become quick since the one before.
        let (most, bytes) = (attempt.insert_documents(), attempt.insert_bytes());
        let range = documents.chunk(next.clone(), most, bytes);
        if range.end < next.end {
            left.push(range.end..next.end);
        }
        match attempt.insert(documents, range.clone()).await {
            Ok(inserted) => {
                left.extend(inserted.undone.map(|undone| undone..range.end));
                report.add(inserted);
            }
            Err(NotInserted::GivenBack) => return Err(GivenBack),
            Err(NotInserted::Refused(reason)) if range.len() == 1 => {
                report.doubtful.push(Refused {
                    position: range.start,
                    reason,
                });
            }
            // Fewer go from here on.
            Err(NotInserted::TooSlow) => left.push(range),
            // The whole command was refused, and the document that is to blame is looked for.
            Err(NotInserted::Refused(_)) => {
                let middle = range.start + range.len() / 2;
                left.push(middle..range.end);
                left.push(range.start..middle);
            }
        }
    }
    if attempt.doubts() {
        settle_doubts(attempt, documents, &mut report).await?;
    }
    if !report.doubtful.is_empty() {
        let positions = report.doubtful.iter().map(|refused| refused.position);
        let positions: Vec<usize> = positions.collect();
        attempt.will_be_set_aside(documents, &positions).await?;
    }
    report.refused.append(&mut report.doubtful);
    report.already_stored.sort_unstable();
    report
        .refused
        .sort_unstable_by_key(|refused| refused.position);
    Ok((portion, report))
}

/// Sends documents that were refused for an unknown reason a few times more, each alone.
async fn settle_doubts(
    attempt: &mut Attempt<'_>,
    documents: &Arc<DocumentList>,
    report: &mut InsertReport,
) -> Result<(), GivenBack> {
    let mut pause = FIRST_PAUSE;
    for _ in 0..ATTEMPTS_ALONE {
        let doubtful = std::mem::take(&mut report.doubtful);
        if doubtful.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
        for one in doubtful {
            let range = one.position..one.position + 1;
            match attempt.insert(documents, range).await {
                Ok(inserted) => report.add(inserted),
                Err(NotInserted::GivenBack) => return Err(GivenBack),
                Err(NotInserted::Refused(reason)) => {
                    report.doubtful.push(Refused { reason, ..one });
                }
                // One alone is not too many; it stays in doubt.
                Err(NotInserted::TooSlow) => report.doubtful.push(one),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
