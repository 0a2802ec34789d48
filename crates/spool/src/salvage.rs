//! A file of which the disk cannot read every place: what can be read is, and zeros stand for the
//! rest, block by block, so that checksums tell what is lost and what lies behind it is found.

use super::aligned::BLOCK_BYTES;
use super::disk::{DiskFile, is_unreadable};
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A file that reads on behind what cannot be read.
pub(super) struct Salvaged {
    file: Arc<dyn DiskFile>,
    /// Where the blocks begin that could not be read; at most one entry for each block of the file.
    lost: Mutex<BTreeSet<u64>>,
}

impl Salvaged {
    pub(super) fn new(file: Arc<dyn DiskFile>) -> Self {
        let lost = Mutex::default();
        Self { file, lost }
    }

    /// The first place from the block of `offset` on that could not be read.
    pub(super) fn lost_from(&self, offset: u64) -> Option<u64> {
        let block = offset - offset % BLOCK_BYTES as u64;
        self.lost().range(block..).next().copied()
    }

    fn lost(&self) -> MutexGuard<'_, BTreeSet<u64>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the block of `offset` holds from there on, or zeros.
    fn read_block(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let into_block = offset % BLOCK_BYTES as u64;
        let rest = BLOCK_BYTES - usize::try_from(into_block).unwrap_or(0);
        let count = rest.min(buffer.len());
        let part = buffer.get_mut(..count).unwrap_or_default();
        match self.file.read_at(part, offset) {
            Err(error) if is_unreadable(&error) => {
                let behind = self.file.length()?.saturating_sub(offset);
                let count = count.min(usize::try_from(behind).unwrap_or(usize::MAX));
                part.fill(0);
                self.lost().insert(offset - into_block);
                Ok(count)
            }
            read => read,
        }
    }
}

impl DiskFile for Salvaged {
    fn length(&self) -> io::Result<u64> {
        self.file.length()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.file.read_at(buffer, offset) {
            Err(error) if is_unreadable(&error) => self.read_block(buffer, offset),
            read => read,
        }
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
}
