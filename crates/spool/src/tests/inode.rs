//! A simulated file: what a process sees of it, and what a power cut leaves of it.
//!
//! Bytes that were durable stay so when their sector is written again ("powersafe overwrite"):
//! only what was written since the last sync can be dropped, zeroed or garbled.

use super::random::Random;
use std::ops::Range;

const SECTOR_BYTES: usize = 512;

#[derive(Default)]
pub(super) struct Inode {
    /// What the process sees.
    pub(super) cache: Vec<u8>,
    /// What is on the disk, and how much of it belongs to the file.
    disk: Vec<u8>,
    disk_length: usize,
    /// What was written since the last sync, each within one sector.
    dirty: Vec<Range<usize>>,
    /// The lengths that the file has had since the last sync.
    lengths: Vec<usize>,
}

impl Inode {
    pub(super) fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset + bytes.len();
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        self.cache[offset..end].copy_from_slice(bytes);
        let mut start = offset;
        while start < end {
            let sector_end = (start / SECTOR_BYTES + 1) * SECTOR_BYTES;
            self.dirty.push(start..sector_end.min(end));
            start = sector_end;
        }
        self.lengths.push(self.cache.len());
    }

    /// The system may have written some of what is cut off here already.
    pub(super) fn truncate(&mut self, length: usize, random: &mut Random) {
        for piece in self.dirty.clone() {
            if piece.end > length {
                self.settle(piece, random);
            }
        }
        self.dirty.retain(|piece| piece.end <= length);
        self.cache.resize(length, 0);
        self.lengths.push(length);
    }

    pub(super) fn sync(&mut self) {
        for piece in std::mem::take(&mut self.dirty) {
            self.keep(piece);
        }
        self.lengths.clear();
        self.disk_length = self.cache.len();
        self.disk.resize(self.disk_length, 0);
    }

    /// Some pages were written and some were not, and all of them count as clean from now on. What
    /// the disk takes for the length stays open.
    pub(super) fn sync_badly(&mut self, random: &mut Random) {
        for piece in std::mem::take(&mut self.dirty) {
            self.settle(piece, random);
        }
    }

    /// Clean pages may leave the cache and be read from the disk again.
    pub(super) fn evict(&mut self, random: &mut Random) {
        if !self.dirty.is_empty() || !random.once_in(2) {
            return;
        }
        for start in (0..self.cache.len()).step_by(SECTOR_BYTES) {
            let end = (start + SECTOR_BYTES).min(self.cache.len());
            if random.once_in(2) {
                self.grow_disk(end);
                self.cache[start..end].copy_from_slice(&self.disk[start..end]);
            }
        }
    }

    pub(super) fn power_cut(&mut self, random: &mut Random) {
        for piece in std::mem::take(&mut self.dirty) {
            self.settle(piece, random);
        }
        if !self.lengths.is_empty() {
            let least = self.lengths.iter().copied().min().unwrap();
            let most = self.lengths.iter().copied().max().unwrap();
            let (least, most) = (least.min(self.disk_length), most.max(self.disk_length));
            self.disk_length = match random.below(4) {
                0 => least,
                1 => most,
                2 => self.cache.len(),
                _ => random.between(least, most),
            };
            self.lengths.clear();
        }
        self.disk.resize(self.disk_length, 0);
        self.cache.clone_from(&self.disk);
    }

    /// Changes one bit, in the cache and on the disk.
    pub(super) fn flip(&mut self, bit: usize) {
        self.cache[bit / 8] ^= 1 << (bit % 8);
        self.grow_disk(bit / 8 + 1);
        self.disk[bit / 8] = self.cache[bit / 8];
    }

    fn keep(&mut self, piece: Range<usize>) {
        self.grow_disk(piece.end);
        self.disk[piece.clone()].copy_from_slice(&self.cache[piece]);
    }

    /// An unsynced sector: kept, dropped, zeroed or garbled.
    fn settle(&mut self, piece: Range<usize>, random: &mut Random) {
        self.grow_disk(piece.end);
        match random.below(4) {
            0 => self.keep(piece),
            1 => {}
            2 => self.disk[piece].fill(0),
            _ => self.disk[piece].fill_with(|| random.bits().to_le_bytes()[0]),
        }
    }

    fn grow_disk(&mut self, end: usize) {
        if self.disk.len() < end {
            self.disk.resize(end, 0);
        }
    }
}
