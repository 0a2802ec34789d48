//! Large texts, which are kept in a table of their own.
//!
//! `logs` is one tree, sorted by id, and SQLite compares an id with that of a row by reading the row
//! whole when it is longer than a page: beside records of some megabytes each small one took
//! milliseconds to be inserted. The table of large texts is sorted by number, and its index holds ids
//! alone.

use query::Candidate;
use record::id::RecordId;
use rusqlite::{Connection, OptionalExtension as _, params};

/// A row whose message and attributes have so many bytes together leaves them in a table of their own.
/// From here on that makes the row's own insertion no slower, and halves that of small rows beside it.
const LARGE_FROM: usize = 8 * 1024;

/// The message of a row whose texts are kept apart. A record may have this very text: then there is
/// nothing of its id among the large texts.
pub(super) const STAND_IN: &str = "(in logs_large)";

/// The table; also what removes a row by hand takes its texts along.
pub(super) const TABLE: &str = "
CREATE TABLE logs_large (
    id         BLOB NOT NULL PRIMARY KEY,
    message    TEXT NOT NULL,
    attributes TEXT
) STRICT;
CREATE TRIGGER logs_large_removed AFTER DELETE ON logs
WHEN OLD.message = '(in logs_large)' BEGIN
    DELETE FROM logs_large WHERE id = OLD.id;
END;
";

const INSERT: &str = "INSERT INTO logs_large (id, message, attributes) VALUES (?1, ?2, ?3)
    ON CONFLICT (id) DO UPDATE SET message = excluded.message, attributes = excluded.attributes";

const MESSAGE: &str = "SELECT message FROM logs_large WHERE id = ?1";
const ATTRIBUTES: &str = "SELECT attributes FROM logs_large WHERE id = ?1";

/// What a record says, as it is kept apart.
pub(super) struct Texts {
    message: String,
    attributes: Option<String>,
}

/// Whether texts are kept apart.
pub(super) fn is_large(message: &str, attributes: Option<&str>) -> bool {
    message.len() + attributes.map_or(0, str::len) >= LARGE_FROM
}

/// Keeps the texts of a row that has just been inserted with a [`STAND_IN`], in the same transaction.
pub(super) fn keep(
    transaction: &Connection,
    id: RecordId,
    message: &str,
    attributes: Option<&str>,
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(INSERT)?
        .execute(params![id.plain(), message, attributes])?;
    Ok(())
}

/// The texts of a row whose message is a [`STAND_IN`], while that row's statement is not at its end:
/// then all are of one state. `None` when the row says that very text itself. The attributes are not even
/// read of a message that is not wanted, and are left out.
pub(super) fn read(
    connection: &Connection,
    id: RecordId,
    is_wanted: impl FnOnce(&str) -> bool,
) -> Result<Option<Texts>, rusqlite::Error> {
    let text = |row: &rusqlite::Row<'_>| row.get(0);
    let mut statement = connection.prepare_cached(MESSAGE)?;
    let message: Option<String> = statement.query_row([id.plain()], text).optional()?;
    let Some(message) = message else {
        return Ok(None);
    };
    let attributes = match is_wanted(&message) {
        true => {
            let mut statement = connection.prepare_cached(ATTRIBUTES)?;
            statement.query_row([id.plain()], |row| row.get(0))?
        }
        false => None,
    };
    Ok(Some(Texts {
        message,
        attributes,
    }))
}

impl Texts {
    /// The message, and the attributes if there are any.
    pub(super) fn parts(&self) -> (&str, Option<&str>) {
        (&self.message, self.attributes.as_deref())
    }

    /// Bytes that were read of it.
    pub(super) fn bytes(&self) -> usize {
        self.message.len() + self.attributes.as_ref().map_or(0, String::len)
    }

    /// The row with its own texts.
    pub(super) fn put_into<'a>(&'a self, row: Candidate<'a>) -> Candidate<'a> {
        Candidate {
            message: &self.message,
            attributes: self.attributes.as_deref(),
            ..row
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
