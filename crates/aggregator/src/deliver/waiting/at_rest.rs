//! What waits beside nothing else is left where it is, however much it is.

use super::Waiting;
use crate::breaker::Settings;
use crate::deliver::deferral::Refusal;
use crate::deliver::memory_disk::MemoryDisk;
use crate::deliver::scripted::{Answer, Fixture, Place, TIMEOUT, batch, open};
use spool::{BatchOutcome, Bounds};
use std::sync::Arc;
use store::Refused;

const BATCHES: usize = 40;

fn full() -> Fixture {
    full_on(&MemoryDisk::default(), 700)
}

pub(super) fn full_on(disk: &MemoryDisk, segment_bytes: u64) -> Fixture {
    disk.begin(u64::MAX);
    let place = Place {
        spool: disk.folder("spool"),
        dead_letters: disk.folder("rejected"),
        bounds: Bounds {
            max_bytes: 1 << 20,
            min_free_disk: 0,
            segment_bytes,
        },
        max_dead_letters: 0,
    };
    let script = |messages: &[String]| {
        let bad = |(place, text): (usize, &String)| text.starts_with("bad").then_some(place);
        Answer::Judge(
            Vec::new(),
            messages.iter().enumerate().filter_map(bad).collect(),
        )
    };
    open(&place, Settings::write_lane(TIMEOUT), Box::new(script)).unwrap()
}

/// Delivers what comes until so many batches are parked, or as many came.
pub(super) async fn deliver(place: &mut Fixture, batches: usize) {
    let mut came = 0;
    while came < batches {
        let portion = place.next().await;
        came += portion.len();
        place.park_or_deliver(portion).await;
    }
}

#[tokio::test]
async fn refused_records_of_many_segments_are_moved_once_and_then_only_when_room_is_to_be_gained() {
    let mut place = full();
    let mut waiting = Waiting::new(Arc::clone(&place.delivery));
    for number in 0..BATCHES {
        let key = number.to_string();
        let sent = batch(&key, &["bad"], true);
        place.delivery.spool.append(sent, ()).await.unwrap();
    }
    // Each comes, is put off, and comes again to be parked.
    deliver(&mut place, 2 * BATCHES).await;
    let spool = place.delivery.spool.clone();
    let mut rounds = 0;
    loop {
        spool.tidy().unwrap();
        let before = spool.next_seq();
        while waiting.move_on().await {}
        let moved = usize::try_from(spool.next_seq() - before).unwrap();
        if moved == 0 {
            break;
        }
        deliver(&mut place, moved).await;
        rounds += 1;
        assert!(rounds < 10, "it is moved for ever");
    }
    assert_eq!(place.delivery.deferral.parked().len(), BATCHES);
    // What is stored between them is of no use, and makes it worth while.
    let at_rest = spool.snapshot().bytes;
    for number in 0..10 * BATCHES {
        let sent = batch(&format!("good {number}"), &["good"], true);
        spool.append(sent, ()).await.unwrap();
    }
    deliver(&mut place, 10 * BATCHES).await;
    spool.tidy().unwrap();
    assert!(spool.snapshot().bytes > 5 * at_rest);
    let mut moved = true;
    while moved {
        let before = spool.next_seq();
        moved = waiting.move_on().await;
        let came = usize::try_from(spool.next_seq() - before).unwrap();
        deliver(&mut place, came).await;
        spool.tidy().unwrap();
    }
    assert!(
        spool.snapshot().bytes < 3 * at_rest,
        "{} of {at_rest}",
        spool.snapshot().bytes
    );
    assert_eq!(place.delivery.deferral.parked().len(), BATCHES);
}

/// Ends the process as a kill does, and starts it again.
pub(super) async fn killed(place: Fixture, disk: &MemoryDisk, segment_bytes: u64) -> Fixture {
    place.kill().await;
    full_on(disk, segment_bytes)
}

/// Has so many batches with a refused record parked, one after another.
async fn parked(disk: &MemoryDisk, segment_bytes: u64) -> Fixture {
    let mut place = full_on(disk, segment_bytes);
    for number in 0..BATCHES {
        let sent = batch(&number.to_string(), &["good", "bad"], true);
        place.delivery.spool.append(sent, ()).await.unwrap();
        deliver(&mut place, 2).await;
    }
    place
}

