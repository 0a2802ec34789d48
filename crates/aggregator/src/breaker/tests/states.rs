//! Probes, forced states, odd clocks, and what others see of a breaker.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::{
    TINY, acquire, breaker, fail, millis, minus, open, refused, seconds, state, succeed,
    succeed_after, writes,
};
use crate::breaker::{Breaker, Forced, Rejected, Settings, State};

#[test]
fn two_successful_probes_close_it_with_an_empty_window() {
    let breaker = breaker(writes());
    let now = open(&breaker, seconds(0));
    succeed(&breaker, now, 1);
    assert_eq!(state(&breaker, now), State::HalfOpen);
    succeed(&breaker, now, 1);
    let snapshot = breaker.snapshot(now);
    assert_eq!(
        (
            snapshot.state,
            snapshot.calls,
            snapshot.consecutive_failures
        ),
        (State::Closed, 0, 0)
    );
    assert!(!acquire(&breaker, now).is_probe());
}

#[test]
fn any_failed_probe_opens_it_again_and_the_successes_start_over() {
    for successes_before in 0..2 {
        let breaker = breaker(writes());
        let now = open(&breaker, seconds(0));
        succeed(&breaker, now, successes_before);
        fail(&breaker, now, 1);
        assert_eq!(state(&breaker, now), State::Open);

        let wait = refused(&breaker, now);
        assert!(
            wait >= seconds(1) && wait <= seconds(2),
            "the next attempt: {wait:?}"
        );
        succeed(&breaker, now + wait, 1);
        assert_eq!(state(&breaker, now + wait), State::HalfOpen);
    }
}

#[test]
fn a_slow_probe_neither_closes_nor_opens_and_gives_its_slot_back() {
    let breaker = breaker(writes());
    let mut now = open(&breaker, seconds(0));
    succeed(&breaker, now, 1);
    for _ in 0..3 {
        succeed_after(&breaker, now, seconds(9), 1);
        now += seconds(9);
        assert_eq!(state(&breaker, now), State::HalfOpen);
        assert_eq!(breaker.retry_after(now), None);
    }
    succeed(&breaker, now, 1);
    assert_eq!(state(&breaker, now), State::Closed);
}

#[test]
fn a_report_after_the_lease_is_late_and_the_failed_probe_raises_the_attempt() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    let probe = acquire(&breaker, probe_at);
    let lease_end = probe_at + writes().probe_lease;
    probe.success(lease_end);

    let snapshot = breaker.snapshot(lease_end);
    assert_eq!(
        (snapshot.state, snapshot.late, snapshot.opened),
        (State::Open, 1, 2)
    );
    let wait = refused(&breaker, lease_end);
    assert!(
        wait >= seconds(1) && wait <= seconds(2),
        "the next attempt: {wait:?}"
    );
}

#[test]
fn a_lapse_is_dated_to_the_end_of_the_lease_whenever_it_is_noticed() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    let _lost = acquire(&breaker, probe_at);
    let lease_end = probe_at + writes().probe_lease;
    assert!(acquire(&breaker, lease_end + seconds(2)).is_probe());
    assert_eq!(breaker.snapshot(lease_end + seconds(2)).opened, 2);
}

#[test]
fn an_open_time_that_is_ended_early_lets_one_probe_out_and_changes_nothing_else() {
    let (breaker, now) = (breaker(writes()), seconds(0));
    breaker.end_wait(now);
    assert_eq!(state(&breaker, now), State::Closed);
    open(&breaker, now);
    breaker.end_wait(now);
    let probe = acquire(&breaker, now);
    assert!(probe.is_probe());
    breaker.end_wait(now);
    refused(&breaker, now);
    probe.failure(now);
    assert_eq!(state(&breaker, now), State::Open);
    // The second open time is twice as long at most, and never less than half of that.
    assert!(refused(&breaker, now) >= writes().open_base);
    breaker.force(Some(Forced::Open), now);
    breaker.end_wait(now);
    assert_eq!(state(&breaker, now), State::ForcedOpen);
}

#[test]
fn forced_open_refuses_all_and_lasts() {
    let breaker = breaker(writes());
    breaker.force(Some(Forced::Open), seconds(0));
    for now in [seconds(0), seconds(31), seconds(100_000)] {
        assert_eq!(refused(&breaker, now), writes().open_max);
        assert_eq!(breaker.retry_after(now), Some(writes().open_max));
        assert_eq!(state(&breaker, now), State::ForcedOpen);
    }
    assert_eq!(breaker.snapshot(seconds(100_000)).opened, 0);
}

#[test]
fn forced_closed_counts_but_never_opens() {
    let breaker = breaker(writes());
    breaker.force(Some(Forced::Closed), seconds(0));
    fail(&breaker, seconds(0), 100);
    let snapshot = breaker.snapshot(seconds(0));
    assert_eq!(
        (snapshot.state, snapshot.failed),
        (State::ForcedClosed, 100)
    );
    assert_eq!(snapshot.retry_after_ms, None);
}

