//! Every block and every row of the ledger looked at, also behind what is damaged.

mod batches;
mod old;

use super::super::spare_threads::no_memory;
use super::super::storage::Day;
use super::change::row_of;
use crate::StoreError;
use crate::database_damage::{both_ways, or_damage};
use crate::feed;
use crate::inspected::{Damage, DamagedRecords, Tell, Told, Unverified, Verified};
use batches::batches;
use blocks::examination::{Examined, examine};
use blocks::head::Summary;
use blocks::section::Unpacker;
use rusqlite::{Connection, OptionalExtension as _, Params, Row};
use std::collections::BTreeMap;
use std::io;

const LISTED: [&str; 2] = [
    "SELECT number, day FROM summaries ORDER BY day, number",
    "SELECT number, day FROM summaries ORDER BY day DESC, number DESC",
];
const NUMBERS: [&str; 2] = [
    "SELECT number FROM blocks ORDER BY number",
    "SELECT number FROM blocks ORDER BY number DESC",
];
const BATCHES: [&str; 2] = [
    "SELECT delay, received_at_ns, have, flags, spool, seq, written_at_ns, hex(id) FROM batches ORDER BY id",
    "SELECT delay, received_at_ns, have, flags, spool, seq, written_at_ns, hex(id) FROM batches ORDER BY id DESC",
];
const SUMMARY: &str = "SELECT summary FROM summaries WHERE day = ?1 AND number = ?2";
const LISTING: &str = "SELECT day, summary FROM summaries WHERE number = ?1";
const HEAD: &str = "SELECT head FROM blocks WHERE number = ?1";
const FILTER: &str = "SELECT filter FROM blocks WHERE number = ?1";
const COLUMNS: &str = "SELECT columns FROM blocks WHERE number = ?1";

/// So often what was merged while it was looked for is looked for again.
const MOST_ROUNDS: usize = 10;
/// Damaged rows of the ledger that are named.
const MOST_ROWS_TOLD: usize = 20;

/// Looks at all of it. What a service merges meanwhile is looked at in its new place.
pub(crate) fn verify(
    connection: &Connection,
    verified: Verified,
    tell: &mut Tell<'_>,
) -> Result<Verified, Unverified> {
    let unpacker = Unpacker::new().map_err(|error| no_memory(&error))?;
    let mut verifying = Verifying {
        connection,
        unpacker,
        verified,
        tell,
    };
    verifying.blocks()?;
    verifying.ledger()?;
    verifying.old_batches()?;
    if let Some(damage) = feed::verifying::damage(connection)? {
        verifying.verified.damages += 1;
        (verifying.tell)(Told::Damage(damage))?;
    }
    Ok(verifying.verified)
}

struct Verifying<'a, 'b> {
    connection: &'a Connection,
    unpacker: Unpacker,
    verified: Verified,
    tell: &'a mut Tell<'b>,
}

/// A part of a block, or why damage kept it from being read; `None` for what is not there.
type Value = Result<Option<Vec<u8>>, String>;

/// What is stored of a block.
struct Stored {
    summary: Value,
    head: Value,
    filter: Value,
    columns: Value,
}

impl Verifying<'_, '_> {
    fn damage(
        &mut self,
        place: String,
        reasons: Vec<String>,
        records: Option<DamagedRecords>,
    ) -> io::Result<()> {
        self.verified.damages += 1;
        let count = records.as_ref().map_or(0, |records| records.count);
        self.verified.damaged_records += count as u64;
        (self.tell)(Told::Damage(Damage {
            place,
            reasons,
            records,
        }))
    }

    fn blocks(&mut self) -> Result<(), Unverified> {
        let (mut last, mut done, mut all) = (None, 0, 0);
        for _ in 0..MOST_ROUNDS {
            let places = self.places(last)?;
            let Some(greatest) = places.keys().next_back() else {
                return Ok(());
            };
            last = Some(*greatest);
            all += places.len() as u64;
            for (number, day) in places {
                self.block(number, day)?;
                done += 1;
                (self.tell)(Told::Progress { done, all })?;
            }
        }
        Ok(())
    }

    /// The numbers of blocks behind this one, and the days that they are listed at. Both lists are of one time: a block
    /// that is stored between them would be in one alone.
    fn places(&mut self, behind: Option<i64>) -> Result<BTreeMap<i64, Option<Day>>, Unverified> {
        let mut places = BTreeMap::new();
        let is_wanted = |number: &i64| behind.is_none_or(|behind| *number > behind);
        // Where it cannot begin, a block without a day is looked for in the list once more.
        drop(self.connection.execute_batch("BEGIN"));
        let listed = both_ways(self.connection, LISTED, &mut |row| {
            let number = row.get(0)?;
            if is_wanted(&number) {
                places.insert(number, Some(Day(row.get(1)?)));
            }
            Ok(())
        });
        let kept = both_ways(self.connection, NUMBERS, &mut |row| {
            let number = row.get(0)?;
            if is_wanted(&number) {
                places.entry(number).or_insert(None);
            }
            Ok(())
        });
        drop(self.connection.execute_batch("COMMIT"));
        for (place, missed) in [("the list of blocks", listed?), ("the blocks", kept?)] {
            if let Some(reason) = missed {
                let reason = format!("not all of them can be found: {reason}");
                self.damage(place.to_owned(), vec![reason], None)?;
            }
        }
        Ok(places)
    }

