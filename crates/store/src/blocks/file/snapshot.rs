//! One state of the file, as a transaction that reads sees it.

use super::super::storage::{Day, Listed, Place, Snapshot};
use super::readers::Readers;
use crate::StoreError;
use blocks::head::Summary;
use query::Order;
use rusqlite::{Connection, MAIN_DB, OptionalExtension as _};
use std::ops::Range;

const LIST: &str = "SELECT day, number, summary FROM summaries WHERE day >= ?1 AND day < ?2";
const FIRST_DAY: &str =
    "SELECT day FROM summaries WHERE day >= ?1 AND day < ?2 ORDER BY day LIMIT 1";
const LAST_DAY: &str =
    "SELECT day FROM summaries WHERE day >= ?1 AND day < ?2 ORDER BY day DESC LIMIT 1";
const HEAD: &str = "SELECT head, filter FROM blocks WHERE number = ?1";

/// A transaction that reads. A reader is given back only when that ended well; any other is closed.
pub(super) struct FileSnapshot<'a> {
    readers: &'a Readers,
    connection: Option<Connection>,
}

impl<'a> FileSnapshot<'a> {
    pub(super) fn begin(connection: Connection, readers: &'a Readers) -> Result<Self, StoreError> {
        connection.execute_batch("BEGIN")?;
        Ok(Self {
            readers,
            connection: Some(connection),
        })
    }

    fn connection(&self) -> Result<&Connection, StoreError> {
        let closed = || StoreError::Unavailable("the reader is closed".to_owned());
        self.connection.as_ref().ok_or_else(closed)
    }
}

impl Drop for FileSnapshot<'_> {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.execute_batch("COMMIT").is_ok()
        {
            self.readers.put_back(connection);
        }
    }
}

impl Snapshot for FileSnapshot<'_> {
    fn first_day(&self, days: Range<Day>, order: Order) -> Result<Option<Day>, StoreError> {
        let first = match order {
            Order::Ascending => FIRST_DAY,
            Order::Descending => LAST_DAY,
        };
        let mut statement = self.connection()?.prepare_cached(first)?;
        let found = statement.query_row([days.start.0, days.end.0], |row| row.get(0));
        Ok(found.optional()?.map(Day))
    }

    fn list(&self, days: Range<Day>) -> Result<Vec<Listed>, StoreError> {
        let mut statement = self.connection()?.prepare_cached(LIST)?;
        let mut rows = statement.query([days.start.0, days.end.0])?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            let place = Place {
                day: Day(row.get(0)?),
                number: row.get::<_, i64>(1)?.cast_unsigned(),
            };
            let summary = row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?;
            let summary = Summary::read(summary).map_err(|damaged| place.damaged(damaged))?;
            listed.push(Listed { place, summary });
        }
        Ok(listed)
    }

    fn head(&self, place: Place) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        let mut statement = self.connection()?.prepare_cached(HEAD)?;
        let number = place.number.cast_signed();
        let found = statement.query_row([number], |row| Ok((row.get(0)?, row.get(1)?)));
        found
            .optional()?
            .ok_or_else(|| place.damaged("it is not there"))
    }

    fn columns(&self, place: Place, parts: &[Range<usize>]) -> Result<Vec<Vec<u8>>, StoreError> {
        let number = place.number.cast_signed();
        let connection = self.connection()?;
        let value = connection.blob_open(MAIN_DB, "blocks", "columns", number, true)?;
        let mut read = Vec::with_capacity(parts.len());
        for part in parts {
            if part.end > value.len() {
                return Err(place.damaged("its columns are cut off"));
            }
            let mut bytes = vec![0; part.len()];
            value.read_at_exact(&mut bytes, part.start)?;
            read.push(bytes);
        }
        Ok(read)
    }
}