#[test]
fn released_it_is_closed_and_decides_again() {
    for forced in [Forced::Open, Forced::Closed] {
        let breaker = breaker(writes());
        let now = open(&breaker, seconds(0));
        fail(&breaker, now, 1);
        breaker.force(Some(forced), now);
        breaker.force(None, now);
        let snapshot = breaker.snapshot(now);
        assert_eq!((snapshot.state, snapshot.calls), (State::Closed, 0));
        fail(&breaker, now, 5);
        assert!(
            refused(&breaker, now) <= seconds(1),
            "the attempt starts over"
        );
    }
}

#[test]
fn asking_for_what_is_already_so_changes_nothing() {
    let breaker = breaker(writes());
    breaker.force(None, seconds(0));
    fail(&breaker, seconds(0), 5);
    breaker.force(None, seconds(0));
    assert_eq!(state(&breaker, seconds(0)), State::Open);

    breaker.force(Some(Forced::Closed), seconds(0));
    let permit = acquire(&breaker, seconds(0));
    breaker.force(Some(Forced::Closed), seconds(0));
    permit.failure(seconds(0));
    let snapshot = breaker.snapshot(seconds(0));
    assert_eq!((snapshot.failed, snapshot.late), (1, 0));
}

#[test]
fn every_transition_makes_the_permits_before_it_late() {
    let breaker = breaker(writes());
    let before = acquire(&breaker, seconds(0));
    breaker.force(Some(Forced::Closed), seconds(0));
    let forced = acquire(&breaker, seconds(0));
    breaker.force(None, seconds(0));
    before.failure(seconds(0));
    forced.ignored();
    let dropped = acquire(&breaker, seconds(0));
    breaker.force(Some(Forced::Open), seconds(0));
    drop(dropped);
    let snapshot = breaker.snapshot(seconds(0));
    assert_eq!(
        (snapshot.late, snapshot.cancelled, snapshot.calls),
        (3, 0, 0)
    );
}

#[test]
fn time_that_goes_backwards_counts_as_the_newest_time_seen() {
    let breaker = breaker(writes());
    let permit = acquire(&breaker, seconds(100));
    permit.success(seconds(1));
    let snapshot = breaker.snapshot(seconds(0));
    assert_eq!((snapshot.calls, snapshot.slow), (1, 0));
    let until = open(&breaker, seconds(100));
    assert_eq!(refused(&breaker, seconds(0)), minus(until, seconds(100)));
}

#[test]
fn no_time_is_too_large() {
    let extreme = Settings {
        open_base: Duration::MAX,
        open_max: Duration::MAX,
        probe_lease: Duration::MAX,
        slow_call: Duration::MAX,
        window_buckets: 0,
        consecutive_failures: 0,
        ..writes()
    };
    for settings in [writes(), extreme] {
        let breaker = breaker(settings);
        for now in [
            Duration::ZERO,
            seconds(1),
            minus(Duration::MAX, TINY),
            Duration::MAX,
        ] {
            for _ in 0..50 {
                if let Ok(permit) = breaker.try_acquire(now) {
                    permit.failure(Duration::MAX);
                }
            }
            breaker.retry_after(now);
            breaker.snapshot(now);
        }
    }
}

#[test]
fn a_poisoned_lock_is_no_outage() {
    let breaker = breaker(writes());
    let other = Arc::clone(&breaker);
    let holder = thread::spawn(move || {
        let _guard = other.machine.lock().unwrap();
        panic!("while the lock is held");
    });
    assert!(holder.join().is_err());
    succeed(&breaker, seconds(0), 1);
    assert_eq!(breaker.snapshot(seconds(0)).calls, 1);
}

#[test]
fn what_others_read_of_it() {
    let breaker = breaker(writes());
    let until = open(&breaker, seconds(1));
    let now = minus(until, millis(10) + TINY);
    let expected = serde_json::json!({
        "state": "open", "calls": 5, "failed": 5, "slow": 0, "consecutiveFailures": 5,
        "opened": 1, "rejected": 0, "late": 0, "cancelled": 0, "retryAfterMs": 11,
    });
    assert_eq!(
        serde_json::to_value(breaker.snapshot(now)).unwrap(),
        expected
    );

    let names = [
        State::Closed,
        State::HalfOpen,
        State::ForcedOpen,
        State::ForcedClosed,
    ];
    assert_eq!(
        serde_json::to_string(&names).unwrap(),
        r#"["closed","half_open","forced_open","forced_closed"]"#
    );
    let rejected = Rejected {
        retry_after: millis(1500),
    };
    assert_eq!(
        rejected.to_string(),
        "the circuit breaker lets no call through for another 1.5s"
    );
}

#[test]
fn it_can_be_shared_and_a_permit_can_be_sent() {
    fn shared<T: Send + Sync>() {}
    shared::<Breaker>();
    shared::<crate::breaker::Permit>();
}
