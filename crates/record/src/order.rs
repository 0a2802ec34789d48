//! The order of records of one time: that in which they were sent, as far as it can be told.
//!
//! Seven bytes of a record's id, between its time and its batch:
//!
//! ```text
//! reach (3 bytes, big endian) ‖ delay (4 bytes, big endian)
//! ```
//!
//! *Reach* says how far the greatest time of the batch lies behind the record's own, in milliseconds. Of
//! two requests that share a second, which a clock of whole seconds divides between them, the later one
//! reaches further. Where they reach equally far, *delay* decides: when the batch was taken, less that
//! greatest time.
//!
//! Reach is a function of what was sent alone; only times that were sent count, so a record without one
//! has none. Delay is not: a client that sends again cannot know it. Where a retry has to find the same
//! ids, it is left out ([`SendOrder::without_delay`]).
//!
//! Delay counts units of 16 µs for batches whose times are at most an hour ahead and eight hours and a half
//! old. Of others it tells when they were taken, in units of 65 ms, whatever their times are; these begin
//! anew every two years.

use logs::Timestamp;

/// Bytes of a [`SendOrder`].
pub const ORDER_BYTES: usize = 7;
pub(crate) const REACH_BYTES: usize = 3;
/// Milliseconds: over four hours and a half. What reaches further is not told apart.
const MOST_REACH: u32 = (1 << 24) - 1;
const NANOS_PER_MILLI: u64 = 1_000_000;
/// The unit of delay.
const TICK_NANOS: i64 = 16_000;
/// How far the times of a usual batch may be ahead of ours: an hour, in ticks.
const AHEAD_TICKS: i64 = 3_600 * 1_000_000_000 / TICK_NANOS;
/// Delays below are those of batches that are further ahead.
const USUAL: i64 = 1 << 30;
/// Delays from here on are those of batches that are later.
const LATE: i64 = 3 << 30;
/// Ticks in the unit of both.
const COARSE_TICKS: i64 = 1 << 12;
/// So many of them: none stays free.
const COARSE_UNITS: i64 = (1 << 30) - 1;

/// The place of a record among others of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendOrder([u8; ORDER_BYTES]);

/// What all records of a batch have in common of their orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchOrder {
    greatest: Timestamp,
    delay: u32,
}

/// The last batches that were taken. Of batches with one greatest time, each is later than those before it:
/// also in one tick, and when the clock was put back, but by more than an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    tick: i64,
    coarse: i64,
}

impl Default for Taken {
    fn default() -> Self {
        Self {
            tick: i64::MIN,
            coarse: i64::MIN,
        }
    }
}

impl Taken {
    /// Takes a batch with this greatest time now. One without any time has that of its receipt.
    pub fn next(&mut self, greatest: Timestamp, now: Timestamp) -> BatchOrder {
        let now = now.nanos().div_euclid(TICK_NANOS);
        // A clock that was far ahead for a moment is not followed for good.
        let last = Some(self.tick).filter(|tick| *tick <= now.saturating_add(AHEAD_TICKS));
        let tick = last.map_or(now, |last| now.max(last.saturating_add(1)));
        let usual = USUAL + tick - greatest.nanos().div_euclid(TICK_NANOS) + AHEAD_TICKS;
        let delay = if (USUAL..LATE).contains(&usual) {
            self.tick = tick;
            usual
        } else {
            let now = now.div_euclid(COARSE_TICKS);
            self.coarse = now.max(self.coarse.saturating_add(1));
            let base = if usual < USUAL { 1 } else { LATE };
            base + self.coarse.rem_euclid(COARSE_UNITS)
        };
        BatchOrder {
            greatest,
            delay: u32::try_from(delay).unwrap_or(u32::MAX),
        }
    }
}

impl BatchOrder {
    /// Of records about whose order nothing is to be told.
    pub(crate) const NONE: Self = Self {
        greatest: Timestamp::MIN,
        delay: 0,
    };

    /// Of a batch with this greatest time, of which nobody knows when it was taken.
    pub fn without_delay(greatest: Timestamp) -> Self {
        Self { greatest, delay: 0 }
    }

    /// That of a record; `None` for a time that did not come with it.
    #[inline]
    pub fn of(&self, time: Option<Timestamp>) -> SendOrder {
        let reach = time.map_or(0, |time| {
            let nanos = match self.greatest > time {
                true => self.greatest.nanos().abs_diff(time.nanos()),
                false => 0,
            };
            u32::try_from(nanos / NANOS_PER_MILLI).map_or(MOST_REACH, |reach| reach.min(MOST_REACH))
        });
        SendOrder::new(reach, self.delay)
    }
}

impl SendOrder {
    /// Of records about which nothing is known.
    pub const NONE: Self = Self([0; ORDER_BYTES]);

    /// Of these parts; of a reach that is beyond three bytes the greatest one.
    #[inline]
    pub fn new(reach: u32, delay: u32) -> Self {
        let reach = reach.min(MOST_REACH);
        let mut order = [0; ORDER_BYTES];
        let (reach_place, delay_place) = order.split_at_mut(REACH_BYTES);
        let [_, reach @ ..] = reach.to_be_bytes();
        reach_place.copy_from_slice(&reach);
        delay_place.copy_from_slice(&delay.to_be_bytes());
        Self(order)
    }

    /// The order in these bytes.
    pub fn from_bytes(bytes: [u8; ORDER_BYTES]) -> Self {
        Self(bytes)
    }

    /// The seven bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; ORDER_BYTES] {
        &self.0
    }

    /// How far the greatest time of the batch lies behind the record's own, in milliseconds.
    #[inline]
    pub fn reach(self) -> u32 {
        let [a, b, c, ..] = self.0;
        u32::from_be_bytes([0, a, b, c])
    }

    /// When the batch was taken, in the units that the module tells of.
    #[inline]
    pub fn delay(self) -> u32 {
        u32::from_be_bytes(self.0.last_chunk().copied().unwrap_or_default())
    }

    /// What of it is a function of what was sent.
    #[inline]
    #[must_use]
    pub fn without_delay(self) -> Self {
        let mut order = self.0;
        for byte in order.iter_mut().skip(REACH_BYTES) {
            *byte = 0;
        }
        Self(order)
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
