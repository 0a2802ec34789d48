//! A buffer aligned as its place in a file is, which direct access to the disk asks for.

use std::ops::Deref;

/// What direct access is aligned to, in the file and in memory.
pub(super) const BLOCK_BYTES: usize = 4096;
/// A buffer that had to be larger than this for one frame is not kept.
const KEPT_BYTES: usize = 6 * 1024 * 1024;

/// Bytes for, or from, one place of a file.
#[derive(Debug, Default)]
pub(super) struct AlignedBuffer {
    /// Filler up to `start`, then the bytes.
    bytes: Vec<u8>,
    start: usize,
}

impl AlignedBuffer {
    /// Empties it, with room for `count` bytes at this offset of a file. What is put behind the end of
    /// the vector belongs to the bytes; when it is more than `count`, they are no longer aligned, and go
    /// through the page cache.
    pub(super) fn empty_for(&mut self, offset: u64, count: usize) -> &mut Vec<u8> {
        self.align(offset, count);
        self.bytes.clear();
        self.bytes.resize(self.start, 0);
        &mut self.bytes
    }

    /// Makes it `count` bytes of whatever there is, for what stands at this offset of a file.
    pub(super) fn space_for(&mut self, offset: u64, count: usize) -> &mut [u8] {
        self.align(offset, count);
        self.bytes.resize(self.start.saturating_add(count), 0);
        self.bytes.get_mut(self.start..).unwrap_or_default()
    }

    fn align(&mut self, offset: u64, count: usize) {
        let room = count.saturating_add(BLOCK_BYTES);
        self.bytes
            .reserve_exact(room.saturating_sub(self.bytes.len()));
        let wanted = usize::try_from(offset % BLOCK_BYTES as u64).unwrap_or(0);
        let given = self.bytes.as_ptr().addr() % BLOCK_BYTES;
        self.start = (BLOCK_BYTES + wanted - given) % BLOCK_BYTES;
    }

    /// Keeps the first `count` bytes.
    pub(super) fn truncate(&mut self, count: usize) {
        self.bytes.truncate(self.start.saturating_add(count));
    }

    /// Whether it takes up more memory than is kept for the next ones: the frame of a usual group has room
    /// in less.
    pub(super) fn is_large(&self) -> bool {
        self.bytes.capacity() > KEPT_BYTES
    }
}

impl Deref for AlignedBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lie_in_memory_as_they_do_in_the_blocks_of_the_file() {
        for offset in [0, 1, 96, 4095, 4096, 12_345, (1 << 40) + 7] {
            let mut buffer = AlignedBuffer::default();
            for count in [1, 5000, 100_000] {
                let put = buffer.empty_for(offset, count);
                put.extend(std::iter::repeat_n(7, count));
                let place = buffer.as_ptr().addr() as u64;
                assert_eq!((buffer.len(), place % 4096), (count, offset % 4096));
                assert!(buffer.iter().all(|byte| *byte == 7));
                let space = buffer.space_for(offset, count);
                let place = space.as_ptr().addr() as u64;
                assert_eq!((space.len(), place % 4096), (count, offset % 4096));
                buffer.truncate(1);
                assert_eq!(buffer.len(), 1);
            }
        }
    }

    #[test]
    fn memory_for_a_large_frame_is_given_back_and_that_for_a_usual_group_is_not() {
        for (bytes, is_large) in [(4 << 20, false), (16 << 20, true)] {
            let mut buffer = AlignedBuffer::default();
            buffer.empty_for(96, bytes);
            assert_eq!(buffer.is_large(), is_large);
        }
    }
}
