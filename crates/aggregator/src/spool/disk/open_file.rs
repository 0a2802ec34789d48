//! A file of the machine's own file system. Large parts of it pass by the page cache.
//!
//! The spool writes each byte once and reads it at most once, soon or much later. A copy in the page
//! cache costs a fresh page for every 4 KiB, which was a fifth of the service's time, and pushes out
//! what other programs have there. So whole blocks of a large write go to the disk directly
//! (`O_DIRECT`), and the rest of it, less than a block at each end, through the cache. The kernel
//! keeps both views of a file equal. Durability is the same: it comes from `fdatasync`, in either way.

use super::DiskFile;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// What direct access is aligned to, in the file and in memory: no disk's block is larger.
pub(crate) const BLOCK_BYTES: usize = 4096;
/// Less than this is not worth a request of its own to the disk.
const WORTH_BYTES: usize = 64 * 1024;

/// An open file.
#[derive(Debug)]
pub(super) struct OpenFile {
    cached: File,
    /// The same file; `None` where the file system knows no direct access.
    direct: Option<File>,
}

impl OpenFile {
    /// Makes an empty file, also in the place of one that is there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Self {
            cached: options.open(path)?,
            direct: open_directly(path),
        })
    }

    /// Opens a file that is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        Ok(Self {
            cached: options.open(path)?,
            direct: open_directly(path),
        })
    }
}

#[cfg(target_os = "linux")]
fn open_directly(path: &Path) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let flag = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flag);
    options.open(path).ok()
}

#[cfg(not(target_os = "linux"))]
fn open_directly(_path: &Path) -> Option<File> {
    None
}

/// How many of the first bytes go which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Cached(usize),
    Direct(usize),
}

/// The way of the first of `length` bytes that lie at `address` in memory and belong at `offset`.
fn way(address: usize, length: usize, offset: u64) -> Way {
    let block = BLOCK_BYTES as u64;
    let into_block = usize::try_from(offset % block).unwrap_or(0);
    if length < WORTH_BYTES || address % BLOCK_BYTES != into_block {
        return Way::Cached(length);
    }
    match into_block {
        0 => Way::Direct(length - length % BLOCK_BYTES),
        within => Way::Cached(BLOCK_BYTES - within),
    }
}

/// Whether a file system takes direct access when it is opened and refuses it when it is used.
fn is_refused(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
}

impl DiskFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.cached.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let way = way(buffer.as_ptr().addr(), buffer.len(), offset);
        if let (Some(direct), Way::Direct(count)) = (&self.direct, way)
            && let Some(blocks) = buffer.get_mut(..count)
        {
            match direct.read_at(blocks, offset) {
                Err(error) if is_refused(&error) => {}
                read => return read,
            }
        }
        self.cached.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let Some(direct) = &self.direct else {
            return self.cached.write_at(bytes, offset);
        };
        match way(bytes.as_ptr().addr(), bytes.len(), offset) {
            Way::Cached(count) => {
                let part = bytes.get(..count).unwrap_or(bytes);
                self.cached.write_at(part, offset)
            }
            Way::Direct(count) => {
                let blocks = bytes.get(..count).unwrap_or(bytes);
                match direct.write_at(blocks, offset) {
                    Err(error) if is_refused(&error) => self.cached.write_at(bytes, offset),
                    written => written,
                }
            }
        }
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.cached.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.cached.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{read_full_at, write_all_at};
    use super::*;
    use crate::spool::matched::MatchedBytes;

    #[test]
    fn whole_blocks_of_a_large_write_go_directly_and_the_rest_does_not() {
        let (large, page) = (1 << 20, 7 * BLOCK_BYTES);
        assert_eq!(way(page, large, 0), Way::Direct(large));
        assert_eq!(way(page, large + 5, 4096), Way::Direct(large));
        assert_eq!(way(page + 64, large, 64), Way::Cached(BLOCK_BYTES - 64));
        assert_eq!(way(page + 64, large, 0), Way::Cached(large));
        assert_eq!(way(page, WORTH_BYTES - 1, 0), Way::Cached(WORTH_BYTES - 1));
    }

    #[test]
    fn what_was_written_in_both_ways_is_read_in_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let file = OpenFile::create(&folder.path().join("file")).unwrap();
        let mut place = 0;
        let mut written = Vec::new();
        for length in [100, 300_000, 5, 70_000, 4096, 1 << 20, 3] {
            let mut bytes = MatchedBytes::default();
            bytes.begin(place, length);
            let filler = (0..length).map(|number: usize| (number * 31 + length).to_le_bytes()[0]);
            bytes.bytes_mut().extend(filler);
            write_all_at(&file, &bytes, place).unwrap();
            written.extend_from_slice(&bytes);
            place += length as u64;
        }
        file.sync().unwrap();
        let mut read = MatchedBytes::default();
        for from in [0, 4096, 5000] {
            let wanted = (written.len() - from).next_multiple_of(BLOCK_BYTES);
            read.begin(from as u64, wanted);
            read.resize(wanted);
            let count = read_full_at(&file, read.filled_mut(), from as u64).unwrap();
            assert!(read[..count] == written[from..], "from {from}");
        }
    }
}
