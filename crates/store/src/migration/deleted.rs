//! What is remembered of rows that were deleted on purpose: in blocks it is known of their batches, as what is stored is.

use super::error::MigrationError;
use crate::StoreError;
use crate::blocks::IncomingFile;
use crate::sqlite::all_rows::AllRows;

/// Batches in one transaction.
const AT_ONCE: u32 = 20_000;

/// Moves it. What was moved before a kill may be moved again.
pub(super) fn move_all(rows: &AllRows, file: &mut IncomingFile) -> Result<(), MigrationError> {
    let mut behind = None;
    loop {
        let deleted = rows.deleted(behind, AT_ONCE)?;
        let Some((last, _)) = deleted.last() else {
            return Ok(());
        };
        behind = Some(*last);
        file.add_deleted(&deleted)?;
    }
}

/// Of how many records it is.
pub(super) fn count(rows: &AllRows) -> Result<u64, StoreError> {
    let (mut behind, mut count) = (None, 0);
    loop {
        let deleted = rows.deleted(behind, AT_ONCE)?;
        let Some((last, _)) = deleted.last() else {
            return Ok(count);
        };
        behind = Some(*last);
        count += deleted.iter().map(|(_, have)| have.len()).sum::<u64>();
    }
}
