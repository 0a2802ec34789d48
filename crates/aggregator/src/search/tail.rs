//! Live tail: what is stored from now on, or from a time in the past on, as it is stored.
//!
//! Readers pull: one who takes nothing costs nothing but his place. What many ask alike is read and written once, and
//! all of them together work a part of the time at most; whoever cannot be given all that is stored in that is told how
//! much was passed over, and from where he can have it. Takes a question and a place; gives chunks that are written in a
//! form of the reader's. It knows no HTTP.

mod follower;
mod pace;
pub mod place;
mod reader;
mod reading;
mod recent;
mod shared;
#[cfg(test)]
mod tests;
mod written;

pub use reader::{Given, Tail};
pub use reading::Asked;
pub use written::{Chunk, Form};

use crate::accounting::shares::Shares;
use crate::breaker::guard::CallError;
use crate::search::retrieval::{PageError, Retrieval};
use crate::worker::JobError;
use follower::Follower;
use logs::clock::Clock;
use pace::Pace;
use place::Place;
use record::id::RecordId;
use serde::Serialize;
use shared::{Key, Shared};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::StoreError;
use store::feed::{EntriesBehind, FeedEntry, FeedSource, Vector};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;
use written::Written;

/// Who reads at one time for all: as each of them uses two cores as far as it can, more would be no faster.
const READS: usize = 1;
/// What a reader holds besides his question, in bytes.
const READER_BYTES: usize = 128 * 1024;

/// All tails.
pub struct Tails {
    retrieval: Arc<Retrieval>,
    follower: Arc<Follower>,
    clock: Arc<dyn Clock>,
    shares: Arc<Shares>,
    shared: Shared,
    pace: Pace,
    reads: Semaphore,
    counts: Counts,
    _following: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Counts {
    records: AtomicU64,
    bytes: AtomicU64,
    drops: AtomicU64,
    dropped: AtomicU64,
    gaps: AtomicU64,
}

/// All tails in numbers.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TailSnapshot {
    /// How they learn of what is stored.
    pub way: &'static str,
    /// Who reads now.
    pub readers: u64,
    /// How many may.
    pub limit: u64,
    /// Records that were given, each as often as it was.
    #[serde(rename = "recordsTotal")]
    pub records: u64,
    /// Bytes of them.
    #[serde(rename = "bytesTotal")]
    pub bytes: u64,
    /// How often somebody was too slow.
    #[serde(rename = "dropsTotal")]
    pub drops: u64,
    /// Records that were stored while he was passed over.
    #[serde(rename = "droppedTotal")]
    pub dropped: u64,
    /// How often it was not known what somebody missed.
    #[serde(rename = "gapsTotal")]
    pub gaps: u64,
}

/// From where on.
#[derive(Debug)]
pub enum Start {
    /// What is stored from now on.
    Now,
    /// All records that are behind this one.
    Behind(RecordId),
    /// Where somebody was before.
    Place(Place),
}

/// Why no tail is begun.
#[derive(Debug, thiserror::Error)]
pub enum NotOpened {
    /// As many as there may be are there.
    #[error("as many tails are open as there may be at once")]
    TooMany,
    /// All answers take the memory that they may.
    #[error("the answers that are being read take all the memory that they may")]
    NoRoom,
    /// The store does not say how far it is.
    #[error("the store does not answer")]
    Store(PageError),
}

impl Tails {
    /// Those who follow `feed`, `most` at one time.
    pub fn start(
        retrieval: Arc<Retrieval>,
        feed: Arc<dyn FeedSource>,
        clock: Arc<dyn Clock>,
        most: usize,
    ) -> Arc<Self> {
        let follower = Arc::new(Follower::of(feed));
        let following = tokio::spawn(Arc::clone(&follower).run(Arc::clone(&clock)));
        Arc::new(Self {
            retrieval,
            follower,
            pace: Pace::new(Arc::clone(&clock)),
            clock,
            shares: Arc::new(Shares::new(most)),
            shared: Shared::default(),
            reads: Semaphore::new(READS),
            counts: Counts::default(),
            _following: AbortOnDropHandle::new(following),
        })
    }

