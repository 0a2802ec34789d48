//! The hint "done below": how far the store had everything, so that a start replays little.
//!
//! Written without a sync after durable inserts. It can be old, never wrong; torn or lost, it is as
//! if it were old, and nothing depends on it.

use super::disk::{self, Disk, DiskFile};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const NAME: &str = "done";
const BYTES: usize = 12;

/// The hint's file, which is made when it is written first.
pub(super) struct Hint {
    disk: Arc<dyn Disk>,
    file: Mutex<Option<Arc<dyn DiskFile>>>,
}

impl Hint {
    pub(super) fn new(disk: Arc<dyn Disk>) -> Self {
        let file = Mutex::new(None);
        Self { disk, file }
    }

    /// The first sequence number of which it is not known that the store has it; 0 when nothing is.
    pub(super) fn read(disk: &dyn Disk) -> io::Result<u64> {
        let file = match disk.open(NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            file => file?,
        };
        let mut bytes = [0; BYTES];
        disk::read_full_at(&*file, &mut bytes, 0)?;
        let (value, sum) = bytes.split_at(8);
        let intact = crc32c::crc32c(value).to_le_bytes() == sum;
        let value = value.first_chunk().copied().map_or(0, u64::from_le_bytes);
        Ok(if intact { value } else { 0 })
    }

    /// Writes it.
    pub(super) fn write(&self, done_below: u64) -> io::Result<()> {
        let value = done_below.to_le_bytes();
        let sum = crc32c::crc32c(&value).to_le_bytes();
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match &mut *file {
            Some(file) => file,
            none => none.insert(self.open()?),
        };
        disk::write_all_at(&**file, &[&value[..], &sum[..]].concat(), 0)
    }

    fn open(&self) -> io::Result<Arc<dyn DiskFile>> {
        match self.disk.open(NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.disk.create(NAME),
            file => file,
        }
    }
}
