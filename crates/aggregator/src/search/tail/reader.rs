//! One reader: where he is, and what he is given next. He asks, and nothing is kept for him while he does not.

use super::Tails;
use super::follower::{ENTRIES, Following, State};
use super::place::Place;
use super::reading::{Asked, PageOf};
use super::recent::{Mark, Next};
use super::written::{Chunk, Written};
use crate::accounting::fair_admission::FairReservation;
use crate::accounting::shares::Share;
use crate::breaker::guard::CallError;
use crate::search::retrieval::{PageError, passes};
use crate::worker::JobError;
use record::id::RecordId;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;
use store::StoreError;
use store::feed::{FeedEntry, FeedId, Gap, Reached, Vector};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

/// How far behind the newest entry somebody may be who was at the live end, in nanoseconds.
const MOST_BEHIND: i64 = 30_000_000_000;
/// Entries that may be written while a page is read; beyond that they are followed first.
const MOST_LATER: usize = 1024;
/// After something that may pass.
const PAUSE: Duration = Duration::from_millis(250);

/// A reader of a tail.
pub struct Tail {
    pub(super) tails: Arc<Tails>,
    asked: Arc<Asked>,
    place: Place,
    /// The records of the next entry, which are being read.
    reading: Option<AbortOnDropHandle<Result<Arc<Written>, PageError>>>,
    /// The next entries behind the place.
    entries: VecDeque<Arc<FeedEntry>>,
    /// Written records of which the next chunk has this number.
    written: Option<(Kept, usize)>,
    /// Where he is among the newest entries, once the store has said that none is missing before them.
    mark: Option<Mark>,
    /// Whether he has been at the live end, from which he may be dropped.
    is_live: bool,
    /// Whether the entries are behind him that were written before his next page is read.
    is_near: bool,
    /// Whether he was told that the store is away.
    knows: bool,
    changed: watch::Receiver<State>,
    _following: Following,
    _share: Share,
    _room: FairReservation,
}

/// Records of an entry are kept for all, or not, and can be had again; those of a page are his own.
enum Kept {
    OfEntry(Weak<Written>, FeedId),
    OfPage(Arc<Written>),
}

/// What he is given.
#[derive(Debug)]
pub enum Given {
    /// Records.
    Records(Chunk),
    /// He was too slow: up to so many records were passed over, which can be had from this place on.
    Dropped {
        /// Those that were stored meanwhile, whether they match or not.
        records: u64,
        /// The place where he was.
        from: Place,
    },
    /// What he missed is not known.
    Gap(Gap),
    /// A record of which it takes too long to tell whether it is asked for.
    Skipped(RecordId),
    /// The store is away. He is told once, and goes on when it is back.
    Away,
    /// Nothing until now.
    Quiet,
}

/// What comes of a step.
enum Step {
    Given(Given),
    /// It is worth to take the next one at once.
    Taken,
    /// There is nothing until something changes.
    End,
}

impl Tail {
    pub(super) fn new(
        tails: Arc<Tails>,
        asked: Asked,
        place: Place,
        held: (Share, FairReservation),
    ) -> Self {
        let (following, changed) = tails.follower.follow();
        Self {
            tails,
            asked: Arc::new(asked),
            place,
            reading: None,
            entries: VecDeque::new(),
            written: None,
            mark: None,
            is_live: false,
            is_near: false,
            knows: false,
            changed,
            _following: following,
            _share: held.0,
            _room: held.1,
        }
    }

    /// Where one goes on behind what was given.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// After how long without anything he is given a sign of life.
    pub fn heartbeat(&self) -> Duration {
        self.tails.heartbeat
    }

