//! Looks go over all that is parked in turn, and take and move no more than they are meant to.

use super::Waiting;
use super::at_rest::{deliver, full_on};
use crate::deliver::memory_disk::MemoryDisk;
use crate::deliver::scripted::{Fixture, batch};
use std::sync::Arc;

const KEYS: [&str; 3] = ["bad a", "bad b", "bad c"];

/// A place without room for what is refused, where a look asks for one record, and these wait.
async fn parked(messages: &[&str], segment_bytes: u64) -> (Fixture, Waiting) {
    let mut place = full_on(&MemoryDisk::default(), segment_bytes);
    let delivery = Arc::get_mut(&mut place.delivery).unwrap();
    delivery.store.portion.documents = 1;
    for message in messages {
        let copy = batch(message, &[message], true).deferred();
        place.delivery.spool.append(copy, ()).await.unwrap();
    }
    deliver(&mut place, messages.len()).await;
    let waiting = Waiting::new(Arc::clone(&place.delivery));
    (place, waiting)
}

#[tokio::test]
async fn every_parked_batch_is_asked_for_in_its_turn_and_stays_the_same_one() {
    let (place, mut waiting) = parked(&KEYS, 1 << 20).await;
    let next_seq = place.delivery.spool.next_seq();
    for _ in 0..2 * KEYS.len() {
        assert!(!waiting.look().await, "there is no room");
    }
    let asked = place.store.inserts.lock().unwrap().concat();
    assert_eq!(asked, [KEYS, KEYS].concat());
    assert_eq!(place.delivery.spool.next_seq(), next_seq);
    assert_eq!(place.delivery.deferral.parked().len(), KEYS.len());
}

#[tokio::test]
async fn while_the_store_takes_what_waits_a_look_follows_another() {
    let (place, mut waiting) = parked(&["a", "b", "c"], 1 << 20).await;
    let mut looks = 1;
    while waiting.look().await {
        looks += 1;
    }
    assert_eq!((looks, place.inserts()), (3, 3));
    assert!(place.delivery.deferral.is_empty());
    assert_eq!(place.accounting.snapshot().stored, 3);
}

#[tokio::test]
async fn in_an_outage_that_another_delivery_asks_about_nothing_is_looked_at() {
    let (place, mut waiting) = parked(&["a"], 1 << 20).await;
    let asking = place.delivery.store.outage.ask();
    assert!(!waiting.look().await);
    assert_eq!(place.inserts(), 0);
    drop(asking);
    waiting.look().await;
    assert_eq!(place.inserts(), 1);
}

#[tokio::test]
async fn no_more_is_moved_before_the_next_look_than_may_be() {
    let (mut place, mut waiting) = parked(&KEYS, 700).await;
    for number in 0..40 {
        let stored = batch(&number.to_string(), &["good"], true);
        place.delivery.spool.append(stored, ()).await.unwrap();
    }
    deliver(&mut place, 40).await;
    let (whole, parked) = (waiting.allowance, place.delivery.deferral.parked().bytes());
    waiting.allowance = 0;
    assert!(!waiting.move_on().await);
    waiting.allowance = whole;
    assert!(waiting.move_on().await);
    assert_eq!(waiting.allowance, whole - parked);
}

/// Nobody else ends it: who parked the later copy left it to the mover.
#[tokio::test]
async fn a_batch_that_could_not_be_moved_is_done_when_a_later_copy_came_meanwhile() {
    let (mut place, mut waiting) = parked(&KEYS[..1], 1 << 20).await;
    let spool = place.delivery.spool.clone();
    let moving = place.delivery.deferral.parked().begin_to_move(1..2, 1, 99);
    let copy = batch(KEYS[0], &KEYS[..1], true).deferred();
    let later = spool.append(copy, ()).await.unwrap();
    deliver(&mut place, 1).await;
    assert!(spool.waits(1) && spool.waits(later));
    let [(seq, parked)] = moving[..] else {
        panic!("it is not parked");
    };
    waiting.moved(seq, parked, false);
    assert!(!spool.waits(1) && spool.waits(later));
}
