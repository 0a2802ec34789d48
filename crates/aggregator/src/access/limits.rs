//! How much a token may be used for: what the file says of it, and what was used already.

mod bucket;
mod places;

pub use places::Place;

use bucket::{Bucket, Rate};
use places::Places;
use serde::Deserialize;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The largest number of each a second.
pub const MAX_RATE: u64 = 1_000_000_000_000;
/// The longest burst.
pub const MAX_BURST_SECONDS: u64 = 24 * 60 * 60;
/// The largest number of queries at a time.
pub const MAX_QUERIES: u64 = 1_000_000;
/// Unless the file says otherwise: senders gather what they have for some seconds.
const USUAL_BURST_SECONDS: u64 = 10;
/// So many uploads of a token, whose senders cannot be told to come again, wait for its rates.
const MAX_WAITING: usize = 4;

/// As the file has them; none of them need be there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    records_per_second: Option<i64>,
    bytes_per_second: Option<i64>,
    burst_seconds: Option<i64>,
    concurrent_queries: Option<i64>,
}

/// Limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Records that are taken a second.
    pub records_per_second: Option<NonZeroU64>,
    /// Bytes of the bodies that they come in, decompressed.
    pub bytes_per_second: Option<NonZeroU64>,
    /// What a rate gives in so many seconds may come at once.
    pub burst_seconds: Option<NonZeroU64>,
    /// Queries that are answered at a time.
    pub concurrent_queries: Option<NonZeroU64>,
}

/// Why limits are none: a sentence each, without the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadLimits {
    /// Of no use, or more than is counted.
    #[error("the limit {name} is {given}: expected a whole number from 1 to {most}")]
    Amount {
        /// Which.
        name: &'static str,
        /// What is there.
        given: i64,
        /// What is understood.
        most: u64,
    },
    /// It says nothing by itself.
    #[error(
        "the limit burst_seconds is there without records_per_second and bytes_per_second, to which it belongs"
    )]
    BurstAlone,
}

/// What the file calls [`Limits::records_per_second`].
pub const RECORDS_PER_SECOND: &str = "records_per_second";
/// What it calls [`Limits::bytes_per_second`].
pub const BYTES_PER_SECOND: &str = "bytes_per_second";
/// What it calls [`Limits::burst_seconds`].
pub const BURST_SECONDS: &str = "burst_seconds";
/// What it calls [`Limits::concurrent_queries`].
pub const CONCURRENT_QUERIES: &str = "concurrent_queries";

impl Limits {
    pub(super) fn of(given: Given) -> Result<Self, BadLimits> {
        let amount = |name, given: Option<i64>, most| {
            let checked = given.map(|given| {
                let amount = u64::try_from(given).ok().filter(|amount| *amount <= most);
                let amount = amount.and_then(NonZeroU64::new);
                amount.ok_or(BadLimits::Amount { name, given, most })
            });
            checked.transpose()
        };
        let limits = Self {
            records_per_second: amount(RECORDS_PER_SECOND, given.records_per_second, MAX_RATE)?,
            bytes_per_second: amount(BYTES_PER_SECOND, given.bytes_per_second, MAX_RATE)?,
            burst_seconds: amount(BURST_SECONDS, given.burst_seconds, MAX_BURST_SECONDS)?,
            concurrent_queries: amount(CONCURRENT_QUERIES, given.concurrent_queries, MAX_QUERIES)?,
        };
        match limits.burst_seconds.is_some() && !limits.are_of_senders() {
            true => Err(BadLimits::BurstAlone),
            false => Ok(limits),
        }
    }

    /// Whether any of them is for whoever sends.
    pub(super) fn are_of_senders(&self) -> bool {
        self.records_per_second.is_some() || self.bytes_per_second.is_some()
    }

    fn rate(&self, per_second: Option<NonZeroU64>) -> Option<Rate> {
        let seconds = self
            .burst_seconds
            .map_or(USUAL_BURST_SECONDS, NonZeroU64::get);
        per_second.map(|per_second| Rate {
            per_second: per_second.get(),
            burst: per_second.get().saturating_mul(seconds),
        })
    }

    fn rates(&self) -> [Option<Rate>; 2] {
        [self.records_per_second, self.bytes_per_second].map(|rate| self.rate(rate))
    }
}

