//! Waiting until all that was taken here is in the store: then nothing of it is in the spool any more, nor among the
//! refused records, as far as it matches.

use super::jobs::WaitsFor;
use super::letters::{self, Letters};
use crate::deliver::dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
use crate::deliver::drain::Drain;
use logs::clock::Clock;
use logs::counted;
use query::Query;
use record::documents::{DocumentList, Documents, Source};
use spool::Spool;
use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;
use store::Store;
use store::aggregators::Present;

/// Between two looks whether it is so.
const LOOK_PAUSE: Duration = Duration::from_millis(250);
/// After a failure of the disk or of the store.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);

/// What this aggregator holds outside of the store.
#[derive(Clone)]
pub(super) struct Holdings {
    pub(super) spool: Spool,
    /// Not held: the way to the store closes with the last who holds it.
    pub(super) drain: Weak<Drain>,
    pub(super) dead_letters: Arc<DeadLetters>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) timeout: Duration,
    pub(super) me: Present,
}

/// A moment: what came later is another matter.
struct Moment {
    /// How often refused records were put back by then.
    replays: u64,
    /// The number behind the last batch.
    seq: u64,
}

impl Holdings {
    /// Waits until nothing that was taken by now is outside of the store, but for refused records that do not match;
    /// those that do are forgotten. `tell` is told what is waited for.
    pub(super) async fn clear(&self, query: &Arc<Query>, tell: impl Fn(WaitsFor)) -> Letters {
        let mut all = Letters::default();
        loop {
            match self.round(query, &mut all, &tell).await {
                Ok(true) => return all,
                Ok(false) => {}
                Err(error) => {
                    tell(self.waits(error.to_string()));
                    tokio::time::sleep(FAILURE_PAUSE).await;
                }
            }
        }
    }

    /// Whether all is cleared. What was put back into the spool meanwhile, or refused and put off there, may be what was
    /// taken before: then another round is needed.
    async fn round(
        &self,
        query: &Arc<Query>,
        all: &mut Letters,
        tell: &impl Fn(WaitsFor),
    ) -> Result<bool, DeadLetterError> {
        let moment = self.forget(query, all).await?;
        while !self.spool.is_gone_below(moment.seq) {
            tell(self.waits(self.what_waits()));
            tokio::time::sleep(LOOK_PAUSE).await;
        }
        let after = self.forget(query, all).await?;
        let is_same = after.replays == moment.replays;
        Ok(is_same && !self.spool.was_deferred_from(moment.seq))
    }

    /// Forgets the refused records that match; the moment at which there is none.
    async fn forget(
        &self,
        query: &Arc<Query>,
        all: &mut Letters,
    ) -> Result<Moment, DeadLetterError> {
        // A task of its own: a job that is ended meanwhile does not leave records half way out of their file.
        let (own, query) = (self.clone(), Arc::clone(query));
        let forgetting = tokio::spawn(async move { own.forget_wholly(&query).await });
        let (found, moment) = forgetting.await.map_err(io::Error::other)??;
        all.matching += found.matching;
        all.unreadable = found.unreadable;
        Ok(moment)
    }

    async fn forget_wholly(
        &self,
        query: &Arc<Query>,
    ) -> Result<(Letters, Moment), DeadLetterError> {
        let _alone = self.dead_letters.replay_alone().await;
        let gone = |gone: Vec<DeadLetter>| self.remember(gone);
        let found = letters::forget(&self.dead_letters, query, gone).await?;
        let moment = Moment {
            replays: self.dead_letters.replays(),
            seq: self.spool.next_seq(),
        };
        Ok((found, moment))
    }

    /// Has the store know them, so that a copy that a client sends again is none that is new.
    async fn remember(&self, gone: Vec<DeadLetter>) -> Result<(), String> {
        let batches = gone.chunk_by(|one, next| one.origin == next.origin);
        let batches = batches.filter_map(|letters| {
            let origin = letters.first()?.origin;
            let documents = letters.iter().flat_map(|letter| &letter.document);
            let documents = Documents::from_encoded(documents.copied().collect())?;
            Some((documents, Source { origin, seq: 0 }))
        });
        let documents = DocumentList::of_batches(batches.collect());
        if documents.is_empty() {
            return Ok(());
        }
        let deadline = self.clock.elapsed() + self.timeout;
        let remembered = self.store.forget_for_good(Arc::new(documents), deadline);
        remembered.await.map_err(|error| error.to_string())
    }

    fn what_waits(&self) -> String {
        let waiting = self.spool.snapshot();
        let batches = counted(waiting.batches, "batch", "batches");
        let what = match waiting.batches {
            0 => "what is stored is still in the spool's files".to_owned(),
            1 => format!("{batches} waits in its spool"),
            _ => format!("{batches} wait in its spool"),
        };
        let held_up = self.drain.upgrade().and_then(|drain| drain.problem());
        match held_up.or(waiting.problem) {
            Some(problem) => format!("{what}: {problem}"),
            None => what,
        }
    }

    fn waits(&self, what: String) -> WaitsFor {
        WaitsFor {
            id: self.me.id.clone(),
            name: self.me.name.clone(),
            seen: Some(self.clock.now()),
            what,
        }
    }

    /// Whether nothing is outside of the store at all.
    pub(super) fn are_empty(&self) -> bool {
        let letters = self.dead_letters.snapshot();
        letters.records == 0
            && letters.unread_files == 0
            && letters.damaged_files == 0
            && self.spool.is_done_below(self.spool.next_seq())
    }
}
