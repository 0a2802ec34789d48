//! What a delivery held that panicked goes on, on a clock that panics when it is asked for the time of day: the
//! delivery asks for it when it sets refused records aside.

use super::*;
use crate::deliver::attempt::FIRST_PAUSE;
use crate::deliver::scripted::{Answer, Fixture, TIMEOUT, batch, start};
use logs::Timestamp;
use logs::clock::Clock;
use spool::Spool;
use std::sync::atomic::{AtomicU32, Ordering};

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
