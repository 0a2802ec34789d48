//! Blocks whose records go, or some of them.

use super::writer::Synced;
use super::{BlockFile, change, unavailable};
use crate::StoreError;
use crate::blocks::storage::{Applied, Change};
use crate::database_file::overwriting;
use std::time::Duration;

impl BlockFile {
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
