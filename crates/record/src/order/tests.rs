//! Orders say which of two requests came later.

use super::*;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

fn at(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

/// Of a batch that is taken by itself.
fn taken(greatest: i64, now: i64) -> BatchOrder {
    Taken::default().next(at(greatest), at(now))
}

#[test]
fn of_two_requests_that_share_a_second_the_later_one_reaches_further() {
    let first = taken(11 * SECOND, 12 * SECOND);
    let second = taken(12 * SECOND, 12 * SECOND);
    let shared = Some(at(11 * SECOND));
    assert!(first.of(shared) < second.of(shared));
}

#[test]
fn of_requests_that_reach_equally_far_the_one_that_came_later_is_later_whatever_the_clock_does() {
    for greatest in [5 * SECOND, 20_000 * HOUR, -20_000 * HOUR] {
        let (mut taken, mut last) = (Taken::default(), None);
        let seconds = [
            6, 6, 9, 2, 2, 10, 30_000, 29_000, 60_000, 60_000, 50_000, 90_000,
        ];
        for second in seconds {
            let order = taken.next(at(greatest), at(second * SECOND));
            let order = order.of(Some(at(greatest)));
            assert!(last < Some(order), "{greatest}, {second}");
            last = Some(order);
        }
    }
}

#[test]
fn a_clock_that_was_far_ahead_for_a_moment_is_not_followed_for_good() {
    let mut once_wrong = Taken::default();
    once_wrong.next(at(100 * HOUR), at(100 * HOUR));
    let (greatest, now) = (at(HOUR), at(HOUR + SECOND));
    assert_eq!(once_wrong.next(greatest, now), taken(HOUR, HOUR + SECOND));
    assert!(once_wrong.next(greatest, now).of(None) > taken(HOUR, HOUR + SECOND).of(None));
}

#[test]
fn a_batch_that_is_late_or_early_moves_no_usual_one() {
    let mut busy = Taken::default();
    for _ in 0..1_000 {
        busy.next(at(0), at(100 * HOUR));
        busy.next(at(200 * HOUR), at(100 * HOUR));
    }
    assert_eq!(
        busy.next(at(99 * HOUR), at(100 * HOUR)),
        taken(99 * HOUR, 100 * HOUR)
    );
}

#[test]
fn a_record_without_a_time_of_its_own_does_not_reach_anywhere() {
    let order = BatchOrder::without_delay(at(i64::MAX));
    assert_eq!(order.of(None), SendOrder::NONE);
    assert_eq!(order.of(Some(at(i64::MAX))), SendOrder::NONE);
    let reach = [255, 255, 255, 0, 0, 0, 0];
    assert_eq!(order.of(Some(at(i64::MIN))).as_bytes(), &reach);
}

#[test]
fn a_delay_is_never_none() {
    let order = |greatest, now| *taken(greatest, now).of(None).as_bytes();
    let units = COARSE_TICKS * TICK_NANOS * COARSE_UNITS;
    assert_eq!(order(units + 2 * HOUR, units), [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(order(HOUR, 0), [0, 0, 0, 0x40, 0, 0, 0]);
    assert_eq!(order(0, 8 * HOUR)[3], 0xb8);
    assert_eq!(order(units - 9 * HOUR, units), [0, 0, 0, 0xc0, 0, 0, 0]);
}

proptest! {
    #[test]
    fn what_is_left_without_delay_depends_on_what_was_sent_and_on_nothing_else(
        greatest: i64, time: i64, now: i64
    ) {
        let order = taken(greatest, now).of(Some(at(time)));
        let pure = BatchOrder::without_delay(at(greatest)).of(Some(at(time)));
        prop_assert_eq!(order.without_delay(), pure);
        prop_assert!(order > pure);
    }

    #[test]
    fn of_batches_with_one_greatest_time_each_is_later_than_those_before(
        greatest: i64, moments in prop::collection::vec(0..i32::MAX, 2..50)
    ) {
        let mut taken = Taken::default();
        let near = greatest % (1_000 * HOUR);
        // Put back again and again, but never by an hour.
        let now = |(count, jitter): (i64, &i32)| count * 10 * SECOND + i64::from(*jitter % 3_000_000) * 1_000_000;
        let orders = (0..).zip(&moments).map(|moment| taken.next(at(near), at(now(moment))));
        let orders: Vec<_> = orders.map(|order| order.of(None)).collect();
        // Where the clock was put back so far that some of them are late and others are not, it cannot be so.
        let kind = |order: &SendOrder| match order.as_bytes()[REACH_BYTES] {
            0..0x40 => 0,
            0x40..0xc0 => 1,
            _ => 2,
        };
        for some in 0..3 {
            let of_kind: Vec<_> = orders.iter().filter(|order| kind(order) == some).collect();
            prop_assert!(of_kind.is_sorted_by(|one, other| one < other));
        }
    }
}
