//! Large frames end where a block of the disk ends.

use super::fixture::{LARGE, bounds};
use super::older_segment::make_older;
use super::opened::{Opened, dumped, open};
use super::simulated_disk::SimulatedDisk;
use super::{ALL, batch, numbered};
use crate::frame::{FORMAT_VERSION, FRAME_HEAD_BYTES, batch_bytes};
use crate::log::{FILLED_BYTES, FILLED_TO};
use crate::segment::{Segment, name};
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder};
use record::id::BatchId;
use std::collections::BTreeMap;

fn large(number: usize) -> Batch {
    let id = BatchId::keyed(&number.to_string(), b"large");
    let mut builder = BatchBuilder::new(id, None, Timestamp::from_nanos(5), usize::MAX);
    let text = "x".repeat(FILLED_BYTES + number);
    builder.record(None, Some("INFO"), &text, |_| Ok(()));
    builder.finish().0
}

/// One whose frame is just as large as one that is filled.
fn least_large() -> Batch {
    let batch = |length: usize| {
        let id = BatchId::keyed("least", b"large");
        let mut builder = BatchBuilder::new(id, None, Timestamp::from_nanos(5), usize::MAX);
        builder.record(None, Some("INFO"), &"x".repeat(length), |_| Ok(()));
        builder.finish().0
    };
    let exact = |batch: &Batch| batch_bytes(batch) + FRAME_HEAD_BYTES == FILLED_BYTES;
    (1..FILLED_BYTES).map(batch).find(exact).unwrap()
}

fn append(opened: &mut Opened, batch: Batch) {
    for answer in opened.append(vec![batch]) {
        answer.unwrap();
    }
}

fn end_of(disk: &SimulatedDisk, first_seq: u64) -> usize {
    disk.contents()[&name(first_seq)].len()
}

#[test]
fn a_large_frame_ends_a_block_and_a_small_one_takes_only_what_it_needs() {
    let disk = SimulatedDisk::with_contents(&BTreeMap::new());
    let mut opened = open(&disk, bounds(LARGE), 1, false).unwrap();
    for number in 0..FILLED_TO {
        append(&mut opened, large(number));
        assert_eq!(end_of(&disk, 1) % FILLED_TO, 0, "{number}");
    }
    append(&mut opened, least_large());
    assert_eq!(
        end_of(&disk, 1) % FILLED_TO,
        0,
        "the smallest that is large"
    );
    let before = end_of(&disk, 1);
    let small = batch(0);
    let bytes = batch_bytes(&small) + FRAME_HEAD_BYTES;
    append(&mut opened, small);
    assert_eq!(end_of(&disk, 1), before + bytes);
    let used = opened
        .spool
        .shared
        .used
        .load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(used, end_of(&disk, 1) as u64, "filler is counted, too");
    append(&mut opened, large(0));
    assert_eq!(end_of(&disk, 1) % FILLED_TO, 0, "whatever came before");
    drop(opened);
    let mut again = open(&disk, bounds(LARGE), 2, false).unwrap();
    let mut taken = Vec::new();
    loop {
        match again.source.next_now(ALL).unwrap() {
            portion if portion.is_empty() => break,
            portion => taken.extend(numbered(&portion)),
        }
    }
    let others = [least_large(), batch(0), large(0)];
    let sent = (0..FILLED_TO).map(large).chain(others);
    let sent: Vec<_> = (1..).zip(sent.map(|batch| batch.id)).collect();
    assert_eq!(taken, sent);
}

#[test]
fn nothing_is_appended_to_a_segment_that_an_earlier_version_began() {
    for version in 1..FORMAT_VERSION {
        let disk = SimulatedDisk::with_contents(&BTreeMap::new());
        let mut opened = open(&disk, bounds(LARGE), 1, false).unwrap();
        append(&mut opened, batch(0));
        opened.spool.mark_clean().unwrap();
        drop(opened);
        make_older(&disk, 1, version);

        let before = end_of(&disk, 1);
        let mut opened = open(&disk, bounds(LARGE), 2, false).unwrap();
        append(&mut opened, batch(7));
        drop(opened);
        assert_eq!(end_of(&disk, 1), before);
        let Ok(next) = Segment::open(&disk, 2) else {
            panic!("another segment was to be begun");
        };
        assert_eq!(next.head.version, FORMAT_VERSION);
        let ids: Vec<_> = dumped(&disk)
            .into_iter()
            .map(|(_, batch)| batch.id)
            .collect();
        assert_eq!(ids, [batch(0).id, batch(7).id]);
    }
}
