//! Rows looked at one by one, and counted.

use crate::database_damage::both_ways;
use crate::feed::verifying::damage;
use crate::inspected::{Damage, Day, Statistics, Tell, Told, Unverified, Verified, spanning};
use logs::Timestamp;
use record::id::RecordId;
use rusqlite::types::Type;
use rusqlite::{Connection, Row};
use std::io;

const ROWS: [&str; 2] = [
    "SELECT id, time_ns, severity, level, message, attributes, received_ms FROM logs ORDER BY id",
    "SELECT id, time_ns, severity, level, message, attributes, received_ms FROM logs ORDER BY id DESC",
];
const LARGE: [&str; 2] = [
    "SELECT id, message, attributes FROM logs_large ORDER BY rowid",
    "SELECT id, message, attributes FROM logs_large ORDER BY rowid DESC",
];
const IDS: &str = "SELECT id FROM logs ORDER BY id";
/// Rows between two looks at how far it has come.
const ROWS_BETWEEN: u64 = 10_000;

/// Reads every row. A row has no sum: what is noticed is what cannot be read, or cannot be.
pub(crate) fn verify(
    connection: &Connection,
    mut verified: Verified,
    tell: &mut Tell<'_>,
) -> Result<Verified, Unverified> {
    let mut told = Ok(());
    let read = both_ways(connection, ROWS, &mut |row| {
        let fault = match checked(row) {
            Ok(time) => {
                verified.add(1, time, time);
                None
            }
            Err(reason) => Some(reason),
        };
        if told.is_ok() {
            told = say(&mut verified, fault, tell);
        }
        Ok(())
    })?;
    told?;
    let large = both_ways(connection, LARGE, &mut |row| {
        row.get_ref(1)?.as_str()?;
        row.get_ref(2)?.as_str_or_null()?;
        Ok(())
    })?;
    if let Some(damage) = damage(connection)? {
        verified.damages += 1;
        tell(Told::Damage(damage))?;
    }
    for (place, missed) in [("logs", read), ("logs_large", large)] {
        if let Some(reason) = missed {
            verified.damages += 1;
            tell(Told::Damage(Damage {
                place: format!("the table {place}"),
                reasons: vec![format!("not all of its rows can be read: {reason}")],
                records: None,
            }))?;
        }
    }
    Ok(verified)
}

fn say(verified: &mut Verified, fault: Option<String>, tell: &mut Tell<'_>) -> io::Result<()> {
    if let Some(reason) = fault {
        verified.damages += 1;
        verified.damaged_records += 1;
        return tell(Told::Damage(Damage {
            place: "a row".to_owned(),
            reasons: vec![reason],
            records: None,
        }));
    }
    let done = verified.records;
    match done.is_multiple_of(ROWS_BETWEEN) {
        true => tell(Told::Progress { done, all: done }),
        false => Ok(()),
    }
}

/// The time of a row all of whose values can be.
fn checked(row: &Row<'_>) -> Result<Timestamp, String> {
    let time = id_of(row).map_err(|error| error.to_string())?.time();
    let values = || {
        let told: i64 = row.get(1)?;
        row.get::<_, u8>(2)?;
        row.get_ref(3)?.as_str_or_null()?;
        row.get_ref(4)?.as_str()?;
        row.get_ref(5)?.as_str_or_null()?;
        row.get::<_, i64>(6)?;
        Ok::<_, rusqlite::Error>(told)
    };
    match values() {
        Ok(told) if told == time.nanos() => Ok(time),
        Ok(_) => Err(format!("that of {time} has another time beside its id")),
        Err(error) => Err(format!("that of {time}: {error}")),
    }
}

fn id_of(row: &Row<'_>) -> Result<RecordId, rusqlite::Error> {
    let id = RecordId::from_slice(row.get_ref(0)?.as_blob()?);
    let other = || rusqlite::Error::FromSqlConversionFailure(0, Type::Blob, "no id".into());
    id.ok_or_else(other)
}

/// Counts the rows of each day.
pub(crate) fn count(
    connection: &Connection,
    statistics: &mut Statistics,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare(IDS)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let time = id_of(row)?.time();
        let start = Timestamp::start_of_day(time.day());
        match statistics.days.last_mut() {
            Some(day) if day.start == Some(start) => day.records += 1,
            _ => statistics.days.push(Day {
                start: Some(start),
                records: 1,
                blocks: 0,
                bytes: 0,
            }),
        }
        statistics.records += 1;
        statistics.times = Some(spanning(statistics.times, time, time));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
