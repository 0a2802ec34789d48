//! The blocks and the ledger in numbers.

use super::super::ledger::row::{BatchKind, BatchRow};
use super::super::storage;
use crate::StoreError;
use crate::inspected::{Blocks, Day, Ledger, SizeClass, Statistics, spanning};
use blocks::MOST_RECORDS;
use blocks::head::Summary;
use logs::Timestamp;
use rusqlite::{Connection, Row};

const LISTED: &str = "SELECT day, number, summary FROM summaries ORDER BY day, number";
const LEDGER: &str = "SELECT flags, COUNT(*) FROM batches GROUP BY flags";
/// How many records a block of each class of sizes has at most: as merging has it, eight become one.
pub(super) const LARGEST: [usize; 5] = [7, 63, 511, 4_095, MOST_RECORDS];

/// Counts all of one state.
pub(crate) fn count(
    connection: &Connection,
    statistics: &mut Statistics,
) -> Result<(), StoreError> {
    connection.execute_batch("BEGIN")?;
    let mut sizes = classes();
    let mut listed = connection.prepare(LISTED)?;
    let mut rows = listed.query([])?;
    while let Some(row) = rows.next()? {
        let day = storage::Day(row.get(0)?);
        let summary = summary_of(row, day)?;
        note_day(&mut statistics.days, day, &summary);
        let class = sizes
            .iter_mut()
            .find(|class| class.range.contains(&summary.records));
        if let Some(class) = class {
            class.blocks += 1;
            class.records += summary.records as u64;
            class.bytes += summary.bytes as u64;
        }
        statistics.records += summary.records as u64;
        let (first, last) = (summary.first.time(), summary.last.time());
        statistics.times = Some(spanning(statistics.times, first, last));
    }
    statistics.blocks = Some(Blocks {
        sizes,
        ledger: ledger(connection)?,
    });
    connection.execute_batch("COMMIT")?;
    Ok(())
}

fn summary_of(row: &Row<'_>, day: storage::Day) -> Result<Summary, StoreError> {
    let place = storage::Place {
        day,
        number: row.get::<_, i64>(1)?.cast_unsigned(),
    };
    let summary = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
    Summary::read(summary).map_err(|damaged| place.damaged(damaged))
}

fn note_day(days: &mut Vec<Day>, day: storage::Day, summary: &Summary) {
    let start = (day != storage::Day::SEVERAL).then(|| Timestamp::start_of_day(day.0));
    if days.last().is_none_or(|last| last.start != start) {
        days.push(Day {
            start,
            records: 0,
            blocks: 0,
            bytes: 0,
        });
    }
    if let Some(day) = days.last_mut() {
        day.records += summary.records as u64;
        day.blocks += 1;
        day.bytes += summary.bytes as u64;
    }
}

fn classes() -> Vec<SizeClass> {
    let starts = [1].into_iter().chain(LARGEST.map(|largest| largest + 1));
    let class = |(start, end)| SizeClass {
        range: start..=end,
        blocks: 0,
        records: 0,
        bytes: 0,
    };
    starts.zip(LARGEST).map(class).collect()
}

fn ledger(connection: &Connection) -> Result<Ledger, StoreError> {
    let mut ledger = Ledger::default();
    let mut statement = connection.prepare(LEDGER)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count = row.get::<_, i64>(1)?.cast_unsigned();
        let kind = BatchRow::of_flags(row.get(0)?);
        let (kind, _, _) = kind.ok_or_else(|| {
            StoreError::Damaged("the ledger has a row of no kind of batch".to_owned())
        })?;
        match kind {
            BatchKind::Keyless => ledger.keyless += count,
            BatchKind::ContentKey => ledger.content_key += count,
            BatchKind::OwnKey => ledger.own_key += count,
        }
    }
    Ok(ledger)
}
