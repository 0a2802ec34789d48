//! All rows of a file that nobody writes to, in the order of their ids: to be moved elsewhere.
//!
//! The file is marked first, so that whoever knows rows refuses it, and is one file then, without a log beside it.

use super::large::{self, STAND_IN};
use super::schema::version_of;
use crate::StoreError;
use crate::database_file::{FileError, MOVING};
use record::id::{PLAIN_ID_BYTES, RecordId};
use rusqlite::types::Type;
use rusqlite::{Connection, ErrorCode, OpenFlags, Row, params};
use std::ops::Range;
use std::path::Path;
use std::thread;
use std::time::Duration;

const ROWS: &str = "SELECT id, severity, level, message, attributes, received_ms
    FROM logs WHERE id > ?1 ORDER BY id";
const RECEIPTS: &str =
    "SELECT id, received_at_ns FROM logs_receipts WHERE id > ?1 ORDER BY id LIMIT ?2";

/// Bytes of text after which a chunk is handed over.
const CHUNK_BYTES: usize = 1024 * 1024;
/// Rows after which it is.
const CHUNK_ROWS: usize = 4_096;

const CLOSING_TRIES: u32 = 50;
const CLOSING_PAUSE: Duration = Duration::from_millis(100);

/// The file, for reading.
pub(crate) struct AllRows {
    connection: Connection,
}

/// Why rows cannot be read on.
pub(crate) enum Unread {
    Store(StoreError),
    /// One is none that a service wrote.
    Row {
        id: RecordId,
        reason: String,
    },
}

impl From<rusqlite::Error> for Unread {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Rows whose message stands for a large text that is not there.
#[derive(Default)]
struct WithoutText {
    rows: u64,
    first: Option<RecordId>,
}

/// Some rows that follow one another.
#[derive(Debug, Default)]
pub(crate) struct RowChunk {
    text: String,
    rows: Vec<Places>,
}

/// Where the texts of a row are, and the rest of it.
#[derive(Debug)]
struct Places {
    id: [u8; PLAIN_ID_BYTES],
    severity: u8,
    level: Option<Range<usize>>,
    message: Range<usize>,
    attributes: Option<Range<usize>>,
    received_ms: i64,
}

/// A row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OneRow<'a> {
    pub(crate) id: &'a [u8; PLAIN_ID_BYTES],
    pub(crate) severity: u8,
    pub(crate) level: Option<&'a str>,
    pub(crate) message: &'a str,
    /// A JSON object.
    pub(crate) attributes: Option<&'a str>,
    pub(crate) received_ms: i64,
}

/// Marks a file as one whose rows are about to be moved; nothing else has it open.
pub(crate) fn mark(path: &Path) -> Result<(), FileError> {
    set_version(path, |_| Ok(MOVING)).map_err(FileError::open(path))
}

/// Takes the mark away again.
pub(crate) fn unmark(path: &Path) -> Result<(), FileError> {
    set_version(path, version_of).map_err(FileError::open(path))
}

fn set_version(
    path: &Path,
    version: impl FnOnce(&Connection) -> Result<i64, rusqlite::Error>,
) -> Result<(), rusqlite::Error> {
    let connection = Connection::open(path)?;
    // Then the log beside it is gone.
    connection.execute_batch("PRAGMA busy_timeout=5000; PRAGMA synchronous=EXTRA;")?;
    let mut tries = 0;
    while let Err(error) = connection.execute_batch("PRAGMA journal_mode=DELETE;") {
        // Whoever had it open last may be about to close it.
        tries += 1;
        if tries == CLOSING_TRIES || error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
            return Err(error);
        }
        thread::sleep(CLOSING_PAUSE);
    }
    let version = version(&connection)?;
    connection.pragma_update(None, "user_version", version)?;
    connection.close().map_err(|(_, error)| error)
}

