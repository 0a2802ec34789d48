//! One test for each bug that other breakers are known for.

use std::sync::{Arc, Barrier};
use std::thread;

use super::{TINY, acquire, breaker, fail, minus, open, refused, seconds, state, succeed, writes};
use crate::breaker::{Breaker, Permit, State};

#[test]
fn a_probe_that_never_reports_does_not_leave_the_breaker_half_open_for_ever() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    let lost = acquire(&breaker, probe_at);
    let lease_end = probe_at + writes().probe_lease;

    assert_eq!(state(&breaker, minus(lease_end, TINY)), State::HalfOpen);
    assert_eq!(state(&breaker, lease_end), State::Open);
    let wait = refused(&breaker, lease_end);
    assert!(acquire(&breaker, lease_end + wait).is_probe());
    drop(lost);
}

#[test]
fn a_stale_success_does_not_decide_the_probation() {
    let breaker = breaker(writes());
    let stale: Vec<Permit> = (0..5).map(|_| acquire(&breaker, seconds(0))).collect();
    let probe_at = open(&breaker, seconds(0));
    let probe = acquire(&breaker, probe_at);
    for permit in stale {
        permit.success(probe_at);
    }

    assert_eq!(state(&breaker, probe_at), State::HalfOpen);
    refused(&breaker, probe_at);
    assert_eq!(breaker.snapshot(probe_at).late, 5);
    probe.success(probe_at);
    assert_eq!(state(&breaker, probe_at), State::HalfOpen);
}

#[test]
fn a_stale_failure_does_not_decide_the_probation() {
    let breaker = breaker(writes());
    let stale = acquire(&breaker, seconds(0));
    let probe_at = open(&breaker, seconds(0));
    let probe = acquire(&breaker, probe_at);
    stale.failure(probe_at);

    assert_eq!(state(&breaker, probe_at), State::HalfOpen);
    assert_eq!(breaker.snapshot(probe_at).late, 1);
    probe.success(probe_at);
    succeed(&breaker, probe_at, 1);
    assert_eq!(state(&breaker, probe_at), State::Closed);
}

#[test]
fn an_ignored_probe_gives_its_slot_back() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    acquire(&breaker, probe_at).ignored();

    assert_eq!(state(&breaker, probe_at), State::HalfOpen);
    assert!(acquire(&breaker, probe_at).is_probe());
}

#[test]
fn a_dropped_probe_gives_its_slot_back() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    drop(acquire(&breaker, probe_at));

    assert_eq!(state(&breaker, probe_at), State::HalfOpen);
    assert_eq!(breaker.snapshot(probe_at).cancelled, 1);
    assert!(acquire(&breaker, probe_at).is_probe());
}

#[test]
fn a_probe_whose_task_panics_gives_its_slot_back() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    let probe = acquire(&breaker, probe_at);
    let task = thread::spawn(move || {
        let _probe = probe;
        panic!("the task that held the probe");
    });

    assert!(task.join().is_err());
    assert!(acquire(&breaker, probe_at).is_probe());
}

#[test]
fn of_many_callers_at_the_end_of_the_open_time_one_is_let_in() {
    const CALLERS: usize = 16;
    for seed in 0..100 {
        let breaker = Arc::new(Breaker::new(writes(), seed));
        let probe_at = open(&breaker, seconds(0));
        let start = Barrier::new(CALLERS);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let callers: Vec<_> = (0..CALLERS)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        breaker.try_acquire(probe_at)
                    })
                })
                .collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap())
                .collect()
        });

        assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
        assert_eq!(breaker.snapshot(probe_at).rejected, CALLERS as u64 - 1);
    }
}

#[test]
fn a_second_caller_is_refused_while_the_first_probe_is_out() {
    let breaker = breaker(writes());
    let probe_at = open(&breaker, seconds(0));
    let probe = acquire(&breaker, probe_at);
    refused(&breaker, probe_at);
    probe.success(probe_at);

    let second = acquire(&breaker, probe_at);
    refused(&breaker, probe_at);
    second.success(probe_at);
    assert_eq!(state(&breaker, probe_at), State::Closed);
}

/// The breaker that this one replaces saw every enqueued job as a success, whatever became of it.
#[test]
fn what_counts_is_the_call_and_not_its_enqueueing() {
    let breaker = breaker(writes());
    let enqueued: Vec<Permit> = (0..100).map(|_| acquire(&breaker, seconds(0))).collect();
    assert_eq!(breaker.snapshot(seconds(0)).calls, 0);

    let mut called = enqueued.into_iter();
    for permit in called.by_ref().take(5) {
        permit.failure(seconds(60));
    }
    let snapshot = breaker.snapshot(seconds(60));
    assert_eq!(
        (snapshot.state, snapshot.calls, snapshot.failed),
        (State::Open, 5, 5)
    );
}

#[test]
fn an_idle_gap_of_whole_turns_of_the_ring_does_not_revive_old_counts() {
    let breaker = breaker(writes());
    fail(&breaker, seconds(3), 4);
    assert_eq!(breaker.snapshot(seconds(12)).failed, 4);
    for later in [13, 23, 33, 1_000_003] {
        assert_eq!(breaker.snapshot(seconds(later)).calls, 0);
    }
    succeed(&breaker, seconds(1_000_003), 1);
    assert_eq!(breaker.snapshot(seconds(1_000_003)).calls, 1);
}
