//! How much disk the spool may take, and why batches were not taken.

use super::disk::{self, Disk};

/// How much disk the spool may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Bytes of all segments together.
    pub max_bytes: u64,
    /// Bytes of the file system that stay free.
    pub min_free_disk: u64,
    /// A segment that is as large as this is followed by another.
    pub segment_bytes: u64,
}

impl Bounds {
    /// A segment that is as large as this is followed by another: the newest is never removed, and if it could
    /// take up the whole spool, a full one would stay full.
    pub(super) fn of_a_segment(&self) -> u64 {
        self.segment_bytes.min(self.max_bytes / 4)
    }
}

/// Why batches were not taken. Nothing of them is in the spool, or nothing that counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The bound of the spool is reached.
    #[error("the spool holds as much as it may ({used} of {limit} bytes)")]
    Full {
        /// Bytes that it holds.
        used: u64,
        /// Bytes that it may hold.
        limit: u64,
    },
    /// The file system has too little room left.
    #[error("the disk of the data folder is full: {0}")]
    DiskFull(String),
    /// The batch is larger than a frame may be.
    #[error("a batch of {0} encoded bytes is too large for the spool")]
    TooLarge(usize),
    /// No new segment can be made, and the newest is full. The next batch tries it again.
    #[error("the spool's next segment cannot be made: {0}")]
    NoSegment(String),
    /// What the disk said cannot be trusted any more; the process has to start again.
    #[error("the spool cannot be written any more: {0}")]
    Poisoned(String),
    /// More batches wait for the disk than may.
    #[error("too many batches wait for the disk")]
    Busy,
    /// The service is stopping.
    #[error("the service is stopping")]
    Closed,
}

/// Whether the spool may hold so many bytes more.
pub(super) fn check_bound(bounds: &Bounds, used: u64, bytes: u64) -> Result<(), AppendError> {
    let limit = bounds.max_bytes;
    match used.saturating_add(bytes) > limit {
        true => Err(AppendError::Full { used, limit }),
        false => Ok(()),
    }
}

/// Whether the disk may.
pub(super) fn check_disk(disk: &dyn Disk, bounds: &Bounds, bytes: u64) -> Result<(), AppendError> {
    let room = disk::check_room(disk, bounds.min_free_disk, bytes);
    room.map_err(|little| AppendError::DiskFull(little.to_string()))
}
