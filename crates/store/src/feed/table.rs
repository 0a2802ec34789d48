//! The feed in a SQLite file: its tables, what writes an entry in the portion's own transaction, and what reads entries.

use super::entry::{decode, encode};
use super::place::{KEPT_NANOS, Standing, behind, may_go};
use super::spans::Spans;
use super::{Announced, EntriesBehind, FeedEntry, FeedId, Gap, Life, Reached, Vector};
use crate::StoreError;
use logs::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// `feed` has the entries, and `feed_id` one row.
const TABLES: &str = "
CREATE TABLE feed (
    n     INTEGER NOT NULL PRIMARY KEY,
    life  BLOB    NOT NULL,
    at_ns INTEGER NOT NULL,
    entry BLOB    NOT NULL
) STRICT;
CREATE TABLE feed_id (
    id BLOB NOT NULL
) STRICT;
INSERT INTO feed_id VALUES (randomblob(8));
";
const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'feed_id')";
/// Without a number it gets the one behind the greatest that is there: the newest entry always is.
const ADD: &str = "INSERT INTO feed (life, at_ns, entry) VALUES (?1, ?2, ?3)";
/// That behind which all others are that may go at one time.
const BEHIND_THE_OLDEST: &str = "SELECT n, at_ns FROM feed ORDER BY n LIMIT 1 OFFSET 4";
const REMOVE: &str = "DELETE FROM feed WHERE n < ?1";
const DATE_ANEW: &str = "UPDATE feed SET at_ns = ?1 WHERE at_ns > ?1";
const ID: &str = "SELECT id FROM feed_id";
const FIRST: &str = "SELECT MIN(n) FROM feed";
const NEWEST: &str = "SELECT n, life, at_ns FROM feed ORDER BY n DESC LIMIT 1";
const LIFE: &str = "SELECT life FROM feed WHERE n = ?1";
const BEHIND: &str = "SELECT n, life, at_ns, entry FROM feed WHERE n > ?1 ORDER BY n LIMIT ?2";

/// Bytes of entries that are read at one time, but for the first of them.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// An entry that was written so long after now was written under a clock that has been put back since: an hour.
const CLOCK_PUT_BACK_NANOS: i64 = 3_600_000_000_000;

/// What is announced with a portion.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Announcement {
    at: Timestamp,
    entry: Vec<u8>,
}

impl Announcement {
    /// `None` where nothing is new.
    pub(crate) fn new(announced: &Announced, spans: &Spans, at: Timestamp) -> Option<Self> {
        (announced.batches().len() > 0).then(|| Self {
            at,
            entry: encode(announced, &spans.ranges()),
        })
    }
}

/// Makes the tables, with a new feed.
pub(crate) fn create(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.execute_batch(TABLES)
}

/// Whether a file has a feed.
pub(crate) fn is_in(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row(IS_THERE, [], |row| row.get(0))
}

/// What writes entries, under the lock of whoever writes portions.
#[derive(Debug)]
pub(super) struct EntryWriter {
    life: Life,
    /// When the newest was written.
    last_at: Timestamp,
    /// Before this nothing may go.
    nothing_goes_before: Timestamp,
}

impl EntryWriter {
    /// Begins a life.
    pub(super) fn new(connection: &Connection) -> Result<Self, rusqlite::Error> {
        let life = connection.query_row("SELECT randomblob(8)", [], |row| row.get(0))?;
        let newest = connection.query_row(NEWEST, [], |row| row.get(2));
        let last_at = newest
            .optional()?
            .map_or(Timestamp::MIN, Timestamp::from_nanos);
        Ok(Self {
            life: Life(life),
            last_at,
            nothing_goes_before: Timestamp::MIN,
        })
    }

    /// Writes the next entry in a transaction, and removes a few that are old.
    pub(super) fn write(
        &mut self,
        transaction: &Connection,
        announcement: &Announcement,
    ) -> Result<(), rusqlite::Error> {
        let Announcement { at, entry } = announcement;
        if at.nanos().saturating_add(CLOCK_PUT_BACK_NANOS) < self.last_at.nanos() {
            // Those of the time to come would stay until it has come, and those behind them as well.
            transaction.execute(DATE_ANEW, [at.nanos()])?;
            self.nothing_goes_before = Timestamp::MIN;
        }
        let row = params![self.life.0, at.nanos(), entry];
        transaction.prepare_cached(ADD)?.execute(row)?;
        self.last_at = *at;
        if *at >= self.nothing_goes_before {
            self.nothing_goes_before = remove_old(transaction, *at)?;
        }
        Ok(())
    }
}