    /// Begins one.
    ///
    /// # Errors
    /// [`NotOpened`]
    pub async fn open(
        self: &Arc<Self>,
        asked: Asked,
        from: Start,
        now: Option<logs::Timestamp>,
    ) -> Result<Tail, NotOpened> {
        let share = self
            .shares
            .take(asked.owner.clone())
            .ok_or(NotOpened::TooMany)?;
        let bytes = READER_BYTES + asked.query.bytes();
        let room = self.retrieval.hold(&asked.owner, bytes);
        let room = room.map_err(|_| NotOpened::NoRoom)?;
        let place = self.begin(from, now).await.map_err(NotOpened::Store)?;
        Ok(Tail::new(Arc::clone(self), asked, place, (share, room)))
    }

    async fn begin(&self, from: Start, now: Option<logs::Timestamp>) -> Result<Place, PageError> {
        Ok(match from {
            Start::Now => Place::at(None, self.settled().await?, now),
            Start::Behind(after) => Place::at(Some(after), self.settled().await?, now),
            Start::Place(mut place) => {
                if std::mem::take(&mut place.lacks_feeds) {
                    // Of feeds that had no room in his id he goes on with the newest.
                    let known = std::mem::take(&mut place.vector);
                    place.vector = self.settled().await?;
                    place.vector.extend(known);
                }
                place
            }
        })
    }

    /// Records of an entry for whoever asks this at this place.
    async fn entry(
        self: Arc<Self>,
        asked: Arc<Asked>,
        place: Place,
        entry: Arc<FeedEntry>,
    ) -> Result<Arc<Written>, PageError> {
        let read = async {
            let _turn = self.reads.acquire().await;
            self.pace.wait().await;
            let began = self.clock.elapsed();
            let written = reading::entry(&self.retrieval, &asked, &place, &entry).await;
            self.pace.worked(self.clock.elapsed().saturating_sub(began));
            written
        };
        let key = key(&asked, &place, &entry);
        self.shared.get(key, read).await
    }

    async fn settled(&self) -> Result<Vector, PageError> {
        let settled = self.follower.settled(&*self.clock).await;
        settled.map_err(failed)
    }

    async fn behind(&self, vector: &Vector) -> Result<EntriesBehind, PageError> {
        let behind = self.follower.behind(vector, &*self.clock).await;
        behind.map_err(failed)
    }

    fn given(&self, chunk: &Chunk) {
        let bytes = chunk.bytes.len();
        self.pace.handed_out(bytes);
        add(&self.counts.records, chunk.records);
        add(&self.counts.bytes, u64::try_from(bytes).unwrap_or(0));
    }

    fn told(&self, given: &Given) {
        match given {
            Given::Dropped { records, .. } => {
                add(&self.counts.drops, 1);
                add(&self.counts.dropped, *records);
            }
            Given::Gap(_) => add(&self.counts.gaps, 1),
            Given::Records(_) | Given::Skipped(_) | Given::Away | Given::Quiet => {}
        }
    }

    /// In numbers.
    pub fn snapshot(&self) -> TailSnapshot {
        let count = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let many = |number| u64::try_from(number).unwrap_or(u64::MAX);
        TailSnapshot {
            way: self.follower.way(),
            readers: many(self.shares.taken()),
            limit: many(self.shares.places()),
            records: count(&self.counts.records),
            bytes: count(&self.counts.bytes),
            drops: count(&self.counts.drops),
            dropped: count(&self.counts.dropped),
            gaps: count(&self.counts.gaps),
        }
    }
}

fn add(count: &AtomicU64, more: u64) {
    count.fetch_add(more, Ordering::Relaxed);
}

fn failed(error: StoreError) -> PageError {
    JobError::Failed(CallError::Store(error))
}

/// All that what is written of an entry depends on.
fn key(asked: &Asked, place: &Place, entry: &FeedEntry) -> Key {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&asked.key);
    hasher.update(&entry.feed.0);
    hasher.update(&entry.reached.number.to_be_bytes());
    hasher.update(&entry.reached.life.0);
    hasher.update(&place.bytes());
    *hasher.finalize().as_bytes()
}