impl AllRows {
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        // What a kill has left unfinished is rolled back with the first read.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = FileError::open(path);
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let settings = "PRAGMA busy_timeout=5000; PRAGMA query_only=ON; PRAGMA cache_size=-16384;";
        connection.execute_batch(settings).map_err(failed)?;
        Ok(Self { connection })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> Result<u64, StoreError> {
        let count = "SELECT count(*) FROM logs";
        let count: i64 = self.connection.query_row(count, [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Hands over all behind an id, until `take` says that it is enough.
    pub(crate) fn each(
        &self,
        behind: &[u8],
        mut take: impl FnMut(RowChunk) -> bool,
    ) -> Result<(), Unread> {
        let mut statement = self.connection.prepare(ROWS)?;
        let mut rows = statement.query([behind])?;
        let (mut chunk, mut without_text) = (RowChunk::default(), WithoutText::default());
        while let Some(row) = rows.next()? {
            self.add(&mut chunk, row, &mut without_text)?;
            if chunk.is_full() && !take(std::mem::take(&mut chunk)) {
                return Ok(());
            }
        }
        if !chunk.rows.is_empty() {
            take(chunk);
        }
        without_text.tell();
        Ok(())
    }

    fn add(
        &self,
        chunk: &mut RowChunk,
        row: &Row<'_>,
        without_text: &mut WithoutText,
    ) -> Result<(), Unread> {
        let id = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let (Ok(id), Some(known)) = (id.try_into(), RecordId::from_slice(id)) else {
            let message = format!("a row has the id {id:02x?}, which is none of a record");
            return Err(Unread::Store(StoreError::Damaged(message)));
        };
        let places = self.places(chunk, row, (id, known), without_text);
        let places = places.map_err(|error| match error.sqlite_error_code() {
            Some(_) => Unread::from(error),
            // Its type, its range, or no UTF-8.
            None => Unread::Row {
                id: known,
                reason: error.to_string(),
            },
        })?;
        chunk.rows.push(places);
        Ok(())
    }

    fn places(
        &self,
        chunk: &mut RowChunk,
        row: &Row<'_>,
        (id, known): ([u8; PLAIN_ID_BYTES], RecordId),
        without_text: &mut WithoutText,
    ) -> Result<Places, rusqlite::Error> {
        let text = |column| {
            let text = row.get_ref(column)?.as_str_or_null();
            text.map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
            })
        };
        let message = text(3)?.unwrap_or_default();
        let large = match message {
            STAND_IN => large::read(&self.connection, known, |_| true)?,
            _ => None,
        };
        if large.is_none() && message == STAND_IN {
            without_text.rows += 1;
            without_text.first.get_or_insert(known);
        }
        let (message, attributes) = match &large {
            Some(large) => large.parts(),
            None => (message, text(4)?),
        };
        Ok(Places {
            id,
            severity: row.get(1)?,
            level: text(2)?.map(|level| chunk.push(level)),
            message: chunk.push(message),
            attributes: attributes.map(|attributes| chunk.push(attributes)),
            received_ms: row.get(5)?,
        })
    }

    /// The next so many markers of receipt behind one: the batch, and the nanosecond.
    pub(crate) fn receipts(
        &self,
        behind: &[u8],
        limit: u32,
    ) -> Result<Vec<([u8; 8], i64)>, StoreError> {
        let mut statement = self.connection.prepare_cached(RECEIPTS)?;
        let receipts =
            statement.query_map(params![behind, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(receipts.collect::<Result<_, _>>()?)
    }
}

impl WithoutText {
    /// They may have been sent as such.
    fn tell(&self) {
        if let (1.., Some(first)) = (self.rows, self.first) {
            let (rows, message) = (self.rows, STAND_IN);
            tracing::warn!(
                rows,
                %first,
                "rows have the message {message}, and no text in logs_large: they keep it, and that is right only if it was sent"
            );
        }
    }
}

impl RowChunk {
    fn is_full(&self) -> bool {
        self.text.len() >= CHUNK_BYTES || self.rows.len() >= CHUNK_ROWS
    }

    fn push(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }

    /// The rows, in their order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = OneRow<'_>> {
        let text = |place: &Range<usize>| self.text.get(place.clone()).unwrap_or_default();
        self.rows.iter().map(move |row| OneRow {
            id: &row.id,
            severity: row.severity,
            level: row.level.as_ref().map(text),
            message: text(&row.message),
            attributes: row.attributes.as_ref().map(text),
            received_ms: row.received_ms,
        })
    }
}
