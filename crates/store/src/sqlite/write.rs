//! Writing to SQLite: one transaction an insert.
//!
//! An insert that takes long commits what it has, and tells what it has not come to: were it given up,
//! it would take as long again, also for what is there already.

use super::large;
use crate::DAMAGED_DOCUMENT;
use crate::feed::Announced;
use crate::feed::spans::Spans;
use crate::{InsertReport, Refused};
use bson::RawDocument;
use logs::clock::Clock;
use record::attributes;
use record::document::StoredDocument;
use record::documents::DocumentList;
use rusqlite::{Connection, Statement, params};
use std::ops::Range;
use std::time::Duration;

/// How long one insert keeps the others waiting, but for its first row and its commit.
const LONGEST_TURN: Duration = Duration::from_millis(500);

const INSERT: &str =
    "INSERT INTO logs (id, time_ns, severity, level, message, attributes, received_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";

/// The rows of a range of documents, made before the writer's turn: only one can write at a time.
pub(super) struct Rows<'a> {
    rows: Vec<Row<'a>>,
    /// Attributes as JSON, one behind another.
    text: Vec<u8>,
}

struct Row<'a> {
    position: usize,
    /// `None` when the document is damaged.
    stored: Option<StoredDocument<'a>>,
    /// Where its attributes stand.
    attributes: Option<Range<usize>>,
}

impl<'a> Rows<'a> {
    /// Makes the rows of a range of documents.
    pub(super) fn new(documents: &'a DocumentList, range: Range<usize>) -> Self {
        let (mut rows, mut text) = (Vec::with_capacity(range.len()), Vec::new());
        for (position, bytes) in range.clone().zip(documents.slices(range)) {
            let document = RawDocument::from_bytes(bytes).ok();
            let mut stored = document.and_then(StoredDocument::read);
            let start = text.len();
            let mut attributes = None;
            if let Some(members) = stored.as_ref().and_then(|stored| stored.attributes) {
                match attributes::write_json(members, &mut text) {
                    Ok(()) => attributes = Some(start..text.len()),
                    Err(_) => stored = None,
                }
            }
            rows.push(Row {
                position,
                stored,
                attributes,
            });
        }
        Self { rows, text }
    }

    /// What is inserted of a row; `None` when its document is damaged.
    fn columns(&self, row: &'a Row<'_>) -> Option<(&'a StoredDocument<'_>, Option<&str>)> {
        let attributes = match row.attributes.clone() {
            Some(at) => Some(std::str::from_utf8(self.text.get(at)?).ok()?),
            None => None,
        };
        Some((row.stored.as_ref()?, attributes))
    }
}

/// When the turn of an insert that begins now is over: so that it has an answer by its deadline, if the
/// disk is well.
pub(super) fn end_of_turn(clock: &dyn Clock, deadline: Duration) -> Duration {
    let now = clock.elapsed();
    now + LONGEST_TURN.min(deadline.saturating_sub(now) / 2)
}

/// The rows of an insert that were not there before.
#[derive(Debug, Default)]
pub(super) struct New {
    pub(super) announced: Announced,
    /// Their times.
    pub(super) spans: Spans,
}

/// Inserts rows until `is_over`, at least one, and announces those that are new in the same transaction; what it came to is
/// all there when this returns, or nothing of it.
pub(super) fn insert(
    connection: &mut Connection,
    rows: &Rows<'_>,
    is_over: impl Fn() -> bool,
    announce: impl FnOnce(&Connection, &New) -> Result<(), rusqlite::Error>,
) -> Result<InsertReport, rusqlite::Error> {
    let (mut report, mut new) = (InsertReport::default(), New::default());
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare_cached(INSERT)?;
        for (place, row) in rows.rows.iter().enumerate() {
            if place > 0 && is_over() {
                report.undone = Some(row.position);
                break;
            }
            match rows.columns(row) {
                Some((stored, attributes)) => {
                    match insert_one(&transaction, &mut statement, stored, attributes)? {
                        0 => report.already_stored.push(row.position),
                        _ => {
                            report.stored += 1;
                            let id = &stored.id;
                            new.announced.add(id.batch(), id.position());
                            new.spans.add(id.time());
                        }
                    }
                }
                None => report.refused.push(Refused {
                    position: row.position,
                    reason: DAMAGED_DOCUMENT.to_owned(),
                }),
            }
        }
    }
    announce(&transaction, &new)?;
    transaction.commit()?;
    Ok(report)
}

/// The number of rows that were new: one or none.
fn insert_one(
    transaction: &Connection,
    statement: &mut Statement<'_>,
    stored: &StoredDocument<'_>,
    attributes: Option<&str>,
) -> Result<usize, rusqlite::Error> {
    let is_large = large::is_large(stored.message, attributes);
    let kept_here = match is_large {
        true => (large::STAND_IN, None),
        false => (stored.message, attributes),
    };
    let new = statement.execute(params![
        stored.id.plain(),
        stored.id.time().nanos(),
        stored.severity,
        stored.level,
        kept_here.0,
        kept_here.1,
        stored.received_at,
    ])?;
    if is_large && new > 0 {
        large::keep(transaction, stored.id, stored.message, attributes)?;
    }
    Ok(new)
}

#[cfg(test)]
mod tests;
