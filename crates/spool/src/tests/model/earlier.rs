//! Batches of which an earlier version took records: those of a spool that it left, and those that are put back
//! or put off later, which are appended anew.

use super::Model;
use crate::frame::FORMAT_VERSION;
use crate::segment::numbers;
use crate::tests::older_segment::make_older;
use crate::tests::simulated_disk::SimulatedDisk;

/// What there is of them.
#[derive(Default)]
pub(in crate::tests) struct Earlier {
    /// How many batches were sent before the upgrade.
    pub(in crate::tests) before: usize,
    /// Whether there is one that was set aside, beside the spool.
    pub(in crate::tests) aside: bool,
    /// Whether it was told that there is none any more, there or in the spool.
    pub(in crate::tests) over: bool,
}

impl Model {
    /// An earlier version has written all that is there.
    pub(in crate::tests) fn upgrade(&mut self, disk: &SimulatedDisk) {
        let names: Vec<String> = disk.contents().into_keys().collect();
        for number in numbers(&names) {
            make_older(disk, number, FORMAT_VERSION - 1);
        }
        self.earlier = Earlier {
            before: self.sent.len(),
            ..Earlier::default()
        };
    }

    /// They come from there, or are copies of those that wait.
    pub(super) fn may_send_earlier(&self) -> bool {
        self.earlier.aside || self.waits_earlier().is_some()
    }

    /// Whether the batch with this sequence number is one of them.
    pub(in crate::tests) fn is_earlier(&self, seq: u64) -> bool {
        let number = self.held.get(&seq);
        number.is_some_and(|number| *number < self.earlier.before || self.sent[*number].earlier)
    }

    fn waits_earlier(&self) -> Option<u64> {
        self.unfinished().find(|seq| self.is_earlier(*seq))
    }

    /// What the spool says of them, beside what is aside.
    pub(in crate::tests) fn looked_for_earlier(&mut self, holds: bool) -> Result<(), String> {
        match self.waits_earlier() {
            Some(seq) if !holds => Err(format!("{seq} is of an earlier version, and is forgotten")),
            _ => {
                self.earlier.over |= !holds && !self.earlier.aside;
                Ok(())
            }
        }
    }

    /// A batch is handed out.
    pub(in crate::tests) fn check_earlier(&self, seq: u64) -> Result<(), String> {
        match self.earlier.over && self.is_earlier(seq) {
            true => Err(format!("{seq} is of an earlier version, which was over")),
            false => Ok(()),
        }
    }
}
