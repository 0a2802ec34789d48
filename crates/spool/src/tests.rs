//! The spool on a real folder: what is appended comes out, in order, also after a restart.

mod bit_flips;
mod codec;
mod counts;
mod damage;
mod deferred;
mod earlier;
mod every_crash;
mod filler;
mod fixture;
mod identity;
mod inode;
mod life;
mod lingering;
mod machine;
mod model;
mod older_segment;
mod opened;
mod random;
mod refusal;
mod requests;
mod resting;
mod reverse_scan;
mod settling;
mod simulated_disk;
mod simulation;
mod tally;
mod tight_disk;
mod unreadable;

use super::disk::Folder;
use super::*;
use counts::Counts;
use logs::Timestamp;
use logs::clock::SystemClock;
use record::batch::{Batch, BatchBuilder};
use record::id::BatchId;
use std::path::Path;
use std::time::Duration;

fn place(folder: &Path) -> SpoolOptions {
    SpoolOptions {
        disk: Arc::new(Folder::create(folder).unwrap()),
        bounds: Bounds {
            max_bytes: 1 << 20,
            min_free_disk: 0,
            segment_bytes: 4096,
        },
        clock: Arc::new(SystemClock::start()),
        accounts: Arc::new(Counts::default()),
        id: [0; 16],
        forgotten_below: 0,
        earlier: false,
    }
}

/// A place, and what those who count its records are told.
fn counted(folder: &Path) -> (SpoolOptions, Arc<Counts>) {
    let counts = Arc::<Counts>::default();
    let accounts = Arc::clone(&counts);
    let place = SpoolOptions {
        accounts,
        ..place(folder)
    };
    (place, counts)
}

fn batch(number: usize) -> Batch {
    let id = BatchId::keyed(&number.to_string(), b"body");
    let mut builder = BatchBuilder::new(id, None, Timestamp::from_nanos(5), usize::MAX);
    for record in 0..=number % 3 {
        let text = format!("{number}-{record}");
        builder.record(None, Some("INFO"), &text, |_| Ok(()));
    }
    builder.finish().0
}

const ALL: Portion = Portion {
    documents: 7,
    bytes: 1 << 20,
};

async fn append(spool: &Spool, numbers: std::ops::Range<usize>) {
    for number in numbers {
        spool.append(batch(number), ()).await.unwrap();
    }
}

async fn take_portion(source: &mut Consumer) -> Vec<(u64, BatchId)> {
    numbered(&source.next(ALL).await.unwrap().unwrap())
}

fn numbered(portion: &[Spooled]) -> Vec<(u64, BatchId)> {
    let numbered = portion
        .iter()
        .map(|spooled| (spooled.seq, spooled.batch.id));
    numbered.collect()
}

async fn take(source: &mut Consumer, count: usize) -> Vec<(u64, BatchId)> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.extend(take_portion(source).await);
    }
    taken
}

fn expected(numbers: std::ops::Range<usize>) -> Vec<(u64, BatchId)> {
    numbers
        .map(|number| (number as u64 + 1, batch(number).id))
        .collect()
}

#[tokio::test]
async fn what_was_appended_comes_out_in_order_and_again_after_a_restart_until_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let (place_one, counts) = counted(folder.path());
    let (spool, _committer, mut source) = open(place_one, false).unwrap();
    append(&spool, 0..100).await;
    assert_eq!(take(&mut source, 100).await, expected(0..100));
    for seq in 1..=60 {
        let records = (seq - 1) % 3 + 1;
        let outcome = BatchOutcome {
            stored: records,
            ..BatchOutcome::default()
        };
        spool.done(seq, 0, outcome);
    }
    spool.tidy().unwrap();
    let told = counts.told();
    assert_eq!(told.received, told.stored + told.waiting);
    drop((spool, source));

    // Not closed: as if it had been killed.
    let (place_two, counts) = counted(folder.path());
    let (spool, committer, mut source) = open(place_two, false).unwrap();
    assert_eq!(counts.told().recovered, told.waiting);
    append(&spool, 100..120).await;
    assert_eq!(take(&mut source, 60).await, expected(60..120));
    tokio::task::spawn_blocking(|| committer.close())
        .await
        .unwrap();
    spool.mark_clean().unwrap();
    assert!(source.next(ALL).await.unwrap().is_none());

    let (spool, _committer, mut source) = open(place(folder.path()), false).unwrap();
    append(&spool, 120..130).await;
    assert_eq!(take(&mut source, 70).await, expected(60..130));
}

