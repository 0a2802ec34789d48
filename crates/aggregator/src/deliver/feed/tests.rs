//! How many deliveries are under way, and that what a delivery held that panicked goes on: on a clock that panics when
//! it is asked for the time of day, which the delivery does when it sets refused records aside.

use super::*;
use crate::deliver::attempt::FIRST_PAUSE;
use crate::deliver::scripted::{Answer, Fixture, TIMEOUT, batch, start};
use logs::Timestamp;
use logs::clock::Clock;
use spool::Spool;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex};
use store::StoreError;

struct Panicking {
    clock: Arc<dyn Clock>,
    panics: Arc<AtomicU32>,
}

impl Clock for Panicking {
    fn now(&self) -> Timestamp {
        let left = |left: u32| left.checked_sub(1);
        let order = Ordering::SeqCst;
        let panics = self.panics.fetch_update(order, order, left).is_ok();
        assert!(!panics, "as the test wants it");
        self.clock.now()
    }

    fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }
}

/// A store that refuses what is bad, and a delivery to it that panics then, as often as is given.
fn panicking() -> (Fixture, Arc<AtomicU32>) {
    let mut place = start(|messages| {
        let bad = messages.iter().position(|text| text == "bad");
        bad.map_or(Answer::Take, Answer::Refuse)
    });
    let panics = Arc::<AtomicU32>::default();
    let store = &mut Arc::get_mut(&mut place.delivery).unwrap().store;
    store.clock = Arc::new(Panicking {
        clock: Arc::clone(&store.clock),
        panics: Arc::clone(&panics),
    });
    (place, panics)
}

async fn wait_until(spool: &Spool, condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            drop(tokio::time::timeout(FIRST_PAUSE, spool.progress()).await);
        }
    };
    tokio::time::timeout(6 * TIMEOUT, waiting).await.unwrap();
}

#[tokio::test]
async fn batches_whose_delivery_panicked_are_delivered_without_a_start_and_hold_up_no_others() {
    let (place, panics) = panicking();
    panics.store(u32::MAX, Ordering::SeqCst);
    let (spool, accounting) = (place.delivery.spool.clone(), &place.accounting);
    for (key, messages) in [("a", vec!["good", "bad"]), ("b", vec!["good"])] {
        spool.append(batch(key, &messages, true), ()).await.unwrap();
    }
    let feed = Feed::new(Arc::clone(&place.delivery), place.consumer, 2);
    let feeding = tokio::spawn(feed.run());
    wait_until(&spool, || !spool.waits(2)).await;
    assert!(spool.waits(1));
    let problem = place.delivery.problem().unwrap();
    assert!(
        problem.contains("panicked, and is tried again"),
        "{problem}"
    );

    panics.store(0, Ordering::SeqCst);
    wait_until(&spool, || !spool.waits(1)).await;
    let counts = accounting.snapshot();
    assert_eq!((counts.stored, counts.rejected.set_aside), (2, 1));
    assert_eq!((counts.received, counts.waiting), (3, 0));
    wait_until(&spool, || place.delivery.problem().is_none()).await;
    feeding.abort();
}

/// Each insert waits for the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_many_deliveries_are_under_way_at_one_time_as_there_are_places() {
    let (inserts, met) = (Mutex::new(0), Arc::new(AtomicU32::new(0)));
    let (another, meetings) = (Condvar::new(), Arc::clone(&met));
    let place = start(move |_| {
        let mut inserts = inserts.lock().unwrap();
        *inserts += 1;
        another.notify_all();
        let waited = another.wait_timeout_while(inserts, TIMEOUT / 2, |inserts| *inserts < 2);
        meetings.fetch_add(u32::from(!waited.unwrap().1.timed_out()), Ordering::SeqCst);
        Answer::Take
    });
    let spool = place.delivery.spool.clone();
    let feed = Feed::new(Arc::clone(&place.delivery), place.consumer, 2);
    let feeding = tokio::spawn(feed.run());
    for (key, seq) in [("a", 1), ("b", 2)] {
        spool.append(batch(key, &["text"], true), ()).await.unwrap();
        let is_there = async {
            while place.store.inserts.lock().unwrap().len() < seq && spool.waits(1) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(TIMEOUT, is_there).await.unwrap();
    }
    wait_until(&spool, || !spool.waits(1) && !spool.waits(2)).await;
    assert_eq!(met.load(Ordering::SeqCst), 2);
    feeding.abort();
}

/// Nothing else would find out that it is there again.
#[tokio::test]
async fn a_store_that_was_away_when_nothing_was_under_way_is_asked_by_the_next_batch() {
    let place = start(|_| Answer::Take);
    let spool = place.delivery.spool.clone();
    place.delivery.store.outage.begin();
    let feed = Feed::new(Arc::clone(&place.delivery), place.consumer, 2);
    let feeding = tokio::spawn(feed.run());
    spool.append(batch("a", &["text"], true), ()).await.unwrap();
    wait_until(&spool, || !spool.waits(1)).await;
    assert!(!place.delivery.store.outage.is_on());
    feeding.abort();
}

#[tokio::test]
async fn in_a_pause_nothing_is_handed_on_and_then_all_of_it_is() {
    let place = start(|_| Answer::Take);
    let (spool, store) = (place.delivery.spool.clone(), Arc::clone(&place.store));
    place.delivery.store.pause.begin(Timestamp::from_nanos(0));
    let feed = Feed::new(Arc::clone(&place.delivery), place.consumer, 2);
    let mut feeding = std::pin::pin!(feed.run());
    for key in ["a", "b"] {
        spool.append(batch(key, &["text"], true), ()).await.unwrap();
    }
    // It has come as far as it comes.
    for _ in 0..100 {
        assert!(futures_util::poll!(&mut feeding).is_pending());
        tokio::task::yield_now().await;
    }
    assert!(store.inserts.lock().unwrap().is_empty());
    assert!(spool.waits(1) && spool.waits(2));
    assert!(place.delivery.problem().unwrap().contains("is paused"));

    place.delivery.store.pause.end();
    let stored = wait_until(&spool, || !spool.waits(1) && !spool.waits(2));
    tokio::select! {
        () = &mut feeding => panic!("the spool is open"),
        () = stored => {}
    }
    assert_eq!(place.delivery.problem(), None);

    // One that waits for batches notices it as well.
    place.delivery.store.pause.begin(Timestamp::from_nanos(0));
    spool.append(batch("c", &["text"], true), ()).await.unwrap();
    place.delivery.store.pause.stop();
    feeding.await;
    assert!(spool.waits(3));
}

#[tokio::test]
async fn what_is_held_for_a_store_that_is_away_is_given_back_in_a_pause() {
    let place = start(|_| Answer::Fail(StoreError::Unavailable("away".to_owned())));
    let spool = place.delivery.spool.clone();
    spool.append(batch("a", &["text"], true), ()).await.unwrap();
    let feed = Feed::new(Arc::clone(&place.delivery), place.consumer, 2);
    let feeding = tokio::spawn(feed.run());
    let outage = &place.delivery.store.outage;
    wait_until(&spool, || outage.is_asked()).await;
    place.delivery.store.pause.begin(Timestamp::from_nanos(0));
    wait_until(&spool, || !outage.is_asked()).await;
    assert!(spool.waits(1) && !feeding.is_finished());
    place.delivery.store.pause.stop();
    feeding.await.unwrap();
    assert!(spool.waits(1));
}