/// Those that there are, with commas between them.
impl fmt::Display for Limits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.records_per_second, "records/s"),
            (self.bytes_per_second, "bytes/s"),
            (self.burst_seconds, "s burst"),
            (self.concurrent_queries, "queries"),
        ];
        let told = all.iter().filter_map(|(limit, what)| {
            let limit = (*limit)?;
            Some(format!("{limit} {what}"))
        });
        formatter.write_str(&told.collect::<Vec<_>>().join(", "))
    }
}

/// A token's limits, and what was used of them.
#[derive(Debug, Clone, Default)]
pub struct Limited {
    limits: Limits,
    used: Arc<Used>,
}

#[derive(Debug, Default)]
struct Used {
    sent: Mutex<Sent>,
    queries: Arc<Places>,
    waiting: Arc<Places>,
}

#[derive(Debug, Default)]
struct Sent {
    records: Bucket,
    bytes: Bucket,
}

/// What a request is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Records that are new in it.
    pub records: u64,
    /// Of its body, decompressed.
    pub bytes: u64,
}

/// It was counted, until this is dropped without [`Charge::keep`].
#[derive(Debug)]
pub struct Charge {
    used: Arc<Used>,
    cost: Cost,
    is_kept: bool,
}

/// More was sent than may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverRate {
    /// After which time the same is taken, if nothing else is sent until then.
    pub wait: Duration,
    /// Which limit it is that lets one wait for the longest.
    pub limit: &'static str,
}

/// What is used is no part of what a token is.
impl PartialEq for Limited {
    fn eq(&self, other: &Self) -> bool {
        self.limits == other.limits
    }
}

impl Eq for Limited {}

impl Limited {
    pub(super) fn new(limits: Limits) -> Self {
        let used = Arc::default();
        Self { limits, used }
    }

    /// The same limits, of which has been used what was used of others.
    pub(super) fn after(&mut self, before: &Self) {
        self.used = Arc::clone(&before.used);
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether something would be taken now.
    ///
    /// # Errors
    /// [`OverRate`]
    pub fn check(&self, now: Duration) -> Result<(), OverRate> {
        if !self.limits.are_of_senders() {
            return Ok(());
        }
        self.used.lock().check(&self.limits, now)
    }

    /// Counts a request, if it may be taken.
    ///
    /// # Errors
    /// [`OverRate`]; then nothing of it is counted.
    pub fn charge(&self, cost: Cost, now: Duration) -> Result<Option<Charge>, OverRate> {
        if !self.limits.are_of_senders() {
            return Ok(None);
        }
        // What is not limited is not counted either.
        let [records, bytes] = self.limits.rates();
        let cost = Cost {
            records: records.map_or(0, |_| cost.records),
            bytes: bytes.map_or(0, |_| cost.bytes),
        };
        let mut sent = self.used.lock();
        sent.check(&self.limits, now)?;
        sent.records.take(cost.records);
        sent.bytes.take(cost.bytes);
        drop(sent);
        Ok(Some(Charge {
            used: Arc::clone(&self.used),
            cost,
            is_kept: false,
        }))
    }

    /// A place for a query, until its answer is sent or dropped. All are counted, so that a limit that comes counts for
    /// those that are under way.
    pub fn query(&self) -> Option<Place> {
        let most = self.limits.concurrent_queries.map(NonZeroU64::get);
        let most = most.map_or(usize::MAX, |most| {
            usize::try_from(most).unwrap_or(usize::MAX)
        });
        self.used.queries.take(most)
    }

    /// A place for an upload that waits for the rates.
    pub fn waiting(&self) -> Option<Place> {
        self.used.waiting.take(MAX_WAITING)
    }
}

impl Used {
    fn lock(&self) -> MutexGuard<'_, Sent> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sent {
    fn check(&mut self, limits: &Limits, now: Duration) -> Result<(), OverRate> {
        let [records, bytes] = limits.rates();
        let wait = |bucket: &mut Bucket, rate: Option<Rate>| {
            rate.map_or(Duration::ZERO, |rate| bucket.wait(rate, now))
        };
        let of_records = wait(&mut self.records, records);
        let of_bytes = wait(&mut self.bytes, bytes);
        let (wait, limit) = match of_bytes > of_records {
            true => (of_bytes, BYTES_PER_SECOND),
            false => (of_records, RECORDS_PER_SECOND),
        };
        match wait.is_zero() {
            true => Ok(()),
            false => Err(OverRate { wait, limit }),
        }
    }
}

impl Charge {
    /// The request was taken.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        if !self.is_kept {
            let mut sent = self.used.lock();
            sent.records.give_back(self.cost.records);
            sent.bytes.give_back(self.cost.bytes);
        }
    }
}

#[cfg(test)]
mod tests;