    /// What is given next; [`Given::Quiet`] if that is nothing until then, in time of the clock's
    /// [`elapsed`](logs::clock::Clock::elapsed).
    ///
    /// # Errors
    /// Where asking again does not help.
    pub async fn next(&mut self, until: Duration) -> Result<Given, PageError> {
        loop {
            if let Some(chunk) = self.chunk() {
                self.tails.given(&chunk);
                return Ok(Given::Records(chunk));
            }
            match self.step(until).await {
                Ok(Step::Given(given)) => {
                    self.tails.told(&given);
                    return Ok(given);
                }
                Ok(Step::Taken) => self.knows = false,
                Ok(Step::End) => {
                    if let Some(given) = self.wait(until).await {
                        return Ok(given);
                    }
                }
                Err(error) if !passes(&error) => return Err(error),
                Err(error) => {
                    if is_away(&error) && !std::mem::replace(&mut self.knows, true) {
                        return Ok(Given::Away);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
            if self.written.is_none() && self.tails.clock.elapsed() >= until {
                return Ok(Given::Quiet);
            }
        }
    }

    /// The next of the records that are written.
    fn chunk(&mut self) -> Option<Chunk> {
        let (kept, number) = self.written.take()?;
        let written = match &kept {
            // What is not kept any more is read again from the place on.
            Kept::OfEntry(written, _) => written.upgrade()?,
            Kept::OfPage(written) => Arc::clone(written),
        };
        let chunk = written.chunks.get(number)?.clone();
        let is_last = number + 1 == written.chunks.len();
        match (&kept, is_last) {
            (Kept::OfEntry(_, feed), false) => self.place.within = Some((*feed, chunk.last)),
            (Kept::OfEntry(..), true) => self.end_of_entry(&written),
            (Kept::OfPage(_), false) => self.place.after = Some(chunk.last),
            (Kept::OfPage(_), true) => self.place.after = written.next,
        }
        if !is_last {
            self.written = Some((kept, number + 1));
        }
        Some(chunk)
    }

    fn end_of_entry(&mut self, written: &Written) {
        let Some(entry) = self.entries.front() else {
            return;
        };
        if let Some(next) = written.next {
            self.place.within = Some((entry.feed, next));
        } else {
            self.place.pass(entry);
            self.entries.pop_front();
        }
    }

    async fn step(&mut self, until: Duration) -> Result<Step, PageError> {
        if let Some((feed, _)) = self.place.within
            && self.entries.front().is_none_or(|entry| entry.feed != feed)
        {
            return self.find_entry(feed).await;
        }
        match self.entries.front().map(Arc::clone) {
            Some(entry) => self.follow(&entry, until).await,
            None if self.place.after.is_some() => self.page().await,
            None => self.newest().await,
        }
    }

    /// Finds the entry of which a part was given.
    async fn find_entry(&mut self, feed: FeedId) -> Result<Step, PageError> {
        let mut vector = self.place.vector.clone();
        loop {
            let behind = self.tails.behind(&vector).await?;
            if let Some(given) = self.gap(&behind.gaps) {
                return Ok(given);
            }
            for entry in behind.entries {
                vector.insert(entry.feed, entry.reached);
                if entry.feed == feed {
                    // Those of other feeds are found again.
                    self.entries = [Arc::new(entry)].into();
                    self.mark = None;
                    return Ok(Step::Taken);
                }
            }
            if !behind.more {
                self.place.within = None;
                return Ok(Step::Given(Given::Gap(Gap::AnotherHistory)));
            }
        }
    }

    /// The records of the next entry.
    async fn follow(&mut self, entry: &Arc<FeedEntry>, until: Duration) -> Result<Step, PageError> {
        if !self.place.is_before(entry) {
            self.entries.pop_front();
            return Ok(Step::Taken);
        }
        let (tails, asked) = (Arc::clone(&self.tails), Arc::clone(&self.asked));
        let (place, of) = (&self.place, Arc::clone(entry));
        // A task of its own: others wait for what it holds, and whoever takes nothing at present does not go on with it.
        let read = || AbortOnDropHandle::new(tokio::spawn(tails.entry(asked, place.clone(), of)));
        let reading = self.reading.get_or_insert_with(read);
        let left = until.saturating_sub(self.tails.clock.elapsed());
        // Where it takes longer, it goes on when he asks again.
        let Ok(written) = tokio::time::timeout(left, reading).await else {
            return Ok(Step::Given(Given::Quiet));
        };
        self.reading = None;
        let written = written.map_err(|_| JobError::Panicked)??;
        if !written.chunks.is_empty() {
            let kept = Kept::OfEntry(Arc::downgrade(&written), entry.feed);
            // Until the first chunk is taken, which is at once.
            self.written = Some((kept, 0));
            let chunk = self.chunk();
            return Ok(chunk.map_or(Step::Taken, |chunk| {
                self.tails.given(&chunk);
                Step::Given(Given::Records(chunk))
            }));
        }
        self.end_of_entry(&written);
        let skipped = written.skipped.map(Given::Skipped);
        Ok(skipped.map_or(Step::Taken, Step::Given))
    }

    /// The next records of the past.
    async fn page(&mut self) -> Result<Step, PageError> {
        let Some(after) = self.place.after else {
            return Ok(Step::Taken);
        };
        let retrieval = &self.tails.retrieval;
        if !self.is_near {
            let settled = self.tails.settled().await?;
            return match self.up_to(&settled, ENTRIES).await? {
                Err(gap) => Ok(gap),
                Ok(entries) => {
                    self.is_near = entries.is_empty();
                    self.entries = entries.into();
                    Ok(Step::Taken)
                }
            };
        }
        let page = PageOf::find(retrieval, &self.asked, after).await?;
        let settled = self.tails.settled().await?;
        let entries = match self.up_to(&settled, MOST_LATER).await? {
            Err(gap) => return Ok(gap),
            Ok(entries) => entries,
        };
        if entries.len() >= MOST_LATER {
            self.is_near = false;
            self.entries = entries.into();
            return Ok(Step::Taken);
        }
        let written = page
            .write(&self.asked, &self.place, entries.clone())
            .await?;
        self.entries = entries.into();
        let skipped = written.skipped.map(Given::Skipped);
        if written.chunks.is_empty() {
            self.place.after = written.next;
        } else {
            self.written = Some((Kept::OfPage(Arc::new(written)), 0));
        }
        Ok(skipped.map_or(Step::Taken, Step::Given))
    }

    /// The entries behind the place up to this vector: so many, or some more; or the gap that is there.
    async fn up_to(
        &mut self,
        settled: &Vector,
        most: usize,
    ) -> Result<Result<Vec<Arc<FeedEntry>>, Step>, PageError> {
        let mut ahead = self.place.clone();
        let mut entries = Vec::new();
        while !ahead.is_behind(settled) && entries.len() < most {
            let behind = self.tails.behind(&ahead.vector).await?;
            if let Some(gap) = self.gap(&behind.gaps) {
                return Ok(Err(gap));
            }
            if behind.entries.is_empty() {
                break;
            }
            for entry in behind.entries {
                ahead.vector.insert(entry.feed, entry.reached);
                entries.push(Arc::new(entry));
            }
        }
        Ok(Ok(entries))
    }

    /// The next entries at the live end, or on the way there.
    async fn newest(&mut self) -> Result<Step, PageError> {
        let Some(mut mark) = self.mark else {
            return self.catch_up().await;
        };
        let next = {
            let recent = self.tails.follower.recent();
            let next = recent.next(&mut mark, &self.place);
            let is_late = matches!(&next, Next::Entry(entry) if recent.age(entry) > MOST_BEHIND);
            match next {
                Next::Entry(_) | Next::Lost
                    if self.is_live && (is_late || matches!(next, Next::Lost)) =>
                {
                    Err((recent.missed(&mark), recent.reached().clone()))
                }
                next => Ok(next),
            }
        };
        self.mark = Some(mark);
        match next {
            Err((records, reached)) => Ok(Step::Given(self.drop_to(reached, records))),
            Ok(Next::Entry(entry)) => {
                self.entries.push_back(entry);
                Ok(Step::Taken)
            }
            Ok(Next::End) => {
                self.is_live = true;
                Ok(Step::End)
            }
            Ok(Next::Lost | Next::Anew) => {
                self.mark = None;
                Ok(Step::Taken)
            }
        }
    }

    /// Goes on with the newest, since he was too slow.
    fn drop_to(&mut self, reached: Vector, records: u64) -> Given {
        let from = self.place.clone();
        self.place.vector.extend(reached);
        self.place.within = None;
        self.mark = self.tails.follower.recent().mark(&self.place);
        Given::Dropped { records, from }
    }

    /// As long as he is not among the newest entries, he has them from the store.
    async fn catch_up(&mut self) -> Result<Step, PageError> {
        let behind = self.tails.behind(&self.place.vector).await?;
        if let Some(gap) = self.gap(&behind.gaps) {
            return Ok(gap);
        }
        let is_all = behind.entries.is_empty() && !behind.more;
        self.entries
            .extend(behind.entries.into_iter().map(Arc::new));
        self.mark = self.tails.follower.recent().mark(&self.place);
        match (is_all, self.mark) {
            (true, None) => Ok(Step::End),
            _ => Ok(Step::Taken),
        }
    }

    /// The first gap, if there is one; behind it he begins anew.
    fn gap(&mut self, gaps: &[(FeedId, Gap, Reached)]) -> Option<Step> {
        let (feed, gap, reached) = gaps.first()?;
        self.place.vector.insert(*feed, *reached);
        if self.place.within.is_some_and(|(within, _)| within == *feed) {
            self.place.within = None;
        }
        self.entries.retain(|entry| entry.feed != *feed);
        self.mark = None;
        Some(Step::Given(Given::Gap(*gap)))
    }

    /// Waits for something new; what there is to tell meanwhile.
    async fn wait(&mut self, until: Duration) -> Option<Given> {
        let left = until.saturating_sub(self.tails.clock.elapsed());
        let changed = tokio::time::timeout(left, self.changed.changed()).await;
        match changed {
            Err(_) => Some(Given::Quiet),
            Ok(Err(_)) => None,
            Ok(Ok(())) => {
                let is_away = self.changed.borrow_and_update().is_away;
                let is_news = is_away && !self.knows;
                self.knows = is_away;
                is_news.then_some(Given::Away)
            }
        }
    }
}

/// Whether the store is not there, and not only busy.
fn is_away(error: &PageError) -> bool {
    match error {
        JobError::Failed(CallError::Open { .. }) => true,
        JobError::Failed(CallError::Store(error)) => {
            matches!(error, StoreError::Unavailable(_) | StoreError::Timeout)
        }
        JobError::Full { .. } | JobError::Expired | JobError::Closed | JobError::Panicked => false,
    }
}
