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

use logs::Timestamp;

/// Bytes of an [`SendOrder`].
pub const ORDER_BYTES: usize = 7;
const REACH_BYTES: usize = 3;
/// Milliseconds: over four hours and a half. What reaches further is not told apart.
const MOST_REACH: u32 = (1 << 24) - 1;
const NANOS_PER_MILLI: u64 = 1_000_000;
/// The unit of delay.
const TICK_NANOS: i64 = 16_000;
/// Added to a delay, in ticks: an hour, for senders whose clocks are ahead of ours.
const AHEAD_TICKS: i64 = 3_600 * 1_000_000_000 / TICK_NANOS;

/// The place of a record among others of its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SendOrder([u8; ORDER_BYTES]);

/// When a batch was taken, in ticks of 16 µs since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taken(i64);

/// What all records of a batch have in common of their orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchOrder {
    greatest: Timestamp,
    delay: u32,
}

impl Taken {
    /// At this time.
    pub fn at(now: Timestamp) -> Self {
        Self(now.nanos().div_euclid(TICK_NANOS))
    }

    /// The same as a number.
    pub fn ticks(self) -> i64 {
        self.0
    }

    /// The same from [`Self::ticks`].
    pub fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Now, and after all that were taken before: also in one tick, and when the clock was put back.
    #[must_use]
    pub fn next(self, now: Timestamp) -> Self {
        Self::at(now).max(Self(self.0.saturating_add(1)))
    }
}

impl BatchOrder {
    /// Of a batch with this greatest time, taken then. A batch without any time has that of its receipt.
    pub fn new(greatest: Timestamp, taken: Taken) -> Self {
        let delay = taken.0 - Taken::at(greatest).0 + AHEAD_TICKS;
        let delay = delay.clamp(1, u32::MAX.into());
        Self {
            greatest,
            delay: u32::try_from(delay).unwrap_or(u32::MAX),
        }
    }

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

    fn new(reach: u32, delay: u32) -> Self {
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    #[test]
    fn of_two_requests_that_share_a_second_the_later_one_reaches_further() {
        let first = BatchOrder::new(at(11 * SECOND), Taken::at(at(12 * SECOND)));
        let second = BatchOrder::new(at(12 * SECOND), Taken::at(at(12 * SECOND)));
        let shared = Some(at(11 * SECOND));
        assert!(first.of(shared) < second.of(shared));
    }

    #[test]
    fn of_requests_that_reach_equally_far_the_one_that_was_taken_later_is_later_whatever_the_clock_does()
     {
        let greatest = at(5 * SECOND);
        let mut taken = Taken::at(at(6 * SECOND));
        let mut last = BatchOrder::new(greatest, taken).of(Some(greatest));
        for now in [
            6 * SECOND,
            6 * SECOND + 5,
            9 * SECOND,
            2 * SECOND,
            2 * SECOND,
            10 * SECOND,
        ] {
            taken = taken.next(at(now));
            let next = BatchOrder::new(greatest, taken).of(Some(greatest));
            assert!(last < next, "{now}");
            last = next;
        }
    }

    #[test]
    fn a_record_without_a_time_of_its_own_does_not_reach_anywhere() {
        let order = BatchOrder::without_delay(at(i64::MAX));
        assert_eq!(order.of(None), SendOrder::NONE);
        assert_eq!(order.of(Some(at(i64::MAX))), SendOrder::NONE);
        assert_eq!(
            order.of(Some(at(i64::MIN))).as_bytes(),
            &[255, 255, 255, 0, 0, 0, 0]
        );
    }

    #[test]
    fn delays_beyond_their_bounds_stay_within_four_bytes_and_are_never_none() {
        let order = |greatest, taken| {
            *BatchOrder::new(at(greatest), Taken::at(at(taken)))
                .of(None)
                .as_bytes()
        };
        assert_eq!(order(i64::MAX, i64::MIN), [0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(order(i64::MIN, i64::MAX), [0, 0, 0, 255, 255, 255, 255]);
        assert_eq!(order(0, 0), [0, 0, 0, 13, 105, 58, 64]);
    }

    proptest! {
        #[test]
        fn what_is_left_without_delay_depends_on_what_was_sent_and_on_nothing_else(
            greatest: i64, time: i64, one: i64, other: i64
        ) {
            let of = |taken| BatchOrder::new(at(greatest), Taken::at(at(taken))).of(Some(at(time)));
            prop_assert_eq!(of(one).without_delay(), of(other).without_delay());
            let pure = BatchOrder::without_delay(at(greatest)).of(Some(at(time)));
            prop_assert_eq!(of(one).without_delay(), pure);
            prop_assert_eq!(of(one).cmp(&of(other)), one.div_euclid(TICK_NANOS).clamp(
                greatest.div_euclid(TICK_NANOS) + 1 - AHEAD_TICKS,
                greatest.div_euclid(TICK_NANOS) + i64::from(u32::MAX) - AHEAD_TICKS,
            ).cmp(&other.div_euclid(TICK_NANOS).clamp(
                greatest.div_euclid(TICK_NANOS) + 1 - AHEAD_TICKS,
                greatest.div_euclid(TICK_NANOS) + i64::from(u32::MAX) - AHEAD_TICKS,
            )));
        }
    }
}
