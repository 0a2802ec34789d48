//! What is damaged, and what came of it all: lines for people, or JSON.

use crate::cli::sanitize;
use logs::{Timestamp, counted};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use store::inspected::{Damage, DamagedBatch, DamagedRecords, Verified};
use store::inspection::Found;

/// Batches of a damaged block that are told in lines; JSON has all of them.
const MOST_BATCHES: usize = 20;
/// Runs of positions of one of them.
const MOST_RUNS: usize = 8;

/// The damage and, below it, whose records it is about.
pub(super) fn write_text(damage: &Damage, out: &mut impl Write) -> io::Result<()> {
    let reasons: Vec<String> = damage.reasons.iter().map(|text| safe(text)).collect();
    writeln!(
        out,
        "damaged: {}: {}",
        safe(&damage.place),
        reasons.join("; ")
    )?;
    let Some(records) = &damage.records else {
        return Ok(());
    };
    let count = counted(records.count, "record", "records");
    writeln!(out, "  {count}{}", span(records.first, records.last))?;
    let Some(batches) = &records.batches else {
        return writeln!(out, "  of which batches cannot be read any more");
    };
    for batch in batches.iter().take(MOST_BATCHES) {
        writeln!(out, "  {}", line(batch))?;
    }
    match batches.len().checked_sub(MOST_BATCHES) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(
            out,
            "  and of {}: --output json names all",
            counted(more, "more batch", "more batches")
        ),
    }
}

fn line(batch: &DamagedBatch) -> String {
    let shown = batch.positions.iter().take(MOST_RUNS).map(run);
    let mut positions: Vec<String> = shown.collect();
    if batch.positions.len() > MOST_RUNS {
        positions.push("…".to_owned());
    }
    format!(
        "batch {}, received {}: {} at {}{}",
        batch.batch,
        batch.received_at,
        counted(batch.count, "record", "records"),
        positions.join(","),
        span(batch.first, batch.last),
    )
}

fn run(positions: &RangeInclusive<u32>) -> String {
    match (positions.start(), positions.end()) {
        (first, last) if first == last => first.to_string(),
        (first, last) => format!("{first}-{last}"),
    }
}

fn span(first: Timestamp, last: Timestamp) -> String {
    match first == last {
        true => format!(" of {first}"),
        false => format!(" from {first} to {last}"),
    }
}

/// SQLite speaks in several lines, and a name in it may be anything.
fn safe(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    sanitize::line(&lines.join(" "))
}

/// What came of it all.
pub(super) fn write_text_of_all(
    found: &Found,
    verified: &Verified,
    out: &mut impl Write,
) -> io::Result<()> {
    let records = counted(verified.records, "record", "records");
    let times = verified
        .times
        .map_or_else(String::new, |(first, last)| span(first, last));
    let path = found.path.display();
    match found.layout {
        store::layout::Layout::Rows => writeln!(out, "{path}: {records}{times}")?,
        store::layout::Layout::Blocks => writeln!(
            out,
            "{path}: {records} in {}{times}, {} in the ledger",
            counted(verified.blocks, "block", "blocks"),
            counted(verified.batches, "batch", "batches"),
        )?,
    }
    if verified.damaged_records > 0 {
        let damaged = counted(verified.damaged_records, "record", "records");
        writeln!(out, "{damaged} in what is damaged")?;
    }
    let verdict = match verified.is_sound() {
        true => "sound",
        false => "damaged",
    };
    writeln!(out, "{verdict}")
}

/// The damage as one object in a line.
pub(super) fn write_json(damage: &Damage, out: &mut impl Write) -> io::Result<()> {
    let told = json!({
        "damaged": damage.place,
        "reasons": damage.reasons,
        "records": damage.records.as_ref().map(records),
    });
    writeln!(out, "{told}")
}

fn records(records: &DamagedRecords) -> Value {
    let batch = |batch: &DamagedBatch| {
        let positions: Vec<String> = batch.positions.iter().map(run).collect();
        json!({
            "batchId": batch.batch.to_string(),
            "receivedAt": batch.received_at.to_string(),
            "records": batch.count,
            "positions": positions.join(","),
            "first": batch.first.to_string(),
            "last": batch.last.to_string(),
        })
    };
    let batches = records.batches.as_ref();
    json!({
        "count": records.count,
        "first": records.first.to_string(),
        "last": records.last.to_string(),
        "batches": batches.map(|batches| batches.iter().map(batch).collect::<Vec<_>>()),
    })
}

/// What came of it all, as one object in a line.
pub(super) fn write_json_of_all(
    found: &Found,
    verified: &Verified,
    out: &mut impl Write,
) -> io::Result<()> {
    let told = json!({
        "layout": found.layout.to_string(),
        "path": found.path.display().to_string(),
        "sound": verified.is_sound(),
        "records": verified.records,
        "first": verified.times.map(|(first, _)| first.to_string()),
        "last": verified.times.map(|(_, last)| last.to_string()),
        "blocks": verified.blocks,
        "ledger": verified.batches,
        "damages": verified.damages,
        "damagedRecords": verified.damaged_records,
    });
    writeln!(out, "{told}")
}
