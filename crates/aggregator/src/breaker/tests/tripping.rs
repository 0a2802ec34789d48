//! What opens a closed breaker: the rows of the settings' table.

use std::time::Duration;

use super::{
    DEADLINE, TINY, acquire, breaker, fail, millis, seconds, state, succeed, succeed_after, writes,
};
use crate::breaker::{Settings, State};

#[test]
fn the_lanes_have_the_numbers_of_the_plan() {
    let write = Settings::write_lane(DEADLINE);
    let expected = Settings {
        window_buckets: 10,
        failure_ratio: 0.5,
        min_calls: 20,
        consecutive_failures: 5,
        slow_ratio: 0.8,
        slow_min_calls: 5,
        slow_call: seconds(8),
        open_base: seconds(1),
        open_max: seconds(30),
        half_open_successes: 2,
        probe_lease: DEADLINE + seconds(5),
    };
    assert_eq!(write, expected);
    let read = Settings {
        slow_call: seconds(4),
        open_max: seconds(15),
        ..expected
    };
    assert_eq!(Settings::read_lane(DEADLINE), read);
    assert_eq!(
        Settings::write_lane(Duration::MAX).probe_lease,
        Duration::MAX
    );
}

/// Fails `failed` of `calls` calls, spread so that no five failures come in a row, the last call
/// being a failure.
fn mixed(failed: u32, calls: u32) -> State {
    let breaker = breaker(writes());
    succeed(&breaker, seconds(0), calls - 2 * failed);
    for _ in 0..failed {
        succeed(&breaker, seconds(0), 1);
        fail(&breaker, seconds(0), 1);
    }
    state(&breaker, seconds(0))
}

#[test]
fn half_of_twenty_calls_failed_opens_it() {
    assert_eq!(mixed(10, 20), State::Open);
    assert_eq!(mixed(9, 20), State::Closed);
    assert_eq!(mixed(50, 101), State::Closed);
}

#[test]
fn nineteen_calls_are_too_few_for_the_failure_ratio() {
    let breaker = breaker(writes());
    for _ in 0..4 {
        fail(&breaker, seconds(0), 3);
        succeed(&breaker, seconds(0), 1);
    }
    fail(&breaker, seconds(0), 3);
    let snapshot = breaker.snapshot(seconds(0));
    assert_eq!(
        (snapshot.state, snapshot.calls, snapshot.failed),
        (State::Closed, 19, 15)
    );
    succeed(&breaker, seconds(0), 1);
    assert_eq!(state(&breaker, seconds(0)), State::Open);
}

#[test]
fn five_failures_in_a_row_open_it_however_few_the_calls() {
    let breaker = breaker(writes());
    fail(&breaker, seconds(0), 4);
    assert_eq!(state(&breaker, seconds(0)), State::Closed);
    fail(&breaker, seconds(0), 1);
    assert_eq!(state(&breaker, seconds(0)), State::Open);
}

#[test]
fn five_failures_in_a_row_open_it_however_far_apart() {
    let breaker = breaker(writes());
    for minute in 0..5 {
        fail(&breaker, seconds(60 * minute), 1);
    }
    assert_eq!(state(&breaker, seconds(240)), State::Open);
}

#[test]
fn a_success_ends_the_row_of_failures_even_a_slow_one() {
    let breaker = breaker(writes());
    fail(&breaker, seconds(0), 4);
    succeed(&breaker, seconds(0), 1);
    fail(&breaker, seconds(0), 4);
    succeed_after(&breaker, seconds(0), seconds(9), 1);
    assert_eq!(breaker.snapshot(seconds(9)).slow, 1);
    fail(&breaker, seconds(9), 4);
    assert_eq!(state(&breaker, seconds(9)), State::Closed);
}

#[test]
fn four_fifths_of_twenty_calls_slow_open_it() {
    for (slow, expected) in [(15, State::Closed), (16, State::Open)] {
        let breaker = breaker(writes());
        succeed(&breaker, seconds(9), 20 - slow);
        succeed_after(&breaker, seconds(9), seconds(9), slow);
        assert_eq!(
            state(&breaker, seconds(18)),
            expected,
            "{slow} slow calls of 20"
        );
    }
}

#[test]
fn four_slow_calls_are_too_few_and_five_are_enough_for_a_lane_of_four_workers() {
    let breaker = breaker(writes());
    succeed_after(&breaker, seconds(0), seconds(9), 4);
    assert_eq!(state(&breaker, seconds(9)), State::Closed);
    succeed_after(&breaker, seconds(9), seconds(9), 1);
    assert_eq!(state(&breaker, seconds(18)), State::Open);
}

#[test]
fn a_call_is_slow_when_it_takes_longer_than_its_lane_allows() {
    for settings in [
        Settings::write_lane(DEADLINE),
        Settings::read_lane(DEADLINE),
    ] {
        let breaker = breaker(settings);
        succeed_after(&breaker, seconds(0), settings.slow_call, 1);
        assert_eq!(breaker.snapshot(settings.slow_call).slow, 0);
        succeed_after(&breaker, seconds(20), settings.slow_call + TINY, 1);
        assert_eq!(
            breaker
                .snapshot(seconds(20) + settings.slow_call + TINY)
                .slow,
            1
        );
    }
}

#[test]
fn a_failure_is_no_slow_call_however_long_it_took() {
    let breaker = breaker(writes());
    acquire(&breaker, seconds(0)).failure(seconds(60));
    let snapshot = breaker.snapshot(seconds(60));
    assert_eq!((snapshot.calls, snapshot.failed, snapshot.slow), (1, 1, 0));
}

#[test]
fn the_window_is_ten_seconds_and_moves_by_whole_ones() {
    let breaker = breaker(writes());
    fail(&breaker, millis(5_900), 1);
    succeed(&breaker, seconds(6), 1);
    assert_eq!(breaker.snapshot(millis(14_999)).calls, 2);
    assert_eq!(breaker.snapshot(seconds(15)).calls, 1);
    assert_eq!(breaker.snapshot(millis(15_999)).failed, 0);
    assert_eq!(breaker.snapshot(seconds(16)).calls, 0);
}

#[test]
fn failures_that_left_the_window_no_longer_count() {
    let breaker = breaker(writes());
    for _ in 0..3 {
        fail(&breaker, seconds(0), 3);
        succeed(&breaker, seconds(0), 1);
    }
    succeed(&breaker, seconds(10), 19);
    fail(&breaker, seconds(10), 1);
    let snapshot = breaker.snapshot(seconds(10));
    assert_eq!(
        (snapshot.state, snapshot.calls, snapshot.failed),
        (State::Closed, 20, 1)
    );
}

#[test]
fn ignored_and_dropped_calls_are_not_recorded() {
    let breaker = breaker(writes());
    fail(&breaker, seconds(0), 4);
    acquire(&breaker, seconds(0)).ignored();
    drop(acquire(&breaker, seconds(0)));
    let snapshot = breaker.snapshot(seconds(0));
    assert_eq!(
        (
            snapshot.calls,
            snapshot.consecutive_failures,
            snapshot.cancelled
        ),
        (4, 4, 1)
    );
    fail(&breaker, seconds(0), 1);
    assert_eq!(state(&breaker, seconds(0)), State::Open);
}
