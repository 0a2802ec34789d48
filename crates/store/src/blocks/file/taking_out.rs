//! Blocks whose records go, or some of them.

use super::writer::Synced;
use super::{BlockFile, change, unavailable};
use crate::StoreError;
use crate::blocks::storage::{Applied, Change};
use crate::database_file::{erase, overwriting};
use rusqlite::Connection;
use std::time::Duration;

impl BlockFile {
    /// Leaves nothing of what was taken out in the file's free room: a step of that; whether it is done.
    pub(in crate::blocks) fn erase(&self, pages: u32) -> Result<bool, StoreError> {
        // Those who write wait only for what comes meanwhile.
        self.checkpointer().all()?;
        let erase = |connection: &mut Connection, _: &mut u64| erase(connection, pages);
        Ok(self.writer().write(Synced::Now, erase)?)
    }

    /// Takes blocks out, and puts others in their place with the records that stay; as [`Self::replace`] does, but also
    /// where the disk has little room: this makes some. Those that are taken out are overwritten where they stand, if they
    /// go for good. When it is done, a machine that loses its power keeps it so.
    pub(in crate::blocks) fn take_out(
        &self,
        change: &Change,
        is_for_good: bool,
        deadline: Duration,
    ) -> Result<Applied, StoreError> {
        let mut writer = self.writer();
        if self.clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
        unavailable(self.identity.problem())?;
        let applied = writer.write(Synced::Later, |connection, next| {
            let mut apply =
                |connection: &mut _| change::apply(connection, next, change, &self.feed);
            match is_for_good {
                true => overwriting(connection, apply),
                false => apply(connection),
            }
        })?;
        drop(writer);
        self.sync_behind()?;
        unavailable(self.identity.problem())?;
        Ok(applied)
    }
}
