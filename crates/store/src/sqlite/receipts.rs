//! The markers of receipt: when a keyed batch whose records have no time of their own first came.

use crate::{Forgotten, ReceiptKey, Receipts};
use logs::Timestamp;
use record::batch::BatchOrigin;
use rusqlite::{Connection, params};

/// Markers that are looked at in one step.
const STEP: usize = 1_000;
/// About what one takes: 19 bytes and what the tree needs around them, in pages that are two thirds full.
const MARKER_BYTES: u64 = 33;
/// They are counted up to here when the file is opened, which takes some ms; later where there are more.
pub(super) const COUNTED_AT_ONCE: u64 = 100_000;

/// Remembers times of receipt, or gives those that are remembered; how many are new.
pub(super) fn remember(
    connection: &mut Connection,
    batches: &[BatchOrigin],
) -> Result<(Vec<Timestamp>, usize), rusqlite::Error> {
    let transaction = connection.transaction()?;
    let (mut known, mut new) = (Vec::with_capacity(batches.len()), 0);
    for batch in batches {
        new += transaction
            .prepare_cached("INSERT INTO logs_receipts (id, received_at_ns) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING")?
            .execute(params![batch.id.as_bytes(), batch.received_at.nanos()])?;
        let nanos = transaction
            .prepare_cached("SELECT received_at_ns FROM logs_receipts WHERE id = ?1")?
            .query_row([batch.id.as_bytes()], |row| row.get(0))?;
        known.push(Timestamp::from_nanos(nanos));
    }
    transaction.commit()?;
    Ok((known, new))
}

/// Removes those of the next few markers behind `after` that were received before `before`.
pub(super) fn forget(
    connection: &mut Connection,
    after: Option<ReceiptKey>,
    before: Timestamp,
) -> Result<Forgotten, rusqlite::Error> {
    let transaction = connection.transaction()?;
    // The empty one is less than any.
    let behind = after.map_or_else(Vec::new, |key| key.0);
    let ids = transaction
        .prepare_cached(
            "SELECT id, received_at_ns FROM logs_receipts WHERE id > ?1 ORDER BY id LIMIT ?2",
        )?
        .query_map(
            params![behind, i64::try_from(STEP).unwrap_or(i64::MAX)],
            |row| Ok((row.get::<_, [u8; 8]>(0)?, row.get::<_, i64>(1)?)),
        )?
        .collect::<Result<Vec<_>, _>>()?;
    let mut removed = 0;
    for (id, received_at) in &ids {
        if *received_at < before.nanos() {
            removed += transaction
                .prepare_cached("DELETE FROM logs_receipts WHERE id = ?1")?
                .execute([id])?;
        }
    }
    transaction.commit()?;
    let last = ids.last().filter(|_| ids.len() >= STEP);
    Ok(Forgotten {
        removed: removed as u64,
        next: last.map(|(id, _)| ReceiptKey(id.to_vec())),
    })
}

/// How many there are, up to `most`.
pub(super) fn count(connection: &Connection, most: u64) -> Result<u64, rusqlite::Error> {
    let count: i64 = connection.query_row(
        "SELECT count(*) FROM (SELECT 1 FROM logs_receipts LIMIT ?1)",
        [i64::try_from(most).unwrap_or(i64::MAX)],
        |row| row.get(0),
    )?;
    Ok(u64::try_from(count).unwrap_or_default())
}

/// So many, in numbers.
pub(super) fn told(count: u64) -> Receipts {
    Receipts {
        count,
        bytes: Some(count * MARKER_BYTES),
    }
}
