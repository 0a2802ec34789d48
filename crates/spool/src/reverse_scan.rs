//! Which batches are on disk, newest segment first: what a start can remember.

use super::disk::Disk;
use super::frame::{self, BatchHead};
use super::frame_cursor::Step;
use super::segment::Segment;
use std::sync::Arc;

/// A batch that is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScannedBatch {
    /// Its place in the order of acknowledgement.
    pub seq: u64,
    /// What its head says.
    pub head: BatchHead,
}

/// Goes back over the segments.
pub struct ReverseScan {
    disk: Arc<dyn Disk>,
    /// Oldest first; those that were gone over are taken off.
    segments: Vec<u64>,
}

impl ReverseScan {
    pub(super) fn new(disk: Arc<dyn Disk>, segments: Vec<u64>) -> Self {
        Self { disk, segments }
    }

    /// The batches of the next older segment, newest first; `None` behind the oldest. Blocks on the
    /// disk. What cannot be read is left out: whoever hands it on says why.
    pub fn segment(&mut self) -> Option<Vec<ScannedBatch>> {
        let number = self.segments.pop()?;
        let mut found = self.read(number).unwrap_or_default();
        found.reverse();
        Some(found)
    }

    /// Whether there are older ones.
    pub fn has_more(&self) -> bool {
        !self.segments.is_empty()
    }

    fn read(&self, number: u64) -> Option<Vec<ScannedBatch>> {
        let mut cursor = Segment::open(&*self.disk, number).ok()?.frames();
        let mut found = Vec::new();
        while let Ok(Step::Frame(head, _)) = cursor.step() {
            let heads = frame::batch_heads(&head, cursor.payload()).unwrap_or_default();
            let numbered = (head.first_seq..).zip(heads);
            found.extend(numbered.map(|(seq, head)| ScannedBatch { seq, head }));
        }
        Some(found)
    }
}
