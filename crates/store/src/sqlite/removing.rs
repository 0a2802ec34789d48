//! Rows go: those that do are looked for beside those who write, and removed by their ids in one short transaction.

use super::database::Database;
use super::deleted;
use super::read::{self, Going};
use crate::StoreError;
use crate::database_file::{
    empty_log, erase as erase_pages, give_back as give_pages_back, overwriting,
};
use crate::removal::{Purpose, Removal, RemovalStep};
use record::id::RecordId;
use rusqlite::{Connection, TransactionBehavior};
use std::time::Duration;

/// Their texts go with them: see the trigger of `logs_large`.
const REMOVE: &str = "DELETE FROM logs WHERE id = ?1";
/// Rows that go in one step at most.
const MOST: usize = 4_000;
/// Rows that are removed between two looks at the clock.
const ROWS_BETWEEN_LOOKS: usize = 8;
/// Pages that one step gives back to the disk: some milliseconds' work.
const PAGES_GIVEN_BACK: u32 = 256;

/// Takes a step behind `after`: for one half of the time rows are looked for, and for the other one others wait to write.
pub(super) fn step(
    database: &Database,
    removal: &Removal,
    after: Option<RecordId>,
    time: Duration,
    deadline: Duration,
) -> Result<RemovalStep, StoreError> {
    if removal.end().is_none() {
        return Ok(RemovalStep::default());
    }
    let (turn, most) = match removal.purpose {
        Purpose::Count => (time, usize::MAX),
        Purpose::Age | Purpose::ForGood => (time / 2, MOST),
    };
    let until = deadline.min(database.clock.elapsed() + turn);
    let found = database.with_reader(|reader| {
        let times = (until, deadline);
        read::going(reader, removal, (after, most), &database.clock, times)
    })?;
    if found.ids.is_empty() || removal.purpose == Purpose::Count {
        return Ok(RemovalStep {
            records: found.ids.len() as u64,
            rewritten: 0,
            next: found.next,
        });
    }
    database.write(deadline, |writer| {
        let until = database.clock.elapsed() + turn;
        let is_over = || database.clock.elapsed() >= until;
        match removal.purpose {
            Purpose::ForGood => overwriting(writer, |writer| remove(writer, &found, true, is_over)),
            Purpose::Age | Purpose::Count => remove(writer, &found, false, is_over),
        }
    })
}

/// Removes rows until `is_over`, at least one; those that go for good are remembered.
fn remove(
    connection: &mut Connection,
    found: &Going,
    is_for_good: bool,
    is_over: impl Fn() -> bool,
) -> Result<RemovalStep, rusqlite::Error> {
    let mut step = RemovalStep {
        next: found.next,
        ..RemovalStep::default()
    };
    let mut gone = found.ids.len();
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut statement = transaction.prepare_cached(REMOVE)?;
        for (place, id) in found.ids.iter().enumerate() {
            step.records += statement.execute([id.plain()])? as u64;
            if place % ROWS_BETWEEN_LOOKS == 0 && is_over() && place + 1 < found.ids.len() {
                step.next = Some(*id);
                gone = place + 1;
                break;
            }
        }
    }
    if is_for_good {
        let gone = found.ids.iter().take(gone).copied();
        deleted::remember(&transaction, gone)?;
    }
    transaction.commit()?;
    Ok(step)
}

/// Gives some empty pages back to the disk; whether there may be more.
pub(super) fn give_back(database: &Database, deadline: Duration) -> Result<bool, StoreError> {
    database.write(deadline, |writer| {
        let has_more = give_pages_back(writer, PAGES_GIVEN_BACK)?;
        if !has_more {
            // The file becomes shorter only now. SQLite lets the log grow to four MiB before a commit does this.
            empty_log(writer)?;
        }
        Ok(has_more)
    })
}

/// Gives all empty pages back, some of them now, and the log up: they have what was written there before. Whether that
/// is done.
pub(super) fn erase(database: &Database, deadline: Duration) -> Result<bool, StoreError> {
    database.write(deadline, |writer| erase_pages(writer, PAGES_GIVEN_BACK))
}
