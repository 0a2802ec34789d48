//! The spools that are known, and rows of the ledger that go.

use super::super::ledger::remembering::Removal;
use super::super::ledger::row::{BatchRow, LedgerKey};
use super::super::ledger::spools::{KnownSpool, SpoolId, at_hand};
use super::change::row_of;
use logs::Timestamp;
use rusqlite::{Connection, Row, TransactionBehavior, params};

const SPOOLS: &str = "SELECT number, id, forgotten_below, left_at_ns FROM spools ORDER BY number";
const PUT_SPOOL: &str = "INSERT OR REPLACE INTO spools (number, id, forgotten_below, left_at_ns) VALUES (?1, ?2, ?3, ?4)";
const BEHIND: &str = "SELECT delay, received_at_ns, have, flags, spool, seq, written_at_ns, id
    FROM batches WHERE id > ?1 ORDER BY id LIMIT ?2";
const FORGET: &str = "DELETE FROM batches WHERE id = ?1";
const FORGOTTEN_BELOW: &str =
    "UPDATE spools SET forgotten_below = MAX(forgotten_below, ?1) WHERE number = ?2";

/// What came of one step of forgetting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForgottenRows {
    /// Rows that were removed.
    pub removed: usize,
    /// The last that was looked at, when there may be more behind it.
    pub next: Option<LedgerKey>,
}

/// Notes which spool is at hand; all that are known, and its place among them.
pub(super) fn meet(
    connection: &mut Connection,
    id: SpoolId,
    now: Timestamp,
) -> Result<(Vec<KnownSpool>, usize), rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let before = spools(&transaction)?;
    let mut known = before.clone();
    let place = at_hand(&mut known, id, now);
    if known != before {
        for spool in &known {
            transaction.prepare_cached(PUT_SPOOL)?.execute(params![
                spool.number,
                spool.id,
                spool.forgotten_below.cast_signed(),
                spool.left_at.map(Timestamp::nanos),
            ])?;
        }
        transaction.commit()?;
    }
    Ok((known, place))
}

/// Looks at up to so many rows behind `behind`, in one transaction, and removes those that `removal` forgets.
pub(super) fn forget(
    connection: &mut Connection,
    removal: &Removal,
    behind: Option<LedgerKey>,
    limit: u32,
    has_letters: &dyn Fn(&LedgerKey) -> bool,
) -> Result<ForgottenRows, rusqlite::Error> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let rows = rows_behind(&transaction, behind, limit)?;
    let mut removed = 0;
    for (key, row) in &rows {
        let forgets = |row: &BatchRow| removal.forgets(key, row, has_letters(key));
        if row.as_ref().is_some_and(forgets) {
            removed += transaction.prepare_cached(FORGET)?.execute([key])?;
        }
    }
    if removed > 0 {
        let below = removal.forgotten_below().cast_signed();
        let spool = params![below, removal.spool()];
        transaction
            .prepare_cached(FORGOTTEN_BELOW)?
            .execute(spool)?;
        transaction.commit()?;
    }
    let is_full = u32::try_from(rows.len()) == Ok(limit);
    Ok(ForgottenRows {
        removed,
        next: rows.last().map(|(key, _)| *key).filter(|_| is_full),
    })
}

/// Rows in the order of their keys; of one that is not what was written, only the key.
fn rows_behind(
    connection: &Connection,
    behind: Option<LedgerKey>,
    limit: u32,
) -> Result<Vec<(LedgerKey, Option<BatchRow>)>, rusqlite::Error> {
    // Nothing is less than no bytes.
    let behind = behind.as_ref().map_or(&[][..], |key| &key[..]);
    let mut statement = connection.prepare_cached(BEHIND)?;
    let rows = statement.query_map(params![behind, limit], |row| {
        Ok((row.get(7)?, row_of(row).ok()))
    })?;
    rows.collect()
}

/// The spools that are known.
pub(super) fn spools(connection: &Connection) -> Result<Vec<KnownSpool>, rusqlite::Error> {
    let spool = |row: &Row<'_>| {
        Ok(KnownSpool {
            number: row.get(0)?,
            id: row.get(1)?,
            forgotten_below: row.get::<_, i64>(2)?.cast_unsigned(),
            left_at: row.get::<_, Option<i64>>(3)?.map(Timestamp::from_nanos),
        })
    };
    let mut statement = connection.prepare(SPOOLS)?;
    let spools = statement.query_map([], spool)?;
    spools.collect()
}
