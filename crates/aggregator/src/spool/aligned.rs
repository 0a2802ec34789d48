//! A buffer aligned as its place in a file is, which direct access to the disk asks for.

use super::disk::BLOCK_BYTES;
use std::ops::Deref;

/// Bytes for, or from, one place of a file.
#[derive(Debug, Default)]
pub(super) struct AlignedBuffer {
    /// Filler up to `start`, then the bytes.
    bytes: Vec<u8>,
    start: usize,
}

impl AlignedBuffer {
    /// Empties it, with room for `count` bytes at this offset of a file. When more are put into it, it
    /// is no longer aligned; they go through the page cache then.
    pub(super) fn reset_for(&mut self, offset: u64, count: usize) {
        self.bytes.clear();
        self.bytes.reserve_exact(count.saturating_add(BLOCK_BYTES));
        let block = BLOCK_BYTES as u64;
        let wanted = usize::try_from(offset % block).unwrap_or(0);
        let given = self.bytes.as_ptr().addr() % BLOCK_BYTES;
        self.start = (BLOCK_BYTES + wanted - given) % BLOCK_BYTES;
        self.bytes.resize(self.start, 0);
    }

    /// The vector; what is put behind its end belongs to the bytes.
    pub(super) fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Makes it as long as this, with zeros for what is new.
    pub(super) fn resize(&mut self, count: usize) {
        self.bytes.resize(self.start.saturating_add(count), 0);
    }

    /// What it holds.
    pub(super) fn filled_mut(&mut self) -> &mut [u8] {
        self.bytes.get_mut(self.start..).unwrap_or_default()
    }

    /// Bytes of memory that it takes up.
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}
