//! Every block of a file read back, to the last byte of each record, before the only other copy of them goes.

use super::super::ledger::have::Have;
use super::super::spare_threads::no_memory;
use super::super::storage::{Day, Place};
use super::old;
use crate::StoreError;
use crate::database_damage::faults;
use crate::database_file::open_reader;
use crate::record_sum::{RecordSum, Summed};
use blocks::head::{Head, Summary};
use blocks::opened::Opened;
use blocks::section::Unpacker;
use record::id::{BatchId, RecordId};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

const LISTED: &str = "SELECT day, number FROM summaries ORDER BY day, number";
const BLOCK: &str =
    "SELECT summary, head, filter, columns FROM summaries JOIN blocks USING (number)
    WHERE day = ?1 AND number = ?2";
const OLD: &str = "SELECT id, have FROM old_batches";

/// Each has a block in memory.
const MOST_THREADS: usize = 4;

/// The sum over all records in the file, each of which is known of its batch, and how many are known of all batches of
/// before. `tell` is told how many were read.
pub(crate) fn read_back(
    path: &Path,
    tell: &mut dyn FnMut(u64),
) -> Result<(RecordSum, u64), StoreError> {
    forget_pages(path).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    let connection = open_reader(path)?;
    // What is missing there need be of no block.
    if let Some(fault) = faults(&connection, 1)?.pop() {
        return Err(StoreError::Damaged(fault));
    }
    let known = known(&connection)?;
    let listed = list(&connection)?;
    let next = AtomicUsize::new(0);
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        let (sender, sums) = mpsc::sync_channel(MOST_THREADS);
        for _ in 0..threads.min(MOST_THREADS) {
            let (sender, listed, next) = (sender.clone(), &listed, &next);
            scope.spawn(move || {
                each(path, listed, next, |sum| sender.send(sum).is_ok());
            });
        }
        drop(sender);
        let mut all = RecordSum::default();
        for sum in sums {
            all.join(sum?);
            tell(all.records);
        }
        Ok((all, known))
    })
}

/// What is read from here on comes from the disk, and not from what the system remembers of having written it.
fn forget_pages(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    file.sync_all()?;
    // Where a file system does not know how, what is read is as the system has it.
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed) {
        tracing::debug!(%error, "what is read back may be what the system remembers");
    }
    Ok(())
}

/// How many records of batches are known.
fn known(connection: &Connection) -> Result<u64, StoreError> {
    let mut known = 0;
    let mut statement = connection.prepare(OLD)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let have = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let Some(have) = Have::decode(have) else {
            let damaged = "what is known of a batch of before is no set of positions";
            return Err(StoreError::Damaged(damaged.to_owned()));
        };
        known += have.len();
    }
    Ok(known)
}

fn list(connection: &Connection) -> Result<Vec<Place>, StoreError> {
    let mut statement = connection.prepare(LISTED)?;
    let places = statement.query_map([], |row| {
        Ok(Place {
            day: Day(row.get(0)?),
            number: row.get::<_, i64>(1)?.cast_unsigned(),
        })
    })?;
    Ok(places.collect::<Result<_, _>>()?)
}

/// Hands over the sums of the blocks that no other thread has taken, up to the first that cannot be read.
fn each(
    path: &Path,
    listed: &[Place],
    next: &AtomicUsize,
    mut take: impl FnMut(Result<RecordSum, StoreError>) -> bool,
) {
    let mut reading = match Reading::open(path) {
        Ok(reading) => reading,
        Err(error) => {
            take(Err(error));
            return;
        }
    };
    while let Some(place) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
        let sum = reading.block(*place);
        let is_read = sum.is_ok();
        if !(take(sum) && is_read) {
            return;
        }
    }
}

struct Reading {
    connection: Connection,
    unpacker: Unpacker,
    json: Vec<u8>,
}

impl Reading {
    fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open_reader(path)?;
        // Nobody writes meanwhile, and each look-up would begin one of its own.
        connection.execute_batch("BEGIN")?;
        Ok(Self {
            connection,
            unpacker: Unpacker::new().map_err(|error| no_memory(&error))?,
            json: Vec::new(),
        })
    }

    fn block(&mut self, place: Place) -> Result<RecordSum, StoreError> {
        let [listed, head, filter, columns] = self.parts(place)?;
        let head = Head::read(&head).map_err(|damaged| place.damaged(damaged))?;
        if Summary::read(&listed).ok().as_ref() != Some(&head.summary) {
            return Err(place.damaged("it is listed with the summary of another block"));
        }
        let checked = head.filter(&filter);
        checked.map_err(|damaged| place.damaged(damaged))?;
        let opened = opened(head, &columns, &mut self.unpacker);
        let opened = opened.map_err(|damaged| place.damaged(damaged))?;
        let (sum, ids) = self
            .sum(&opened)
            .map_err(|damaged| place.damaged(damaged))?;
        match self.are_known(&ids)? {
            true => Ok(sum),
            false => Err(place.damaged("what is known of its batches has not all of its records")),
        }
    }

    /// Whether all of these are among what is known of batches: else one that comes again is stored again.
    fn are_known(&self, ids: &[RecordId]) -> Result<bool, StoreError> {
        let mut positions: HashMap<BatchId, Vec<u32>> = HashMap::new();
        for id in ids {
            positions.entry(id.batch()).or_default().push(id.position());
        }
        for (batch, positions) in positions {
            let have = old::read(&self.connection, batch)?.unwrap_or_default().have;
            if !positions
                .into_iter()
                .all(|position| have.contains(position))
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The summary that it is listed with, the head, the filter and the columns.
    fn parts(&self, place: Place) -> Result<[Vec<u8>; 4], StoreError> {
        let mut statement = self.connection.prepare_cached(BLOCK)?;
        let block = [place.day.0, place.number.cast_signed()];
        let parts = statement.query_row(block, |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        });
        let missing = || place.damaged("it is listed, and is not there");
        parts.optional()?.ok_or_else(missing)
    }

    fn sum(
        &mut self,
        opened: &Opened,
    ) -> Result<(RecordSum, Vec<RecordId>), blocks::damaged::Damaged> {
        let rows = opened.rows()?;
        let mut sum = RecordSum::default();
        for (place, id) in rows.ids().iter().enumerate() {
            self.json.clear();
            let has_attributes = rows.write_attributes(place, &mut self.json);
            sum.add(&Summed {
                id: *id,
                severity: rows.severity(place),
                level: rows.level(place),
                message: rows.message(place),
                attributes: has_attributes.then_some(self.json.as_slice()),
                received_at: rows.received(place),
            });
        }
        Ok((sum, rows.ids().to_vec()))
    }
}

fn opened(
    head: Head,
    columns: &[u8],
    unpacker: &mut Unpacker,
) -> Result<Opened, blocks::damaged::Damaged> {
    let ranges: Vec<Range<usize>> = head.ranges().collect();
    let part = |range: &Range<usize>| columns.get(range.clone()).unwrap_or_default();
    let stored: Vec<&[u8]> = ranges.iter().map(part).collect();
    Opened::read(head, &stored, unpacker)
}
