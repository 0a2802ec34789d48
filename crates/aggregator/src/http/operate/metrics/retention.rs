//! What retention did, and until when the disk of the store has room.

use super::written::{Written, about};
use crate::http::services::Services;
use std::fmt;

/// Where everything is kept, only what the disk is told by.
pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let figures = services.retention.figures();
    if let Some(until) = figures.until_full {
        let full = about(
            "store_until_full",
            "Until the store's disk is full, if it grows as in the last hours; missing while it does not.",
        );
        out.gauge(&full.in_seconds(), until.as_secs_f64())?;
    }
    if !figures.is_on {
        return Ok(());
    }
    let removed = about("retention_removed_records", "Records that went, by why.");
    let causes = [
        ("age", figures.removed_for_age),
        ("size", figures.removed_for_size),
    ];
    let series = causes.map(|(cause, count)| ([("cause", cause)], count));
    out.counters(&removed, series)?;
    let rewritten = about(
        "retention_rewritten",
        "What was written again for those that stay beside them.",
    );
    out.counter(&rewritten.in_bytes(), figures.rewritten)?;
    let expired = about(
        "retention_expired_records",
        "Records that were older than they are kept when they came.",
    );
    out.counter(&expired, figures.expired)?;
    let rounds = about("retention_rounds", "Rounds that have ended.");
    out.counter(&rounds, figures.rounds)?;
    let took = about("retention_last_round", "How long the last of them took.");
    out.gauge(&took.in_seconds(), figures.round.as_secs_f64())?;
    if let Some(in_use) = figures.in_use {
        let held = about("store_in_use", "What the store held at the last round.");
        out.gauge(&held.in_bytes(), in_use)?;
    }
    if let Some(most) = figures.most_bytes {
        let bound = about("store_max", "What the store may take.");
        out.gauge(&bound.in_bytes(), most)?;
    }
    Ok(())
}
