//! Blocks whose records go, or some of them.

use super::writer::Synced;
use super::{BlockFile, change, unavailable};
use crate::StoreError;
use crate::blocks::storage::{Applied, Change};
use std::time::Duration;

impl BlockFile {
    /// Takes blocks out, and puts others in their place with the records that stay; as [`Self::replace`] does, but also
    /// where the disk has little room: this makes some. When it is done, a machine that loses its power keeps it so.
    pub(in crate::blocks) fn take_out(
        &self,
        change: &Change,
        deadline: Duration,
    ) -> Result<Applied, StoreError> {
        let mut writer = self.writer();
        if self.clock.elapsed() >= deadline {
            return Err(StoreError::Timeout);
        }
        unavailable(self.identity.problem())?;
        let applied = writer.write(Synced::Later, |connection, next| {
            change::apply(connection, next, change, &self.feed)
        })?;
        drop(writer);
        self.sync_behind()?;
        unavailable(self.identity.problem())?;
        Ok(applied)
    }
}
