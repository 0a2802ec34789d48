//! What of which batch has come into blocks, noted with them and put together when all have come.
//!
//! Batches come in no order, and each may be one record: what is known of them would be written to another page for
//! each. So it is noted behind one another, in as many places as a byte has values, by the first of the batch; and each
//! place is read once, when nothing is added to it any more.

use super::super::ledger::have::Have;
use super::old;
use crate::StoreError;
use record::id::BatchId;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The positions that are in blocks, by batch.
pub(crate) type HaveByBatch = BTreeMap<[u8; 8], Have>;

pub(super) const DROP: &str = "DROP TABLE came";
const NOTE: &str = "INSERT INTO came (part, number, have) VALUES (?1, ?2, ?3)";
const READ: &str = "SELECT have FROM came WHERE part = ?1 ORDER BY number";
const BYTES: &str = "SELECT coalesce(sum(length(have)), 0) FROM came WHERE part = ?1";
const REMOVE: &str = "DELETE FROM came WHERE part = ?1";

/// Bytes of notes that are put together at one time, about: in memory they take some times as many.
const BYTES_AT_ONCE: u64 = if cfg!(test) { 64 } else { 16 * 1024 * 1024 };

/// Notes what a transaction adds.
pub(super) fn note(
    transaction: &Transaction<'_>,
    number: u64,
    have: &HaveByBatch,
) -> Result<(), rusqlite::Error> {
    let mut statement = transaction.prepare_cached(NOTE)?;
    let mut put = |part: u8, notes: &mut Vec<u8>| {
        let noted = match notes.is_empty() {
            true => Ok(0),
            false => statement.execute(params![part, number.cast_signed(), notes.as_slice()]),
        };
        notes.clear();
        noted
    };
    let (mut part, mut notes) = (0, Vec::new());
    for (batch, have) in have {
        let [first, ..] = *batch;
        if first != part {
            put(part, &mut notes)?;
            part = first;
        }
        let have = have.encode();
        let length = u32::try_from(have.len()).unwrap_or(u32::MAX);
        notes.extend_from_slice(batch);
        notes.extend_from_slice(&length.to_be_bytes());
        notes.extend_from_slice(&have);
    }
    put(part, &mut notes).map(drop)
}

/// Puts together what is known of each batch; `done` is told after each part of them, of 256. A part is gone from the
/// notes when it is.
pub(super) fn put_together(
    connection: &mut Connection,
    mut done: impl FnMut(u64),
) -> Result<(), StoreError> {
    for part in 0..=u8::MAX {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let bytes: i64 = transaction.query_row(BYTES, [part], |row| row.get(0))?;
        if bytes > 0 {
            for range in ranges(bytes.cast_unsigned()) {
                put_range_together(&transaction, part, &range)?;
            }
            transaction.execute(REMOVE, [part])?;
            transaction.commit()?;
            done(u64::from(part) + 1);
        }
    }
    Ok(())
}

/// The second bytes of batches that are put together at one time, of a part with so many bytes of notes.
fn ranges(bytes: u64) -> Vec<RangeInclusive<u8>> {
    let all = u64::from(u8::MAX) + 1;
    let width = all / bytes.div_ceil(BYTES_AT_ONCE).clamp(1, all);
    let starts = (0..all).step_by(usize::try_from(width).unwrap_or(1));
    let byte = |number: u64| u8::try_from(number).unwrap_or(u8::MAX);
    starts
        .map(|start| byte(start)..=byte(start + width - 1))
        .collect()
}

fn put_range_together(
    transaction: &Transaction<'_>,
    part: u8,
    range: &RangeInclusive<u8>,
) -> Result<(), StoreError> {
    let mut known = HaveByBatch::new();
    let mut statement = transaction.prepare_cached(READ)?;
    let mut rows = statement.query([part])?;
    while let Some(row) = rows.next()? {
        let notes = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let damaged = || StoreError::Damaged("what came of batches is no list of them".to_owned());
        read(notes, range, &mut known).ok_or_else(damaged)?;
    }
    for (batch, have) in known {
        let batch = BatchId::from_bytes(batch);
        let mut old = old::read(transaction, batch)?.unwrap_or_default();
        old.have.union(&have);
        old::write(transaction, batch, &old)?;
    }
    Ok(())
}

/// Adds what is noted of batches whose second byte is one of these; `None` when these are no notes.
fn read(mut notes: &[u8], range: &RangeInclusive<u8>, known: &mut HaveByBatch) -> Option<()> {
    while !notes.is_empty() {
        let (batch, rest) = notes.split_first_chunk::<8>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (have, rest) = rest.split_at_checked(length)?;
        notes = rest;
        let [_, second, ..] = *batch;
        if range.contains(&second) {
            let have = Have::decode(have)?;
            known.entry(*batch).or_default().union(&have);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_of_a_part_are_all_bytes_once_and_as_many_as_its_length_asks_for() {
        for (bytes, count) in [(1, 1), (64, 1), (65, 2), (640, 10), (1_000_000, 256)] {
            let ranges = ranges(bytes);
            assert!(ranges.len() >= count, "{bytes}: {ranges:?}");
            let all: Vec<u8> = ranges.into_iter().flatten().collect();
            assert_eq!(all, (0..=u8::MAX).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_is_cut_off_is_no_list() {
        let mut connection = Connection::open_in_memory().unwrap();
        let table = "CREATE TABLE came (part INTEGER, number INTEGER, have BLOB)";
        connection.execute_batch(table).unwrap();
        let transaction = connection.transaction().unwrap();
        let have = [[1, 2, 3, 4, 5, 6, 7, 8], [1, 9, 0, 0, 0, 0, 0, 0]];
        let have = have.map(|batch| (batch, Have::from_iter([1, 2, 70])));
        note(&transaction, 5, &have.clone().into()).unwrap();
        let notes: Vec<u8> = transaction.query_row(READ, [1], |row| row.get(0)).unwrap();
        let mut known = HaveByBatch::new();
        read(&notes, &(0..=8), &mut known).unwrap();
        assert_eq!(known, [have[0].clone()].into());
        read(&notes, &(9..=9), &mut known).unwrap();
        assert_eq!(known, have.into());
        for length in 1..notes.len() {
            let is_whole = length == notes.len() / 2;
            let read = read(&notes[..length], &(0..=u8::MAX), &mut HaveByBatch::new());
            assert_eq!(read.is_some(), is_whole, "{length}");
        }
    }
}
