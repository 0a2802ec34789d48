//! The spool, and whether batches are taken.

use super::written::{Written, about};
use crate::http::operate::{health, probes};
use crate::http::services::Services;
use std::fmt;
use std::time::Duration;

pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let ready = about("ready", "Whether a batch would be taken now: 1 or 0.");
    out.gauge(&ready, u64::from(probes::not_ready(services).is_none()))?;
    let degraded = about(
        "degraded",
        "Whether anything is in the way, or could be better: 1 or 0.",
    );
    let spool = services.intake.spool().snapshot();
    let (_, problem) = health::readiness_of(services, &services.store.status(), &spool);
    out.gauge(&degraded, u64::from(problem.is_some()))?;
    let bytes = about("spool", "What the spool takes on disk.");
    out.gauge(&bytes.in_bytes(), spool.bytes)?;
    let most = about("spool_max", "What the spool may take on disk.");
    out.gauge(&most.in_bytes(), spool.max_bytes)?;
    let batches = about("spool_batches", "Batches that wait for the store.");
    out.gauge(&batches, spool.batches)?;
    let age = about(
        "spool_oldest_age",
        "Age of the oldest batch that waits; 0 if none does.",
    );
    let oldest = Duration::from_millis(spool.oldest_age_ms.unwrap_or(0));
    out.gauge(&age.in_seconds(), oldest.as_secs_f64())?;
    let full = about(
        "spool_until_full",
        "Until the spool is full, if it goes on as in the last ten seconds; missing while it does not fill.",
    );
    let until = spool.seconds_until_full.map(|seconds| ([], seconds));
    out.gauges(&full.in_seconds(), until)?;
    let fsyncs = about(
        "spool_fsync_duration",
        "Time that each commit of the spool took: a write and its fdatasync.",
    );
    out.durations(fsyncs, [([], spool.fsyncs)])?;
    let torn = about(
        "spool_torn",
        "A torn write that the start of the process cut off.",
    );
    out.gauge(&torn.in_bytes(), spool.torn_bytes)
}
