//! What was put off is kept when it can be, and holds up nothing until then.

use super::Waiting;
use super::at_rest::{deliver, full_on, killed};
use crate::deliver::memory_disk::MemoryDisk;
use crate::deliver::scripted::{Fixture, TIMEOUT, batch};
use std::sync::Arc;

const SEGMENT: u64 = 1 << 20;

/// A start that has found one parked batch, and a refusal that is put off, of which every copy is known.
async fn started(disk: &MemoryDisk) -> (Fixture, Waiting) {
    let place = full_on(disk, SEGMENT);
    let parked = batch("parked", &["bad"], true).deferred();
    let put_off = batch("put off", &["good", "bad", "bad"], true);
    for sent in [put_off, parked] {
        place.delivery.spool.append(sent, ()).await.unwrap();
    }
    let mut place = killed(place, disk, SEGMENT).await;
    for _ in 0..2 {
        let portion = place.next_of(1).await;
        place.park_or_deliver(portion).await;
    }
    let deferral = &place.delivery.deferral;
    assert!(deferral.parked().len() == 1 && !deferral.put_off.is_empty());
    let waiting = Waiting::new(Arc::clone(&place.delivery));
    (place, waiting)
}

#[tokio::test]
async fn a_refusal_that_can_be_kept_nowhere_does_not_keep_the_store_from_being_asked_again() {
    let disk = MemoryDisk::default();
    let (mut place, mut waiting) = started(&disk).await;
    disk.fill(0);
    for _ in 0..3 {
        let tried = tokio::time::timeout(TIMEOUT, waiting.keep_put_off()).await;
        assert!(!tried.expect("it does not wait for room"));
        let before = place.inserts();
        waiting.look().await;
        assert_eq!(place.inserts(), before + 1);
    }
    let problem = place.delivery.problem().unwrap();
    assert!(problem.starts_with("3 refused records wait"), "{problem}");
    disk.fill(usize::MAX);
    assert!(waiting.keep_put_off().await && !waiting.keep_put_off().await);
    assert!(place.delivery.deferral.put_off.is_empty());
    deliver(&mut place, 1).await;
    assert_eq!(place.delivery.deferral.parked().records(), 3);
    let counts = place.accounting.snapshot();
    assert_eq!((counts.waiting, counts.rejected.set_aside), (3, 0));
}

#[tokio::test]
async fn a_parked_batch_that_can_be_kept_nowhere_without_its_stored_records_stays_parked() {
    let disk = MemoryDisk::default();
    let mut place = full_on(&disk, SEGMENT);
    let mut waiting = Waiting::new(Arc::clone(&place.delivery));
    let sent = batch("parked", &["good", "bad"], true).deferred();
    place.delivery.spool.append(sent, ()).await.unwrap();
    deliver(&mut place, 1).await;
    disk.fill(0);
    let looked = tokio::time::timeout(TIMEOUT, waiting.look()).await;
    looked.expect("it does not wait for room");
    assert_eq!(place.delivery.deferral.parked().records(), 2);
    disk.fill(usize::MAX);
    waiting.look().await;
    deliver(&mut place, 1).await;
    assert_eq!(place.delivery.deferral.parked().records(), 1);
    assert!(place.delivery.spool.is_done_below(2));
}

#[tokio::test]
async fn a_refusal_whose_batch_cannot_be_read_once_is_kept_when_it_can() {
    let disk = MemoryDisk::default();
    let (mut place, mut waiting) = started(&disk).await;
    disk.break_folder(Some("spool"));
    assert!(!waiting.keep_put_off().await);
    disk.break_folder(None);
    assert!(waiting.keep_put_off().await);
    deliver(&mut place, 1).await;
    assert_eq!(place.delivery.deferral.parked().records(), 3);
}

#[tokio::test]
async fn a_batch_that_is_sent_again_is_kept_itself_while_the_copy_that_waits_cannot_be_read() {
    let disk = MemoryDisk::default();
    let mut place = full_on(&disk, SEGMENT);
    let spool = place.delivery.spool.clone();
    let sent = batch("sent twice", &["bad"], true);
    spool.append(sent, ()).await.unwrap();
    deliver(&mut place, 2).await;
    // (whether the copy can be read, the batches that a retry adds with itself)
    for (is_readable, added) in [(true, 1), (false, 2), (true, 1)] {
        disk.break_folder((!is_readable).then_some("spool"));
        let mut waiting = Waiting::new(Arc::clone(&place.delivery));
        waiting.look().await;
        disk.break_folder(None);
        let before = spool.next_seq();
        let again = batch("sent twice", &["bad"], true);
        spool.append(again, ()).await.unwrap();
        deliver(&mut place, 1).await;
        assert_eq!(spool.next_seq(), before + added, "{is_readable}");
        deliver(&mut place, usize::try_from(added - 1).unwrap()).await;
        assert!(spool.is_done_below(spool.next_seq() - 1) || added == 1);
        assert_eq!(place.delivery.deferral.parked().records(), 1);
        assert_eq!(place.accounting.snapshot().waiting, 1);
    }
}

#[tokio::test]
async fn a_parked_batch_that_could_not_be_moved_waits_on_where_it_is() {
    let disk = MemoryDisk::default();
    let (place, mut waiting) = started(&disk).await;
    let deferral = &place.delivery.deferral;
    for _ in 0..2 {
        let moving = deferral.parked().begin_to_move(2..3, 1, u64::MAX);
        let [(seq, parked)] = moving[..] else {
            panic!("it is not parked, or still on its way");
        };
        waiting.moved(seq, parked, false);
        assert!(place.delivery.spool.waits(seq));
    }
    assert_eq!(deferral.parked().records(), 1);
}

#[tokio::test]
async fn what_is_moved_at_a_time_and_what_is_parked_is_counted_by_its_bytes() {
    let disk = MemoryDisk::default();
    let place = full_on(&disk, SEGMENT);
    let mut parked = place.delivery.deferral.parked();
    for (seq, key) in [(1, "a"), (2, "b"), (3, "c")] {
        parked.park(seq, &batch(key, &["bad"], true).deferred());
    }
    let one = parked.bytes() / 3;
    assert_eq!(parked.begin_to_move(1..4, 9, one * 2 - 1).len(), 1);
    for seq in 1..4 {
        parked.take(seq).unwrap();
        assert_eq!(parked.bytes(), one * (3 - seq));
    }
}