#[tokio::test]
async fn a_start_appends_no_copy_of_what_waits_already_however_soon_it_is_killed() {
    let (disk, segment_bytes) = (MemoryDisk::default(), 1 << 20);
    let mut place = parked(&disk, segment_bytes).await;
    let next_seq = place.delivery.spool.next_seq();
    for life in 0..4 {
        place = killed(place, &disk, segment_bytes).await;
        let mut waiting = Waiting::new(Arc::clone(&place.delivery));
        let portions = if life < 3 { life } else { usize::MAX };
        let mut came = 0;
        while came < portions && place.delivery.deferral.parked().len() < BATCHES {
            let portion = place.next_of(BATCHES).await;
            place.park_or_deliver(portion).await;
            assert!(!place.delivery.deferral.is_empty());
            while waiting.keep_put_off().await || waiting.move_on().await {}
            came += 1;
        }
        let spool = &place.delivery.spool;
        assert_eq!(spool.next_seq(), next_seq, "life {life}");
        let counts = place.accounting.snapshot();
        let ended = counts.stored + counts.already_stored;
        assert_eq!(counts.recovered, ended + counts.waiting);
    }
    let mut waiting = Waiting::new(Arc::clone(&place.delivery));
    while waiting.keep_put_off().await {}
    let counts = place.accounting.snapshot();
    assert_eq!(counts.waiting, BATCHES as u64);
}

#[tokio::test]
async fn a_refused_record_of_the_last_life_that_has_no_copy_yet_gets_one() {
    let disk = MemoryDisk::default();
    let mut place = full_on(&disk, 1 << 20);
    for key in ["a", "b"] {
        let sent = batch(key, &["good", "bad", "good", "bad"], false);
        place.delivery.spool.append(sent, ()).await.unwrap();
    }
    place = killed(place, &disk, 1 << 20).await;
    let mut waiting = Waiting::new(Arc::clone(&place.delivery));
    let first = place.next_of(1).await;
    place.park_or_deliver(first).await;
    assert!(!waiting.keep_put_off().await);
    deliver(&mut place, 1).await;
    assert!(waiting.keep_put_off().await);
    deliver(&mut place, 2).await;
    let parked = place.delivery.deferral.parked().records();
    assert_eq!((parked, place.accounting.snapshot().waiting), (4, 4));
    assert!(place.delivery.spool.is_done_below(3));
    assert!(place.delivery.deferral.put_off.is_empty());
}

#[tokio::test]
async fn no_more_is_put_off_than_memory_is_meant_for_and_it_comes_in_portions() {
    let disk = MemoryDisk::default();
    let place = full_on(&disk, 1 << 20);
    for key in ["a", "b", "c"] {
        let sent = batch(key, &["bad"], true);
        place.delivery.spool.append(sent, ()).await.unwrap();
    }
    let mut place = killed(place, &disk, 1 << 20).await;
    let delivery = Arc::clone(&place.delivery);
    let (put_off, spool) = (&delivery.deferral.put_off, &delivery.spool);
    let refusal = |records: usize| Refusal {
        outcome: BatchOutcome::default(),
        refused: (0..records)
            .map(|position| Refused {
                position,
                reason: String::new(),
            })
            .collect(),
        bytes: 10,
    };
    put_off.add(1, refusal(49_999), spool).unwrap();
    put_off.add(2, refusal(2), spool).unwrap_err();
    put_off.add(2, refusal(1), spool).unwrap();
    // It is not of what the start found.
    put_off.add(4, refusal(0), spool).unwrap_err();
    assert!(put_off.take(spool, 9, 99).is_empty() && !put_off.is_empty());
    place.next().await;
    for (bytes, numbers) in [(19, vec![1]), (0, vec![2]), (99, vec![])] {
        let taken = put_off.take(spool, 9, bytes);
        assert_eq!(taken.into_keys().collect::<Vec<_>>(), numbers);
    }
    assert!(put_off.is_empty());
    // Nothing can come any more.
    put_off.add(3, refusal(1), spool).unwrap_err();
}

#[tokio::test]
async fn a_batch_that_is_sent_again_waits_in_the_copy_that_is_there() {
    let disk = MemoryDisk::default();
    let mut place = parked(&disk, 1 << 20).await;
    let before = place.delivery.spool.next_seq();
    let again = batch("1", &["good", "bad"], true);
    place.delivery.spool.append(again, ()).await.unwrap();
    deliver(&mut place, 1).await;
    assert_eq!(place.delivery.spool.next_seq(), before + 1);
    assert_eq!(place.accounting.snapshot().waiting, BATCHES as u64);
}

#[tokio::test]
async fn while_a_start_still_reads_what_waits_nothing_of_it_is_moved() {
    let (disk, segment_bytes) = (MemoryDisk::default(), 1000);
    let mut place = full_on(&disk, segment_bytes);
    for number in 0..BATCHES {
        let copy = batch(&number.to_string(), &["bad"], true).deferred();
        place.delivery.spool.append(copy, ()).await.unwrap();
    }
    place = killed(place, &disk, segment_bytes).await;
    let mut waiting = Waiting::new(Arc::clone(&place.delivery));
    while place.delivery.deferral.parked().len() < BATCHES {
        let portion = place.next_of(2).await;
        place.park_or_deliver(portion).await;
        let known = place.delivery.deferral.parked().len();
        assert!(!waiting.move_on().await, "{known} of {BATCHES} are known");
    }
}
