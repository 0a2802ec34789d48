//! The store, and the lanes and breakers before it.

use super::written::{Written, about};
use crate::breaker::guard::Guard;
use crate::breaker::{Snapshot, State};
use crate::http::services::{LANES, Services};
use crate::worker::LaneSnapshot;
use std::fmt;
use std::time::Duration;

pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let status = services.store.status();
    let kind = about("store", "Which store there is.");
    out.info(&kind, &[("kind", status.kind)])?;
    let available = about(
        "store_available",
        "Whether the store can take records, as far as is known: 1 or 0.",
    );
    out.gauge(&available, u64::from(status.available))?;
    if let Some(receipts) = status.receipts {
        let count = about(
            "store_receipts",
            "Times of receipt that the store remembers.",
        );
        out.gauge(&count, receipts.count)?;
        let bytes = about("store_receipts_size", "About what they take.");
        out.gauges(&bytes.in_bytes(), receipts.bytes.map(|bytes| ([], bytes)))?;
    }
    let paused = about(
        "drain_paused",
        "Whether an operator keeps batches from going on to the store: 1 or 0.",
    );
    out.gauge(&paused, u64::from(services.drain.snapshot().paused))?;
    let guards = services.guards();
    calls(guards, out)?;
    let [write, read] = LANES;
    let told = [
        (write, services.drain.lane()),
        (read, services.retrieval.lane()),
    ];
    lanes(&told, out)?;
    breakers(guards.map(|(lane, guard)| (lane, guard.snapshot())), out)
}

/// Operations that were not asked for yet are left out.
fn calls(guards: [(&'static str, &Guard); 2], out: &mut Written<'_>) -> fmt::Result {
    let calls: Vec<_> = guards
        .into_iter()
        .flat_map(|(_, guard)| guard.calls())
        .collect();
    let took = about(
        "store_call_duration",
        "Time that the store took for what it was asked, by operation.",
    );
    let series = calls
        .iter()
        .map(|call| ([("operation", call.operation.name())], call.took));
    out.durations(took, series)?;
    let errors = about(
        "store_call_errors",
        "Calls that the store gave no result for, by operation and what went wrong.",
    );
    let series = calls.iter().flat_map(|call| {
        call.errors.iter().map(|(error, count)| {
            (
                [("operation", call.operation.name()), ("error", *error)],
                *count,
            )
        })
    });
    out.counters(&errors, series)
}

fn lanes(lanes: &[(&'static str, LaneSnapshot); 2], out: &mut Written<'_>) -> fmt::Result {
    let of = |value: fn(&LaneSnapshot) -> u64| {
        lanes
            .each_ref()
            .map(|(lane, told)| ([("lane", *lane)], value(told)))
    };
    let workers = about("lane_workers", "Jobs of a lane that may run at one time.");
    out.gauges(&workers, of(|lane| lane.workers as u64))?;
    let busy = about("lane_busy", "Jobs of a lane that run.");
    out.gauges(&busy, of(|lane| lane.busy))?;
    let queued = about("lane_queued", "Jobs of a lane that wait.");
    out.gauges(&queued, of(|lane| lane.queued as u64))?;
    let capacity = about("lane_capacity", "Jobs of a lane that may wait.");
    out.gauges(&capacity, of(|lane| lane.capacity as u64))?;
    let jobs = about("lane_jobs", "Jobs of a lane by what became of them.");
    let series = lanes.iter().flat_map(|(lane, told)| {
        let outcomes = [
            ("done", told.done),
            ("failed", told.failed),
            ("refused", told.refused),
            ("skipped", told.skipped),
            ("expired", told.expired),
            ("panicked", told.panicked),
        ];
        outcomes.map(|(outcome, count)| ([("lane", *lane), ("outcome", outcome)], count))
    });
    out.counters(&jobs, series)?;
    let waited = about(
        "lane_wait_duration",
        "Time that jobs of a lane waited before they began.",
    );
    out.durations(
        waited,
        lanes
            .each_ref()
            .map(|(lane, told)| ([("lane", *lane)], told.waits)),
    )?;
    let took = about(
        "lane_job_duration",
        "Time that jobs of a lane took once they had begun.",
    );
    out.durations(
        took,
        lanes
            .each_ref()
            .map(|(lane, told)| ([("lane", *lane)], told.jobs)),
    )
}

fn breakers(breakers: [(&'static str, Snapshot); 2], out: &mut Written<'_>) -> fmt::Result {
    const STATES: [(&str, State); 5] = [
        ("closed", State::Closed),
        ("open", State::Open),
        ("half_open", State::HalfOpen),
        ("forced_open", State::ForcedOpen),
        ("forced_closed", State::ForcedClosed),
    ];
    let state = about(
        "breaker_state",
        "The state that a lane's breaker is in: 1, and 0 for the others.",
    );
    let series = breakers.iter().flat_map(|(lane, told)| {
        STATES.map(|(name, state)| {
            (
                [("lane", *lane), ("state", name)],
                u64::from(told.state == state),
            )
        })
    });
    out.gauges(&state, series)?;
    let transitions = about(
        "breaker_transitions",
        "Times that a lane's breaker came into a state by itself, or was released into it.",
    );
    let series = breakers.iter().flat_map(|(lane, told)| {
        let states = [
            ("open", told.opened),
            ("half_open", told.half_opened),
            ("closed", told.closed),
        ];
        states.map(|(state, count)| ([("lane", *lane), ("state", state)], count))
    });
    out.counters(&transitions, series)?;
    let rejections = about(
        "breaker_rejections",
        "Calls that a lane's breaker did not let through.",
    );
    let series = breakers
        .iter()
        .map(|(lane, told)| ([("lane", *lane)], told.rejected));
    out.counters(&rejections, series)?;
    let next = about(
        "breaker_next_probe",
        "Until a lane's breaker lets the next call through; 0 if it does so now, missing while it is held open.",
    );
    // One that is held open waits for no probe, but for an operator.
    let probed = breakers
        .iter()
        .filter(|(_, told)| told.state != State::ForcedOpen);
    let series = probed.map(|(lane, told)| {
        let wait = Duration::from_millis(told.retry_after_ms.unwrap_or(0));
        ([("lane", *lane)], wait.as_secs_f64())
    });
    out.gauges(&next.in_seconds(), series)
}
