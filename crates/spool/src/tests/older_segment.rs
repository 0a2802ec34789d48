//! A segment as an earlier version wrote it.

use super::simulated_disk::SimulatedDisk;
use crate::disk::{Disk, write_all_at};
use crate::frame::SegmentHead;
use crate::segment::{Segment, name};

/// Makes a segment one that an earlier version wrote.
pub(super) fn make_older(disk: &SimulatedDisk, number: u64, version: u16) {
    let Ok(segment) = Segment::open(disk, number) else {
        panic!("{number} cannot be opened");
    };
    let head = SegmentHead {
        version,
        ..segment.head
    };
    let file = disk.open(&name(number)).unwrap();
    write_all_at(&*file, &head.encode(), 0).unwrap();
    file.sync().unwrap();
}
