//! What waits beside nothing else is left where it is, however much it is.

use super::Waiting;
use crate::breaker::Settings;
use crate::deliver::memory_disk::MemoryDisk;
use crate::deliver::scripted::{Answer, Fixture, Place, TIMEOUT, batch, open};
use spool::Bounds;
use std::sync::Arc;

const BATCHES: usize = 40;

fn full() -> Fixture {
    let disk = MemoryDisk::default();
    disk.begin(u64::MAX);
    let place = Place {
        spool: disk.folder("spool"),
        dead_letters: disk.folder("rejected"),
        bounds: Bounds {
            max_bytes: 1 << 20,
            min_free_disk: 0,
            segment_bytes: 700,
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
async fn deliver(place: &mut Fixture, batches: usize) {
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
