//! Refused records that wait in the spool: a later copy of what it holds already.

use super::super::portion::PortionBuilder;
use super::*;

#[tokio::test]
async fn a_deferred_batch_passes_the_bounds_is_not_counted_again_and_is_known_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (mut bounded, counts) = counted(folder.path());
    bounded.bounds.max_bytes = 16 << 10;
    let (spool, committer, mut source) = open(bounded.clone(), false).unwrap();
    let mut taken = 0;
    while spool.append(batch(taken), ()).await.is_ok() {
        taken += 1;
    }
    let before = counts.told();
    let deferred = spool.append(batch(0).deferred(), ()).await.unwrap();
    assert_eq!(deferred, taken as u64 + 1);
    let told = counts.told();
    assert_eq!(
        (told.received, told.waiting),
        (before.received, before.waiting)
    );
    // The older copy goes on in the later one.
    let gone_on = BatchOutcome {
        deferred: 1,
        ..BatchOutcome::default()
    };
    spool.done(1, 0, gone_on);
    assert_eq!(counts.told().waiting, before.waiting);
    assert_eq!(take(&mut source, taken + 1).await.len(), taken + 1);
    let bound = bounded.bounds.max_bytes;
    tokio::task::spawn_blocking(|| committer.close())
        .await
        .unwrap();
    drop((spool, source));

    bounded.bounds.max_bytes = bound;
    let (spool, _committer, mut source) = open(bounded, false).unwrap();
    let mut flags = Vec::new();
    while flags.len() < taken {
        let portion = source.next(ALL).await.unwrap().unwrap();
        flags.extend(portion.iter().map(|one| (one.seq, one.batch.is_deferred())));
    }
    let marked: Vec<u64> = flags
        .iter()
        .filter(|(_, flag)| *flag)
        .map(|(seq, _)| *seq)
        .collect();
    assert_eq!(marked, [deferred]);
    drop(spool);
}

#[tokio::test]
async fn a_batch_that_was_handed_out_is_found_again_by_its_number_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, mut source) = open(place(folder.path()), false).unwrap();
    append(&spool, 0..100).await;
    take(&mut source, 100).await;
    let mut lookup = spool.lookup();
    let orders: [Vec<u64>; 3] = [
        (1..=100).collect(),
        (1..=100).rev().collect(),
        (1..=100).map(|number| number * 37 % 101).collect(),
    ];
    for order in orders {
        for seq in order {
            let found = lookup.batch(seq).unwrap().unwrap();
            let number = usize::try_from(seq).unwrap() - 1;
            assert_eq!((found.seq, found.batch.id), (seq, batch(number).id));
        }
    }
    for unknown in [0, 101] {
        assert!(lookup.batch(unknown).unwrap().is_none());
    }
    // What comes later is found by the same one.
    append(&spool, 100..101).await;
    assert_eq!(lookup.batch(101).unwrap().unwrap().batch.id, batch(100).id);
}

#[tokio::test]
async fn what_is_looked_up_together_is_as_much_as_a_portion_holds() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, mut source) = open(place(folder.path()), false).unwrap();
    append(&spool, 0..20).await;
    take(&mut source, 20).await;
    let mut lookup = spool.lookup();
    let (mut left, mut found): (Vec<u64>, Vec<_>) = ((1..=20).collect(), Vec::new());
    while !left.is_empty() {
        let (looked_for, portion) = lookup.portion(left.clone(), ALL).unwrap();
        let records: usize = portion.iter().map(|one| one.batch.documents.len()).sum();
        assert!((1..=ALL.documents).contains(&records), "{records}");
        found.extend(numbered(&portion));
        left.drain(..looked_for.len());
    }
    assert_eq!(found, expected(0..20));
    assert_eq!(lookup.portion([77], ALL).unwrap().0, [77]);
}

#[test]
fn a_portion_holds_as_much_as_it_may_or_one_larger_batch() {
    let bytes = 5 * batch(0).documents.encoded_bytes();
    let bounded = |documents, bytes| Portion { documents, bytes };
    for (portion, most) in [
        (bounded(5, usize::MAX), 5),
        (bounded(usize::MAX, bytes), 5),
        (bounded(usize::MAX, bytes - 1), 4),
        (bounded(0, 0), 1),
    ] {
        let mut builder = PortionBuilder::new(portion);
        while builder.has_room(&batch(0)) {
            let (seq, batch) = (1, batch(0));
            builder.add(Spooled { seq, batch });
        }
        assert_eq!(builder.batches.len(), most, "{portion:?}");
    }
}

#[tokio::test]
async fn only_what_is_not_in_the_newest_segment_keeps_one() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, mut source) = open(place(folder.path()), false).unwrap();
    assert_eq!(spool.keeps_segments(), None);
    append(&spool, 0..1).await;
    assert_eq!(spool.keeps_segments(), None);
    append(&spool, 1..100).await;
    take(&mut source, 100).await;
    let kept = spool.keeps_segments().unwrap();
    assert!(spool.is_handed_out_below(101) && !spool.is_handed_out_below(102));
    assert_eq!(
        spool.snapshot().bytes - newest(folder.path()),
        kept.older_bytes
    );
    assert_eq!((kept.segment_bytes, kept.is_half_full), (4096, false));
    let kept = kept.numbers;
    assert_eq!(kept.start, 1);
    assert!((2..100).contains(&kept.end), "{kept:?}");
    for seq in kept.clone() {
        spool.done(seq, 0, BatchOutcome::default());
    }
    let next = spool.keeps_segments().unwrap().numbers;
    assert_eq!(next.start, kept.end);
    for seq in next.start..=100 {
        spool.done(seq, 0, BatchOutcome::default());
    }
    assert_eq!(spool.keeps_segments(), None);
}

#[tokio::test]
async fn what_was_not_handed_out_is_not_known_to_be_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, mut source) = open(place(folder.path()), false).unwrap();
    append(&spool, 0..100).await;
    let mut known = Vec::new();
    let mut handed_out = 0;
    while handed_out < 100 {
        known.push(spool.keeps_segments().unwrap().older_bytes);
        handed_out += take_portion(&mut source).await.len();
    }
    assert!(known.is_sorted() && known[0] == 0 && known.last() > Some(&4096));
    let all = spool.snapshot().bytes - newest(folder.path());
    assert_eq!(spool.keeps_segments().unwrap().older_bytes, all);
    // Two full segments of them are the newest.
    let numbers = spool.newest_numbers();
    assert_eq!(numbers.end, 101);
    let files = std::fs::read_dir(folder.path()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut first: Vec<u64> = names
        .filter_map(|name| name.strip_suffix(".seg")?.parse().ok())
        .collect();
    first.sort_unstable();
    assert!(first.len() > 4 && first[first.len() - 3..].contains(&numbers.start));
}

#[tokio::test]
async fn the_newest_segment_is_among_the_newest_however_large_one_batch_made_it() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, _source) = open(place(folder.path()), false).unwrap();
    let (id, time) = (BatchId::keyed("large", b""), Timestamp::from_nanos(5));
    let mut builder = BatchBuilder::new(id, None, time, usize::MAX);
    builder.record(None, None, &"x".repeat(3 * 4096), |_| Ok(()));
    let large = spool.append(builder.finish().0, ()).await.unwrap();
    assert_eq!(spool.newest_numbers(), large..large + 1);
}

/// The length of the newest segment.
fn newest(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let segments = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "seg"));
    let newest = segments.max_by_key(std::fs::DirEntry::file_name).unwrap();
    newest.metadata().unwrap().len()
}
