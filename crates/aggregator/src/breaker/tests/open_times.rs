//! How long a breaker stays open, and what it tells those whom it refuses.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{
    DEADLINE, TINY, acquire, breaker, fail, millis, minus, open, refused, seconds, succeed, writes,
};
use crate::breaker::{Breaker, Settings};

/// The first `count` open times of a breaker whose every probe fails.
fn open_times(settings: Settings, seed: u64, count: usize) -> Vec<Duration> {
    let breaker = Arc::new(Breaker::new(settings, seed));
    let mut now = seconds(5);
    let mut times = Vec::new();
    open(&breaker, now);
    while times.len() < count {
        let wait = refused(&breaker, now);
        times.push(wait);
        now += wait;
        acquire(&breaker, now).failure(now);
    }
    times
}

#[test]
fn open_times_double_up_to_the_cap_of_the_lane_with_half_of_each_certain() {
    let write = [1, 2, 4, 8, 16, 30, 30, 30].as_slice();
    let read = [1, 2, 4, 8, 15, 15, 15, 15].as_slice();
    let lanes = [
        (Settings::write_lane(DEADLINE), write),
        (Settings::read_lane(DEADLINE), read),
    ];
    for (settings, bounds) in lanes {
        for seed in 0..200 {
            for (time, bound) in open_times(settings, seed, bounds.len()).iter().zip(bounds) {
                let full = seconds(*bound);
                assert!(*time >= full / 2 && *time <= full, "{time:?} of {full:?}");
            }
        }
    }
}

#[test]
fn open_times_differ_between_breakers_and_fill_their_range() {
    let first: BTreeSet<Duration> = (0..200)
        .map(|seed| open_times(writes(), seed, 1)[0])
        .collect();
    assert!(first.len() > 190);
    assert!(*first.first().unwrap() < millis(550));
    assert!(*first.last().unwrap() > millis(950));
    assert_eq!(open_times(writes(), 3, 8), open_times(writes(), 3, 8));
}

#[test]
fn the_open_time_starts_small_again_after_the_breaker_has_closed() {
    let breaker = breaker(writes());
    let mut now = open(&breaker, seconds(0));
    for _ in 0..6 {
        acquire(&breaker, now).failure(now);
        now += refused(&breaker, now);
    }
    succeed(&breaker, now, 2);
    fail(&breaker, now, 5);
    assert!(refused(&breaker, now) <= seconds(1));
    assert_eq!(breaker.snapshot(now).opened, 8);
}

#[test]
fn the_time_in_a_rejection_is_true() {
    let breaker = breaker(writes());
    let opened_at = seconds(3);
    let until = open(&breaker, opened_at);
    let waits = [opened_at, opened_at + millis(100), minus(until, TINY)];
    for now in waits {
        assert_eq!(now + refused(&breaker, now), until);
        assert_eq!(breaker.retry_after(now), Some(minus(until, now)));
    }
    assert_eq!(breaker.retry_after(until), None);
    assert!(acquire(&breaker, until).is_probe());
}

#[test]
fn with_a_probe_out_the_wait_is_the_base_time_or_what_is_left_of_the_lease() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    let _probe = acquire(&breaker, probe_at);
    let lease_end = probe_at + writes().probe_lease;
    assert_eq!(refused(&breaker, probe_at), seconds(1));
    assert_eq!(
        refused(&breaker, minus(lease_end, millis(300))),
        millis(300)
    );
}
