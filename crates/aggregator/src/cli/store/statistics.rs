//! What a store has in numbers: lines for people, or JSON.

use logs::{Timestamp, counted};
use program::shown;
use serde_json::json;
use std::io::{self, Write};
use store::inspected::{Blocks, Day, SizeClass, Statistics};
use store::inspection::Found;

/// Lines for people.
pub(super) fn write_text(
    found: &Found,
    statistics: &Statistics,
    would_go: Option<u64>,
    out: &mut impl Write,
) -> io::Result<()> {
    let (layout, path) = (found.layout, found.path.display());
    writeln!(out, "store     {layout} in {path}")?;
    let records = counted(statistics.records, "record", "records");
    match statistics.times {
        Some((first, last)) => writeln!(out, "records   {records} from {first} to {last}")?,
        None => writeln!(out, "records   {records}")?,
    }
    let [all, free, log] = [
        statistics.bytes,
        statistics.free_bytes,
        statistics.log_bytes,
    ]
    .map(shown::size);
    writeln!(
        out,
        "file      {all}, of which {free} are free, and {log} of log"
    )?;
    if let Some(records) = would_go {
        let records = counted(records, "record", "records");
        writeln!(out, "retention {records} would go now")?;
    }
    if let Some(blocks) = &statistics.blocks {
        write_blocks(blocks, out)?;
    }
    if !statistics.days.is_empty() {
        writeln!(out, "{}", row("day", &["records", "blocks", "bytes"]))?;
    }
    for day in &statistics.days {
        let numbers = [day.records, day.blocks, day.bytes].map(|number| number.to_string());
        writeln!(out, "{}", row(&name(day), &numbers))?;
    }
    Ok(())
}

fn write_blocks(blocks: &Blocks, out: &mut impl Write) -> io::Result<()> {
    let ledger = &blocks.ledger;
    writeln!(
        out,
        "ledger    {}: {} without a key, {} with one of the content, {} with one of the client's",
        counted(ledger.rows(), "batch", "batches"),
        ledger.keyless,
        ledger.content_key,
        ledger.own_key
    )?;
    writeln!(
        out,
        "{}",
        row("records in a block", &["records", "blocks", "bytes"])
    )?;
    for size in &blocks.sizes {
        let numbers = [size.records, size.blocks, size.bytes].map(|number| number.to_string());
        let range = format!("{} to {}", size.range.start(), size.range.end());
        writeln!(out, "{}", row(&range, &numbers))?;
    }
    Ok(())
}

fn row(name: &str, numbers: &[impl AsRef<str>; 3]) -> String {
    let [records, blocks, bytes] = numbers.each_ref().map(AsRef::as_ref);
    format!("{name:18} {records:>14} {blocks:>10} {bytes:>16}")
}

/// The date of a day.
fn name(day: &Day) -> String {
    const DATE: usize = "2024-10-08".len();
    match day.start {
        None => "several days".to_owned(),
        Some(start) => {
            let text = start.to_string();
            text.get(..DATE).unwrap_or(&text).to_owned()
        }
    }
}

/// One object.
pub(super) fn write_json(
    found: &Found,
    statistics: &Statistics,
    would_go: Option<u64>,
    out: &mut impl Write,
) -> io::Result<()> {
    let day = |day: &Day| {
        json!({
            "day": day.start.is_some().then(|| name(day)),
            "records": day.records,
            "blocks": day.blocks,
            "bytes": day.bytes,
        })
    };
    let size = |size: &SizeClass| {
        json!({
            "from": size.range.start(),
            "to": size.range.end(),
            "records": size.records,
            "blocks": size.blocks,
            "bytes": size.bytes,
        })
    };
    let time = |time: Timestamp| time.to_string();
    let blocks = statistics.blocks.as_ref();
    let ledger = blocks.map(|blocks| blocks.ledger);
    let mut told = json!({
        "layout": found.layout.to_string(),
        "path": found.path.display().to_string(),
        "bytes": statistics.bytes,
        "freeBytes": statistics.free_bytes,
        "logBytes": statistics.log_bytes,
        "records": statistics.records,
        "first": statistics.times.map(|(first, _)| time(first)),
        "last": statistics.times.map(|(_, last)| time(last)),
        "days": statistics.days.iter().map(day).collect::<Vec<_>>(),
        "blockSizes": blocks.map(|blocks| blocks.sizes.iter().map(size).collect::<Vec<_>>()),
        "ledger": ledger.map(|ledger| json!({
            "rows": ledger.rows(),
            "keyless": ledger.keyless,
            "contentKeys": ledger.content_key,
            "ownKeys": ledger.own_key,
        })),
    });
    if let (Some(records), Some(told)) = (would_go, told.as_object_mut()) {
        told.insert("retention".to_owned(), json!({ "records": records }));
    }
    writeln!(out, "{told}")
}
