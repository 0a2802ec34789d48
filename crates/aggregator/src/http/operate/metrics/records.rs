//! What became of records, and what was told of them.

use super::written::{Written, about};
use crate::accounting::record_counts::RecordCounts;
use crate::http::services::Services;
use std::fmt;

pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    // All of one moment, or they would not add up.
    let counts = services.intake.accounting().snapshot();
    fates(&counts, out)?;
    let warnings = counts.warnings;
    let told = about(
        "warnings",
        "What was told of records that were taken, by reason.",
    );
    let series = [
        ("time", warnings.time),
        ("level", warnings.level),
        ("not_json", warnings.not_json),
        ("characters", warnings.characters),
        ("number", warnings.number),
        ("depth", warnings.depth),
        ("members", warnings.members),
    ];
    out.counters(
        &told,
        series.map(|(reason, count)| ([("reason", reason)], count)),
    )?;
    set_aside(services, out)
}

fn fates(counts: &RecordCounts, out: &mut Written<'_>) -> fmt::Result {
    let received = about(
        "records_received",
        "Records that came with requests; those that are put back from aside come once more.",
    );
    out.counter(&received, counts.received)?;
    let recovered = about(
        "records_recovered",
        "Records found in the spool at the start.",
    );
    out.counter(&recovered, counts.recovered)?;
    let rejected = counts.rejected;
    let ended = [
        ("stored", "", counts.stored),
        ("already_stored", "", counts.already_stored),
        ("rejected", "invalid", rejected.invalid),
        ("rejected", "key_reused", rejected.key_reused),
        ("rejected", "not_taken", rejected.not_taken),
        ("rejected", "set_aside", rejected.set_aside),
    ];
    let all: u64 = ended.iter().map(|(.., count)| count).sum();
    let fates = about("records_ended", "Records by what became of them, and why.");
    let series = ended.map(|(fate, reason, count)| ([("fate", fate), ("reason", reason)], count));
    out.counters(&fates, series)?;
    let waiting = about(
        "records_waiting",
        "Records in the spool that wait for the store.",
    );
    out.gauge(&waiting, counts.waiting)?;
    let unaccounted = about(
        "records_unaccounted",
        "Records that came and neither ended nor wait; always 0.",
    );
    let came = counts.received.saturating_add(counts.recovered);
    out.gauge(
        &unaccounted,
        came.abs_diff(all.saturating_add(counts.waiting)),
    )
}

fn set_aside(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let kept = services.dead_letters.snapshot();
    let records = about("set_aside_records", "Records that are kept aside.");
    out.gauge(&records, kept.records)?;
    let bytes = about("set_aside", "What they take on disk.");
    out.gauge(&bytes.in_bytes(), kept.bytes)?;
    let most = about("set_aside_max", "What they may take on disk.");
    out.gauge(&most.in_bytes(), kept.max_bytes)?;
    let damaged = about(
        "set_aside_damaged_files",
        "Files of them that were not what was written.",
    );
    out.gauge(&damaged, kept.damaged_files)
}