    fn block(&mut self, number: i64, day: Option<Day>) -> Result<(), Unverified> {
        let (stored, day) = self.stored(number, day)?;
        if let (Ok(None), Ok(None)) = (&stored.summary, &stored.head) {
            // It was merged meanwhile.
            return Ok(());
        }
        let mut reasons = Vec::new();
        let listed = listed(&stored.summary, &mut reasons);
        let examined = self.examined(&stored, &mut reasons);
        let own = examined.as_ref().and_then(|found| found.summary.clone());
        if let (Some(listed), Some(own)) = (&listed, &own)
            && listed != own
        {
            reasons.push("it is listed with the summary of another block".to_owned());
        }
        let summary = own.or(listed);
        if let (Some(day), Some(summary)) = (day, &summary)
            && !is_of(day, summary)
        {
            reasons.push("it is listed at another day than that of its records".to_owned());
        }
        match summary {
            Some(summary) if reasons.is_empty() => {
                let (first, last) = (summary.first.time(), summary.last.time());
                self.verified.blocks += 1;
                self.verified.add(summary.records as u64, first, last);
                Ok(())
            }
            summary => {
                let ids = examined.and_then(|found| found.ids);
                let records = summary.map(|summary| DamagedRecords {
                    count: summary.records,
                    first: summary.first.time(),
                    last: summary.last.time(),
                    batches: ids.map(|ids| batches(&ids)),
                });
                Ok(self.damage(format!("block {number}"), reasons, records)?)
            }
        }
    }

    /// All of a block, as it is at one time, and the day that it is listed at.
    fn stored(&self, number: i64, day: Option<Day>) -> Result<(Stored, Option<Day>), StoreError> {
        // A transaction that cannot begin leaves each of them to its own.
        drop(self.connection.execute_batch("BEGIN"));
        let stored = self.parts(number, day);
        drop(self.connection.execute_batch("COMMIT"));
        stored
    }

    fn parts(&self, number: i64, day: Option<Day>) -> Result<(Stored, Option<Day>), StoreError> {
        let value = |sql| self.value(sql, [number]);
        let (summary, day) = match day {
            Some(day) => (self.value(SUMMARY, [day.0, number])?, Some(day)),
            None => self.listing(number)?,
        };
        let stored = Stored {
            summary,
            head: value(HEAD)?,
            filter: value(FILTER)?,
            columns: value(COLUMNS)?,
        };
        Ok((stored, day))
    }

    /// The summary of a block that was not found in the list, and its day.
    fn listing(&self, number: i64) -> Result<(Value, Option<Day>), StoreError> {
        let statement = self.connection.prepare_cached(LISTING);
        let found = statement.and_then(|mut statement| {
            let row = |row: &Row<'_>| Ok((row.get(1)?, Day(row.get(0)?)));
            statement.query_row([number], row).optional()
        });
        Ok(match or_damage(found)? {
            Ok(Some((summary, day))) => (Ok(Some(summary)), Some(day)),
            Ok(None) => (Ok(None), None),
            Err(reason) => (Err(reason), None),
        })
    }

    fn value(&self, sql: &str, params: impl Params) -> Result<Value, StoreError> {
        let statement = self.connection.prepare_cached(sql);
        or_damage(statement.and_then(|mut statement| {
            statement
                .query_row(params, |row| row.get::<_, Vec<u8>>(0))
                .optional()
        }))
    }

    fn examined(&mut self, stored: &Stored, reasons: &mut Vec<String>) -> Option<Examined> {
        let head = match &stored.head {
            Ok(Some(head)) => Some(head),
            Ok(None) => {
                reasons.push("it is listed, and is not there".to_owned());
                None
            }
            Err(error) => {
                reasons.push(format!("the head cannot be read: {error}"));
                None
            }
        };
        for (part, read) in [
            ("the filter", &stored.filter),
            ("the columns", &stored.columns),
        ] {
            if let Err(error) = read {
                reasons.push(format!("{part} cannot be read: {error}"));
            }
        }
        let (filter, columns) = (part(&stored.filter), part(&stored.columns));
        let examined = examine(head?, filter, columns, &mut self.unpacker);
        reasons.extend(examined.faults.iter().map(ToString::to_string));
        Some(examined)
    }

    fn ledger(&mut self) -> Result<(), Unverified> {
        let (mut sound, mut damaged, mut reasons) = (0, 0_u64, Vec::new());
        let missed = both_ways(self.connection, BATCHES, &mut |row: &Row<'_>| {
            if let Err(error) = row_of(row) {
                damaged += 1;
                if reasons.len() < MOST_ROWS_TOLD {
                    reasons.push(format!("row {}: {error}", row.get::<_, String>(7)?));
                }
            } else {
                sound += 1;
            }
            Ok(())
        })?;
        self.verified.batches = sound;
        if damaged > reasons.len() as u64 {
            reasons.push(format!("{damaged} rows in all"));
        }
        if let Some(reason) = missed {
            reasons.push(format!("not all of its rows can be read: {reason}"));
        }
        match reasons.is_empty() {
            true => Ok(()),
            false => Ok(self.damage("the ledger".to_owned(), reasons, None)?),
        }
    }
}

fn part(read: &Value) -> Option<&[u8]> {
    read.as_ref().ok()?.as_deref()
}

/// The summary that a block is listed with.
fn listed(summary: &Value, reasons: &mut Vec<String>) -> Option<Summary> {
    let reason = match summary {
        Ok(Some(bytes)) => match Summary::read(bytes) {
            Ok(summary) => return Some(summary),
            Err(damaged) => format!("the summary that it is listed with: {damaged}"),
        },
        Ok(None) => "it is not listed, so that no search finds it".to_owned(),
        Err(error) => format!("the summary that it is listed with cannot be read: {error}"),
    };
    reasons.push(reason);
    None
}

fn is_of(day: Day, summary: &Summary) -> bool {
    let ends = [summary.first, summary.last];
    day == Day::SEVERAL || ends.iter().all(|id| Day::of(id.time()) == day)
}
