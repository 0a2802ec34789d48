//! Owns what the breaker's tests share: short ways to bring a breaker into a state.

mod known_bugs;
mod model;
mod open_times;
mod promises;
mod random;
mod states;
mod tripping;

use std::sync::Arc;
use std::time::Duration;

use super::{Breaker, Permit, Settings, State};

const DEADLINE: Duration = Duration::from_secs(10);
const TINY: Duration = Duration::from_nanos(1);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn minus(time: Duration, less: Duration) -> Duration {
    time.checked_sub(less).expect("a time before the start")
}

fn writes() -> Settings {
    Settings::write_lane(DEADLINE)
}

fn breaker(settings: Settings) -> Arc<Breaker> {
    Arc::new(Breaker::new(settings, 7))
}

fn acquire(breaker: &Arc<Breaker>, now: Duration) -> Permit {
    breaker
        .try_acquire(now)
        .expect("the breaker should let a call in")
}

fn refused(breaker: &Arc<Breaker>, now: Duration) -> Duration {
    breaker
        .try_acquire(now)
        .expect_err("the breaker should refuse")
        .retry_after
}

fn state(breaker: &Breaker, now: Duration) -> State {
    breaker.snapshot(now).state
}

fn succeed(breaker: &Arc<Breaker>, now: Duration, times: u32) {
    for _ in 0..times {
        acquire(breaker, now).success(now);
    }
}

fn fail(breaker: &Arc<Breaker>, now: Duration, times: u32) {
    for _ in 0..times {
        acquire(breaker, now).failure(now);
    }
}

/// Calls that start at `now`, all of them before the first ends, and succeed one after the other
/// after `took`.
fn succeed_after(breaker: &Arc<Breaker>, now: Duration, took: Duration, times: u32) {
    let permits: Vec<Permit> = (0..times).map(|_| acquire(breaker, now)).collect();
    for permit in permits {
        permit.success(now + took);
    }
}

/// Fails a fresh breaker until it opens, and gives the time when it lets the first probe in.
fn open(breaker: &Arc<Breaker>, now: Duration) -> Duration {
    fail(breaker, now, 5);
    assert_eq!(state(breaker, now), State::Open);
    now + breaker.retry_after(now).expect("the breaker is open")
}
