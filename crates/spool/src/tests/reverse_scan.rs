//! What a start remembers of what is on disk.

use super::fixture::Fixture;
use super::refusal::opened;
use super::{append, batch, place};
use crate::open;

#[tokio::test]
async fn every_batch_on_disk_is_found_newest_segment_first() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, _source) = open(place(folder.path()), false).unwrap();
    append(&spool, 0..100).await;
    drop(spool);
    let (spool, _committer, _source) = open(place(folder.path()), false).unwrap();
    let mut back = spool.scan_back();
    let (mut found, mut segments) = (Vec::new(), 0);
    while let Some(batches) = back.segment() {
        segments += 1;
        found.extend(batches);
    }
    assert!(segments > 2 && !back.has_more(), "{segments}");
    let ids: Vec<_> = found.iter().map(|found| found.head.id).collect();
    let expected: Vec<_> = (0..100).rev().map(|number| batch(number).id).collect();
    assert_eq!(ids, expected);
    assert!(found.iter().all(|found| spool.waits(found.seq)));
    let records: u32 = found.iter().map(|found| found.head.records).sum();
    let expected: usize = (0..100).map(|number| batch(number).documents.len()).sum();
    assert_eq!(records as usize, expected);
}

/// A key that was read from damaged bytes would make a batch look accepted that is not there.
#[test]
fn nothing_is_remembered_of_a_damaged_frame_or_behind_it() {
    let fixture = Fixture::new(5, true, true);
    let oldest = fixture.segments()[0];
    let mut looked = 0;
    for bit in fixture.bits(oldest).step_by(11) {
        let disk = fixture.flipped(oldest, bit);
        let frame = fixture.frame_at(oldest, bit / 8);
        let frame = frame.filter(|frame| !frame.seqs.is_empty());
        // A sealed segment is not read at the start; damage to its head is seen there.
        let (Some(frame), Ok(opened)) = (frame, opened(&disk, false)) else {
            continue;
        };
        looked += 1;
        let mut back = opened.spool.scan_back();
        let mut found = Vec::new();
        while let Some(batches) = back.segment() {
            found = batches;
        }
        found.reverse();
        let ids: Vec<_> = found.iter().map(|found| found.head.id).collect();
        let intact = fixture.batches.iter();
        let intact = intact.filter(|(seq, _)| *seq < frame.seqs.start);
        assert_eq!(
            ids,
            intact.map(|(_, id)| *id).collect::<Vec<_>>(),
            "bit {bit}"
        );
    }
    assert!(looked > 100, "{looked}");
}
