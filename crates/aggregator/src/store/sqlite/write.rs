//! Writing to SQLite: one transaction an insert.

use crate::attributes;
use crate::batch::Documents;
use crate::document::StoredDocument;
use crate::record_id::BatchId;
use crate::store::{InsertReport, Refused};
use bson::RawDocument;
use logs::Timestamp;
use rusqlite::{Connection, Statement, params};
use std::ops::Range;

const INSERT: &str =
    "INSERT INTO logs (id, time_ns, severity, level, message, attributes, received_ms)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (id) DO NOTHING";

/// Inserts the documents of a range, all of them or none.
pub(super) fn insert(
    connection: &mut Connection,
    documents: &Documents,
    range: Range<usize>,
) -> Result<InsertReport, rusqlite::Error> {
    let mut report = InsertReport::default();
    let transaction = connection.transaction()?;
    {
        let mut statement = transaction.prepare_cached(INSERT)?;
        let mut text = Vec::new();
        for (position, bytes) in range.clone().zip(documents.slices(range)) {
            match RawDocument::from_bytes(bytes)
                .ok()
                .and_then(StoredDocument::read)
            {
                Some(stored) => match insert_one(&mut statement, &stored, &mut text)? {
                    0 => report.already_stored.push(position),
                    _ => report.stored += 1,
                },
                None => report.refused.push(Refused {
                    position,
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
    text: &mut Vec<u8>,
) -> Result<usize, rusqlite::Error> {
    text.clear();
    if let Some(members) = stored.attributes {
        attributes::write_json(members, text)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    }
    let members = stored
        .attributes
        .map(|_| std::str::from_utf8(text).unwrap_or_default());
    statement.execute(params![
        stored.id.as_bytes(),
        stored.id.time().nanos(),
        stored.severity,
        stored.level,
        stored.message,
        members,
        stored.received_at,
    ])
}

/// Remembers times of receipt, or gives those that are remembered.
pub(super) fn receipts(
    connection: &mut Connection,
    batches: &[(BatchId, Timestamp)],
) -> Result<Vec<Timestamp>, rusqlite::Error> {
    let transaction = connection.transaction()?;
    let mut known = Vec::with_capacity(batches.len());
    for (batch, received_at) in batches {
        transaction
            .prepare_cached("INSERT INTO logs_receipts (id, received_at_ns) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING")?
            .execute(params![batch.as_bytes(), received_at.nanos()])?;
        let nanos = transaction
            .prepare_cached("SELECT received_at_ns FROM logs_receipts WHERE id = ?1")?
            .query_row([batch.as_bytes()], |row| row.get(0))?;
        known.push(Timestamp::from_nanos(nanos));
    }
    transaction.commit()?;
    Ok(known)
}
