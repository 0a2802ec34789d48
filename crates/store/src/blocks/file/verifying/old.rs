//! What is known of batches whose records came out of rows, looked at where there were any.

use super::super::super::ledger::have::Have;
use super::super::schema::has_old;
use super::{MOST_ROWS_TOLD, Verifying};
use crate::database_damage::both_ways;
use crate::inspected::Unverified;
use rusqlite::Row;

const OLD: [&str; 2] = [
    "SELECT hex(id), have FROM old_batches ORDER BY id",
    "SELECT hex(id), have FROM old_batches ORDER BY id DESC",
];

impl Verifying<'_, '_> {
    pub(super) fn old_batches(&mut self) -> Result<(), Unverified> {
        if !has_old(self.connection).unwrap_or(false) {
            return Ok(());
        }
        let mut reasons = Vec::new();
        let missed = both_ways(self.connection, OLD, &mut |row: &Row<'_>| {
            let is_sound = row
                .get_ref(1)?
                .as_blob()
                .is_ok_and(|have| Have::decode(have).is_some());
            if !is_sound && reasons.len() < MOST_ROWS_TOLD {
                reasons.push(format!(
                    "row {}: no set of positions",
                    row.get::<_, String>(0)?
                ));
            }
            Ok(())
        })?;
        if let Some(reason) = missed {
            reasons.push(format!("not all of its rows can be read: {reason}"));
        }
        match reasons.is_empty() {
            true => Ok(()),
            false => Ok(self.damage(
                "what is known of batches from before".to_owned(),
                reasons,
                None,
            )?),
        }
    }
}