#[tokio::test]
async fn a_batch_that_is_ended_twice_is_counted_once_and_holds_up_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (place, counts) = counted(folder.path());
    let (spool, _committer, mut source) = open(place, false).unwrap();
    append(&spool, 0..100).await;
    take(&mut source, 100).await;
    let stored = |seq: u64| BatchOutcome {
        stored: (seq - 1) % 3 + 1,
        ..BatchOutcome::default()
    };
    // Ahead of one that is not done, and behind all that are.
    for seq in [2, 2, 1, 2, 1] {
        spool.done(seq, 0, stored(seq));
    }
    let told = counts.told();
    assert_eq!(told.stored, 1 + 2);
    assert_eq!(told.received, told.stored + told.waiting);
    assert_eq!(spool.snapshot().batches, 98);
    for seq in 3..=100 {
        spool.done(seq, 0, stored(seq));
    }
    assert!(spool.is_done_below(101));
    spool.tidy().unwrap();
    assert_eq!(spool.shared.state().spans.len(), 1, "segments are kept");
}

#[tokio::test]
async fn a_full_spool_refuses_and_takes_batches_again_when_segments_are_done() {
    let folder = tempfile::tempdir().unwrap();
    let (mut place, counts) = counted(folder.path());
    place.bounds.max_bytes = 20_000;
    let (spool, _committer, mut source) = open(place, false).unwrap();
    let mut taken = 0;
    let refused = loop {
        match spool.append(batch(taken), ()).await {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(refused, AppendError::Full { limit: 20_000, .. }),
        "{refused}"
    );
    assert_eq!(counts.told().not_taken, (taken % 3 + 1) as u64);
    assert_eq!(take(&mut source, taken).await, expected(0..taken));
    for seq in 1..=taken as u64 {
        spool.done(seq, 0, BatchOutcome::default());
    }
    spool.tidy().unwrap();
    append(&spool, taken..taken + 20).await;
    assert_eq!(take(&mut source, 20).await, expected(taken..taken + 20));
}

#[tokio::test]
async fn it_is_told_once_that_four_fifths_are_full_and_again_after_room_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let (mut place, _) = counted(folder.path());
    place.bounds.max_bytes = 20_000;
    let (spool, _committer, mut source) = open(place, false).unwrap();
    let warned = || spool.shared.state().warned;
    let mut taken = 0;
    while spool.append(batch(taken), ()).await.is_ok() {
        taken += 1;
        assert_eq!(warned(), spool.snapshot().bytes > 16_000);
    }
    assert!(warned());
    take(&mut source, taken).await;
    for seq in 1..=taken as u64 {
        assert_eq!(warned(), spool.snapshot().bytes > 16_000);
        spool.done(seq, 0, BatchOutcome::default());
        spool.tidy().unwrap();
    }
    assert!(!warned());
}

#[tokio::test]
async fn whoever_stops_waiting_for_the_next_batches_gets_them_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, source) = open(place(folder.path()), false).unwrap();
    append(&spool, 0..100).await;
    drop((spool, source));
    let (_spool, _committer, mut source) = open(place(folder.path()), false).unwrap();
    let taken = tokio::time::timeout(Duration::from_secs(30), async {
        let mut taken = Vec::new();
        while taken.len() < 100 {
            tokio::select! {
                biased;
                portion = source.next(ALL) => taken.extend(numbered(&portion.unwrap().unwrap())),
                () = std::future::ready(()) => {}
            }
            if taken.len() < 100 {
                taken.extend(take_portion(&mut source).await);
            }
        }
        taken
    });
    let taken = taken.await.expect("what was being read is lost");
    assert_eq!(taken, expected(0..100));
}

#[test]
fn a_batch_that_came_into_memory_while_it_was_read_from_disk_is_handed_out_once() {
    let disk = simulated_disk::SimulatedDisk::with_contents(&fixture::Contents::new());
    let mut opened = opened::open(&disk, fixture::bounds(1 << 20), 1, false).unwrap();
    for answer in opened.append(vec![batch(0), batch(1)]) {
        answer.unwrap();
    }
    let read_meanwhile = batch(0);
    let mut state = opened.spool.shared.state();
    state.hand_out(1, read_meanwhile.received_at);
    assert_eq!(
        state.peek_hot().map(|next| next.id),
        Some(batch(1).id),
        "the next one is handed out from memory"
    );
    drop(state);
    let rest = opened.source.next_now(ALL).unwrap();
    assert_eq!(numbered(&rest), [(2, batch(1).id)]);
}