/// Removes four entries at one time, so that most portions remove none; before when there is nothing to remove.
fn remove_old(transaction: &Connection, now: Timestamp) -> Result<Timestamp, rusqlite::Error> {
    let mut found = transaction.prepare_cached(BEHIND_THE_OLDEST)?;
    let number_and_time = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get(1)?));
    Ok(match found.query_row([], number_and_time).optional()? {
        Some((number, written)) if may_go(Timestamp::from_nanos(written), now) => {
            transaction.prepare_cached(REMOVE)?.execute([number])?;
            now
        }
        Some((_, written)) => Timestamp::from_nanos(written.saturating_add(KEPT_NANOS)),
        // The one that is missing will be written later.
        None => Timestamp::from_nanos(now.nanos().saturating_add(KEPT_NANOS)),
    })
}

/// The feed's id.
pub(super) fn id(connection: &Connection) -> Result<FeedId, rusqlite::Error> {
    let mut statement = connection.prepare_cached(ID)?;
    statement.query_row([], |row| row.get(0).map(FeedId))
}

/// What is there of it; `None` before the first entry. In a transaction that reads.
fn standing(connection: &Connection) -> Result<Option<Standing>, rusqlite::Error> {
    let first = connection
        .prepare_cached(FIRST)?
        .query_row([], |row| row.get::<_, Option<i64>>(0))?;
    let newest = connection
        .prepare_cached(NEWEST)?
        .query_row([], reached)
        .optional()?;
    Ok(first.zip(newest).map(|(first, newest)| Standing {
        first: first.cast_unsigned(),
        newest,
    }))
}

fn reached(row: &Row<'_>) -> Result<Reached, rusqlite::Error> {
    Ok(Reached {
        number: row.get::<_, i64>(0)?.cast_unsigned(),
        life: Life(row.get(1)?),
    })
}

/// Where a feed stands that has no entry.
const BEFORE_THE_FIRST: Reached = Reached {
    number: 0,
    life: Life([0; 8]),
};

/// How far it is.
pub(super) fn newest(connection: &Connection) -> Result<Vector, StoreError> {
    let newest = standing(connection)?.map_or(BEFORE_THE_FIRST, |standing| standing.newest);
    Ok(Vector::from([(id(connection)?, newest)]))
}

/// The entries behind a vector. In a transaction that reads.
pub(super) fn entries_behind(
    connection: &Connection,
    after: &Vector,
    limit: usize,
) -> Result<EntriesBehind, StoreError> {
    let (feed, standing) = (id(connection)?, standing(connection)?);
    let mut found = EntriesBehind::default();
    let others = after.iter().filter(|(other, _)| **other != feed);
    for (other, _) in others.filter(|(_, reached)| reached.number > 0) {
        let gap = (*other, Gap::AnotherHistory, BEFORE_THE_FIRST);
        found.gaps.push(gap);
    }
    let reached = after.get(&feed).copied();
    let at_number = match reached {
        Some(reached) => connection
            .prepare_cached(LIFE)?
            .query_row([reached.number.cast_signed()], |row| row.get(0).map(Life))
            .optional()?,
        None => None,
    };
    match behind(reached, at_number, standing) {
        Ok(number) => read(connection, feed, number, limit, &mut found)?,
        Err(gap) => {
            let newest = standing.map_or(BEFORE_THE_FIRST, |standing| standing.newest);
            found.gaps.push((feed, gap, newest));
        }
    }
    Ok(found)
}

fn read(
    connection: &Connection,
    feed: FeedId,
    behind: u64,
    limit: usize,
    found: &mut EntriesBehind,
) -> Result<(), StoreError> {
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut statement = connection.prepare_cached(BEHIND)?;
    let mut rows = statement.query(params![behind.cast_signed(), one_more])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        let reached = reached(row)?;
        let entry = row.get_ref(3)?.as_blob().map_err(rusqlite::Error::from)?;
        bytes += entry.len();
        if found.entries.len() >= limit || (bytes > MOST_BYTES && !found.entries.is_empty()) {
            found.more = true;
            return Ok(());
        }
        let number = reached.number;
        let (announced, spans) = decode(entry)
            .ok_or_else(|| StoreError::Damaged(format!("entry {number} of the feed")))?;
        found.entries.push(FeedEntry {
            feed,
            reached,
            at: Timestamp::from_nanos(row.get(2)?),
            announced,
            spans,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
