//! A file of the machine's own file system. Large parts of it bypass the page cache.
//!
//! The spool writes each byte once and reads it at most once, soon or much later. A copy in the page
//! cache costs a fresh page for every 4 KiB, which was a fifth of the service's time, and pushes out
//! what other programs have there. So the whole blocks of a large write go to the disk directly
//! (`O_DIRECT`), and what is left over, less than a block at each end, goes through the cache. This is
//! done on ext4 and XFS, which keep both views of a file equal and for which `fdatasync` of one descriptor
//! holds for all of them; everywhere else everything goes through the cache. Durability is the same in
//! both ways: it comes from `fdatasync`.

use super::{DiskFile, is_no_room};
use crate::aligned::BLOCK_BYTES;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// Less than this is not worth a request of its own to the disk.
pub(crate) const DIRECT_MIN_BYTES: usize = if cfg!(test) { 16 * 1024 } else { 256 * 1024 };

/// For the user alone.
const MODE: u32 = 0o600;

/// An open file.
#[derive(Debug)]
pub(super) struct OpenFile {
    cached: File,
    direct: Option<Direct>,
}

/// The same file, bypassing the cache.
#[derive(Debug)]
struct Direct {
    file: File,
    /// Whether it was refused once: then it is not tried again.
    is_refused: AtomicBool,
}

impl OpenFile {
    /// Makes an empty file, also in the place of one that is there.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        options.mode(MODE);
        options.open(path).map(Self::new)
    }

    /// Makes an empty file where none is.
    pub(super) fn create_new(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(MODE);
        options.open(path).map(Self::new)
    }

    /// Opens a file that is there.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).open(path).map(Self::new)
    }

    fn new(cached: File) -> Self {
        let direct = open_directly(&cached).map(|file| Direct {
            file,
            is_refused: AtomicBool::new(false),
        });
        Self { cached, direct }
    }

    /// The direct way, while it works.
    fn direct(&self) -> Option<&File> {
        let direct = self.direct.as_ref()?;
        (!direct.is_refused.load(Ordering::Relaxed)).then_some(&direct.file)
    }

    /// After a failure of the direct way that is not for want of room: the cached one is asked, and
    /// `fdatasync` tells whether the disk works.
    fn give_up_direct(&self, error: &io::Error) {
        if let Some(direct) = &self.direct
            && !direct.is_refused.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(%error, "the disk refuses direct access; the spool goes through the page cache");
        }
    }
}

/// The file again, by its descriptor: its name may be another file's by now.
#[cfg(target_os = "linux")]
fn open_directly(cached: &File) -> Option<File> {
    use std::os::fd::AsRawFd as _;

    if !keeps_both_ways_equal(cached) {
        return None;
    }
    let flag = rustix::fs::OFlags::DIRECT.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(flag);
    let again = format!("/proc/self/fd/{}", cached.as_raw_fd());
    options.open(again).ok()
}

/// Whether it lies on a file system that this was looked into for.
#[cfg(target_os = "linux")]
fn keeps_both_ways_equal(file: &File) -> bool {
    // From the kernel's `linux/magic.h`.
    const EXT4: u64 = 0xef53;
    const XFS: u64 = 0x5846_5342;
    let about = rustix::fs::fstatfs(file);
    about.is_ok_and(|about| [EXT4, XFS].contains(&(about.f_type.cast_unsigned())))
}

#[cfg(not(target_os = "linux"))]
fn open_directly(_cached: &File) -> Option<File> {
    None
}

/// How many of the first bytes go which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    Cached(usize),
    Direct(usize),
}

/// The route of the first of `length` bytes that lie at `address` in memory and belong at `offset`.
fn route(address: usize, length: usize, offset: u64) -> Route {
    let block = BLOCK_BYTES as u64;
    let into_block = usize::try_from(offset % block).unwrap_or(0);
    if length < DIRECT_MIN_BYTES || address % BLOCK_BYTES != into_block {
        return Route::Cached(length);
    }
    match into_block {
        0 => Route::Direct(length - length % BLOCK_BYTES),
        within => Route::Cached(BLOCK_BYTES - within),
    }
}

/// Whether it is neither a lack of room nor a signal that came.
fn is_refused(error: &io::Error) -> bool {
    error.kind() != io::ErrorKind::Interrupted && !is_no_room(error)
}

