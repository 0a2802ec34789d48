//! Writing to SQLite: one transaction an insert.

use crate::{InsertReport, Refused};
use bson::RawDocument;
use record::attributes;
use record::document::StoredDocument;
use record::documents::DocumentList;
use rusqlite::{Connection, Statement, params};
use std::ops::Range;

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

/// Inserts rows, all of them or none.
pub(super) fn insert(
    connection: &mut Connection,
    rows: &Rows<'_>,
) -> Result<InsertReport, rusqlite::Error> {
    let mut report = InsertReport::default();
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare_cached(INSERT)?;
        for row in &rows.rows {
            match rows.columns(row) {
                Some((stored, attributes)) => {
                    match insert_one(&mut statement, stored, attributes)? {
                        0 => report.already_stored.push(row.position),
                        _ => report.stored += 1,
                    }
                }
                None => report.refused.push(Refused {
                    position: row.position,
                    reason: "the document is damaged".to_owned(),
                }),
            }
        }
    }
    transaction.commit()?;
    Ok(report)
}

/// The number of rows that were new: one or none.
fn insert_one(
    statement: &mut Statement<'_>,
    stored: &StoredDocument<'_>,
    attributes: Option<&str>,
) -> Result<usize, rusqlite::Error> {
    statement.execute(params![
        stored.id.plain(),
        stored.id.time().nanos(),
        stored.severity,
        stored.level,
        stored.message,
        attributes,
        stored.received_at,
    ])
}