impl DiskFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        Ok(self.cached.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let route = route(buffer.as_ptr().addr(), buffer.len(), offset);
        if let (Some(direct), Route::Direct(count)) = (self.direct(), route)
            && let Some(blocks) = buffer.get_mut(..count)
        {
            match direct.read_at(blocks, offset) {
                Err(error) if is_refused(&error) => self.give_up_direct(&error),
                read => return read,
            }
        }
        self.cached.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let Some(direct) = self.direct() else {
            return self.cached.write_at(bytes, offset);
        };
        match route(bytes.as_ptr().addr(), bytes.len(), offset) {
            Route::Cached(count) => {
                let part = bytes.get(..count).unwrap_or(bytes);
                self.cached.write_at(part, offset)
            }
            Route::Direct(count) => {
                let blocks = bytes.get(..count).unwrap_or(bytes);
                match direct.write_at(blocks, offset) {
                    Err(error) if is_refused(&error) => {
                        self.give_up_direct(&error);
                        self.cached.write_at(bytes, offset)
                    }
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
    use crate::aligned::AlignedBuffer;

    #[test]
    fn whole_blocks_of_a_large_write_go_directly_and_the_rest_does_not() {
        let (large, page) = (1 << 20, 7 * BLOCK_BYTES);
        assert_eq!(route(page, large, 0), Route::Direct(large));
        assert_eq!(route(page, large + 5, 4096), Route::Direct(large));
        assert_eq!(route(page + 64, large, 64), Route::Cached(BLOCK_BYTES - 64));
        assert_eq!(route(page + 64, large, 0), Route::Cached(large));
        let small = DIRECT_MIN_BYTES - 1;
        assert_eq!(route(page, small, 0), Route::Cached(small));
    }

    /// A file of which the direct way is one that fails: it is open for reading only, or writing only.
    fn with_a_failing_direct_way(path: &Path, reads: bool) -> OpenFile {
        let mut options = OpenOptions::new();
        OpenFile {
            direct: Some(Direct {
                file: options.read(reads).write(!reads).open(path).unwrap(),
                is_refused: AtomicBool::new(false),
            }),
            ..OpenFile::open(path).unwrap()
        }
    }

    #[test]
    fn a_direct_way_that_fails_is_left_for_the_cached_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let length = 4 * DIRECT_MIN_BYTES;
        OpenFile::create(&path).unwrap();
        let mut bytes = AlignedBuffer::default();
        bytes
            .empty_for(0, length)
            .extend(std::iter::repeat_n(7, length));
        let file = with_a_failing_direct_way(&path, true);
        write_all_at(&file, &bytes, 0).unwrap();
        assert!(file.direct().is_none());
        let file = with_a_failing_direct_way(&path, false);
        let mut read = AlignedBuffer::default();
        let count = read_full_at(&file, read.space_for(0, length), 0).unwrap();
        assert_eq!(count, length);
        assert!(read[..] == bytes[..] && file.direct().is_none());
    }

    #[test]
    fn what_was_written_in_both_ways_is_read_in_both_ways() {
        let folder = tempfile::tempdir().unwrap();
        let file = OpenFile::create(&folder.path().join("file")).unwrap();
        #[cfg(target_os = "linux")]
        assert_eq!(file.direct().is_some(), keeps_both_ways_equal(&file.cached));
        let mut place = 0;
        let mut written = Vec::new();
        for length in [100, 300_000, 5, 70_000, 4096, 1 << 20, 3] {
            let mut bytes = AlignedBuffer::default();
            let filler = (0..length).map(|number: usize| (number * 31 + length).to_le_bytes()[0]);
            bytes.empty_for(place, length).extend(filler);
            write_all_at(&file, &bytes, place).unwrap();
            written.extend_from_slice(&bytes);
            place += length as u64;
        }
        file.sync().unwrap();
        assert_eq!(file.length().unwrap(), place);
        let mut read = AlignedBuffer::default();
        for from in [0, 4096, 5000] {
            let wanted = (written.len() - from).next_multiple_of(BLOCK_BYTES);
            let space = read.space_for(from as u64, wanted);
            let count = read_full_at(&file, space, from as u64).unwrap();
            assert!(read[..count] == written[from..], "from {from}");
        }
        // A frame that failed is cut off, and another one written over its place.
        file.truncate(200_000).unwrap();
        let mut again = AlignedBuffer::default();
        again
            .empty_for(200_000, 90_000)
            .extend(std::iter::repeat_n(9, 90_000));
        write_all_at(&file, &again, 200_000).unwrap();
        written.truncate(200_000);
        written.extend_from_slice(&again);
        let wanted = written.len().next_multiple_of(BLOCK_BYTES);
        let count = read_full_at(&file, read.space_for(0, wanted), 0).unwrap();
        assert!(read[..count] == written[..]);
    }
}
