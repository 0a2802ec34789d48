//! Every record of a portion gets its fate, whatever the store says: on a store that follows a script.

use super::*;
use crate::breaker::{Settings, recovery};
use crate::deliver::scripted::{Answer, Fixture, TIMEOUT, batch, message, start, start_with};
use logs::Timestamp;
use record::batch::Batch;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use store::StoreError;

fn stored(stored: u64) -> BatchOutcome {
    BatchOutcome {
        stored,
        ..BatchOutcome::default()
    }
}

#[tokio::test]
async fn several_batches_go_in_one_insert_and_each_is_told_its_own_outcome() {
    let mut place = start(|_| Answer::Take);
    let batches = vec![batch("a", &["1", "2"], true), batch("b", &["3"], true)];
    assert_eq!(place.deliver(batches).await, [stored(2), stored(1)]);
    assert_eq!(place.inserts(), 1);
    let accounts = place.accounting.snapshot();
    assert_eq!(
        (accounts.received, accounts.stored, accounts.waiting),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn what_was_there_already_is_told() {
    let mut place = start(|_| Answer::Duplicate);
    let told = place.deliver(vec![batch("a", &["1", "2"], true)]).await;
    assert_eq!((told[0].stored, told[0].already_stored), (0, 2));
}

#[tokio::test]
async fn an_insert_that_fails_in_passing_is_sent_until_it_succeeds() {
    let failures = Mutex::new(3);
    let mut place = start(move |_| {
        let mut left = failures.lock().unwrap();
        if *left == 0 {
            return Answer::Take;
        }
        *left -= 1;
        Answer::Fail(StoreError::Unavailable("away".to_owned()))
    });
    assert_eq!(
        place.deliver(vec![batch("a", &["1"], true)]).await,
        [stored(1)]
    );
    assert_eq!(place.inserts(), 4);
    assert_eq!(place.delivery.problem(), None);
    assert!(place.set_aside().await.is_empty());
}

/// The same insert would never end.
#[tokio::test]
async fn what_takes_the_store_too_long_is_sent_in_smaller_parts_and_then_in_larger_ones_again() {
    const MANY: usize = 1_000;
    const QUICK: usize = 200;
    let is_slow = Arc::new(AtomicBool::new(true));
    let slow = Arc::clone(&is_slow);
    let mut place =
        start(
            move |messages| match slow.load(Ordering::Relaxed) && messages.len() > QUICK {
                true => Answer::Fail(StoreError::Timeout),
                false => Answer::Take,
            },
        );
    let messages: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    let told = place.deliver(vec![batch("a", &texts, true)]).await;
    assert_eq!(told, [stored(MANY as u64)]);
    let mut taken: Vec<String> = {
        let inserts = place.store.inserts.lock().unwrap();
        let taken = inserts.iter().filter(|insert| insert.len() <= QUICK);
        taken.flatten().cloned().collect()
    };
    taken.sort_unstable_by_key(|message| message.parse::<usize>().unwrap());
    assert_eq!(taken, messages, "each once");
    is_slow.store(false, Ordering::Relaxed);
    for key in ["b", "c", "d", "e", "f", "g"] {
        place.deliver(vec![batch(key, &texts, true)]).await;
    }
    let last = place.store.inserts.lock().unwrap().pop().unwrap();
    assert_eq!(last.len(), MANY);
}

/// Of a store that is quick again the oldest batches would be told last.
#[tokio::test]
async fn a_delivery_that_began_while_the_store_was_slow_sends_more_at_a_time_when_it_is_quick() {
    const MANY: usize = 1_000;
    let mut place = start(|_| Answer::Take);
    let size = &place.delivery.store.insert_size;
    while size.took_too_long(size.documents()) {}
    let least = size.documents();
    let messages: Vec<String> = (0..MANY).map(|number| number.to_string()).collect();
    let texts: Vec<&str> = messages.iter().map(String::as_str).collect();
    let told = place.deliver(vec![batch("a", &texts, true)]).await;
    assert_eq!(told, [stored(MANY as u64)]);
    let inserts = place.store.inserts.lock().unwrap().clone();
    let sizes: Vec<usize> = inserts.iter().map(Vec::len).collect();
    let whole = [1, 2, 4, 8].map(|times| times * least);
    let rest = MANY - whole.iter().sum::<usize>();
    assert_eq!(sizes, [&whole[..], &[rest]].concat());
    assert_eq!(inserts.concat(), messages, "each once, in their order");
}

#[tokio::test]
async fn what_the_store_had_no_time_for_is_sent_on_from_there() {
    let mut place = start(|_| Answer::TakeFirst(3));
    let batches = vec![
        batch("a", &["1", "2", "3", "4"], true),
        batch("b", &["5", "6", "7"], true),
    ];
    assert_eq!(place.deliver(batches).await, [stored(4), stored(3)]);
    let inserts = place.store.inserts.lock().unwrap().clone();
    let taken = inserts.iter().flat_map(|insert| insert.iter().take(3));
    let taken: Vec<&str> = taken.map(String::as_str).collect();
    assert_eq!(taken, ["1", "2", "3", "4", "5", "6", "7"], "each once");
    assert_eq!(place.delivery.problem(), None);
}

#[tokio::test]
async fn a_record_that_is_refused_for_good_is_set_aside_and_does_not_stop_the_others() {
    let mut place = start(|_| Answer::Refuse(1));
    let batches = vec![batch("a", &["1"], true), batch("b", &["bad", "3"], true)];
    let told = place.deliver(batches).await;
    assert_eq!(told[0], stored(1));
    assert_eq!((told[1].stored, told[1].refused), (1, 1));
    let aside = place.set_aside().await;
    assert_eq!(message(&aside[0].document), "bad");
    assert_eq!(aside[0].reason, "as written in the script");
    assert_eq!(place.accounting.snapshot().rejected.set_aside, 1);
}

#[tokio::test]
async fn an_unknown_refusal_is_tried_again_alone_a_few_times_before_it_is_believed() {
    let mut place = start(
        |messages| match messages.iter().position(|text| text == "odd") {
            Some(odd) => Answer::Doubt(odd),
            None => Answer::Take,
        },
    );
    let told = place
        .deliver(vec![batch("a", &["1", "odd", "3"], true)])
        .await;
    assert_eq!((told[0].stored, told[0].refused), (2, 1));
    let alone = vec!["odd".to_owned()];
    let inserts = place.store.inserts.lock().unwrap().clone();
    assert_eq!(inserts[1..], [alone.clone(), alone.clone(), alone.clone()]);
    assert_eq!(place.set_aside().await.len(), 1);
    let told = place.store.told.lock().unwrap().clone();
    assert_eq!(told, [(alone.clone(), 0), (alone, 0)], "before it is kept");
}

#[tokio::test]
async fn an_unknown_refusal_that_does_not_come_again_was_none() {
    let mut place = start(|messages| match messages.len() {
        1 => Answer::Take,
        _ => Answer::Doubt(0),
    });
    let told = place.deliver(vec![batch("a", &["1", "2"], true)]).await;
    assert_eq!(told, [stored(2)]);
    assert!(place.set_aside().await.is_empty());
}

#[tokio::test]
async fn of_a_command_that_is_refused_whole_only_the_record_to_blame_is_set_aside() {
    for fatal in [false, true] {
        let mut place = start(
            move |messages| match messages.iter().any(|text| text == "bad") {
                true if fatal => Answer::Panic,
                true => Answer::Fail(StoreError::Rejected("no such thing".to_owned())),
                false => Answer::Take,
            },
        );
        let told = place
            .deliver(vec![batch("a", &["1", "2", "bad", "4", "5"], true)])
            .await;
        assert_eq!((told[0].stored, told[0].refused), (4, 1));
        let aside = place.set_aside().await;
        assert_eq!(aside.len(), 1);
        let told = place.store.told.lock().unwrap().clone();
        assert_eq!(told.last(), Some(&(vec!["bad".to_owned()], 0)));
        assert_eq!(message(&aside[0].document), "bad");
    }
}

#[tokio::test]
async fn a_write_that_panics_in_passing_is_sent_again_whole() {
    let panics = AtomicBool::new(true);
    let mut place = start(move |_| match panics.swap(false, Ordering::Relaxed) {
        true => Answer::Panic,
        false => Answer::Take,
    });
    let told = place.deliver(vec![batch("a", &["1", "2"], true)]).await;
    assert_eq!((told, place.inserts()), (vec![stored(2)], 2));
}

#[tokio::test]
async fn a_store_that_is_seen_to_come_back_is_asked_at_once_however_long_the_breaker_would_wait() {
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let long = Settings {
        open_base: Duration::from_secs(3600),
        open_max: Duration::from_secs(3600),
        ..Settings::write_lane(TIMEOUT)
    };
    let mut place = start_with(long, move |_| match away.load(Ordering::Relaxed) {
        true => Answer::Fail(StoreError::Unavailable("away".to_owned())),
        false => Answer::Take,
    });
    let (store, writer) = (
        Arc::clone(&place.store),
        Arc::clone(&place.delivery.store.writer),
    );
    let _recovery = recovery::start(Arc::clone(&writer.store), vec![writer.guard.clone()]);
    let coming_back = tokio::spawn(async move {
        while writer.guard.snapshot().opened == 0 {
            tokio::task::yield_now().await;
        }
        is_away.store(false, Ordering::Relaxed);
        store.is_back.notify_one();
    });
    let told = place.deliver(vec![batch("a", &["1"], true)]);
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    assert_eq!(told.expect("it waits on"), [stored(1)]);
    coming_back.await.unwrap();
}

#[tokio::test]
async fn undated_records_of_a_keyed_batch_get_the_time_that_the_store_remembers() {
    let place = start(|_| Answer::Take);
    let remembered = Timestamp::from_nanos(2_000_000_077);
    place.store.times.lock().unwrap().push_back(remembered);
    let batches = vec![batch("a", &["1"], true), batch("b", &["2"], false)];
    let (seqs, times) = prepared(&place, batches).await;
    assert_eq!(seqs, [1, 2]);
    assert_eq!(times, [1_000_000_000, remembered.nanos()]);
}

#[tokio::test]
async fn the_batches_of_a_portion_go_to_the_store_in_the_order_of_their_times() {
    let place = start(|_| Answer::Take);
    // Also when its time is known only now.
    let remembered = [Timestamp::from_nanos(77), Timestamp::from_nanos(76)];
    place.store.times.lock().unwrap().extend(remembered);
    let batches = vec![
        batch("a", &["1"], true),
        batch("b", &["2", "3"], false),
        batch("c", &["4"], false),
    ];
    let (seqs, times) = prepared(&place, batches).await;
    assert_eq!(seqs, [3, 2, 1]);
    assert_eq!(times, [76, 77, 77, 1_000_000_000]);
}

/// The places of these batches in the spool, as they go to the store, and the times of their documents.
async fn prepared(place: &Fixture, batches: Vec<Batch>) -> (Vec<u64>, Vec<i64>) {
    let spooled = (1..)
        .zip(batches)
        .map(|(seq, batch)| Spooled { seq, batch });
    let mut attempt = Attempt::new(&place.delivery.store, Patience::Shared);
    let (portion, _) = send(&mut attempt, spooled.collect()).await.unwrap();
    let documents = &portion.documents;
    let times = documents.slices(0..documents.len());
    let times = times.map(|document| record::document::time_of(document).unwrap().nanos());
    let seqs = portion.parts.iter().map(|part| part.seq).collect();
    (seqs, times.collect())
}

#[tokio::test]
async fn the_place_of_a_refused_record_is_told_as_it_was_sent() {
    let mut place = start(|_| Answer::Refuse(1));
    let id = record::id::BatchId::keyed("a", b"body");
    let time = Timestamp::from_nanos(5);
    let mut builder = record::batch::BatchBuilder::new(id, None, time, usize::MAX);
    builder.record(Some(time), None, "0", |_| Ok(()));
    // The door did not take the second: the store refuses the third, which is the second that it gets.
    builder.reject(record::fault::RecordFault::TooDeep);
    builder.record(Some(time), None, "2", |_| Ok(()));
    place.deliver(vec![builder.finish().0]).await;
    let status = place.delivery.statuses.of(id).unwrap();
    assert_eq!(status.set_aside[0].index, 2);
    assert_eq!(&*status.set_aside[0].reason, "as written in the script");
    assert_eq!(place.set_aside().await[0].position, 2);
}

#[tokio::test]
async fn a_record_that_is_refused_again_is_kept_once() {
    let mut place = start(|_| Answer::Refuse(0));
    for _ in 0..2 {
        // Its key is forgotten, so it is spooled once more.
        let told = place.deliver(vec![batch("a", &["bad"], true)]).await;
        assert_eq!(told[0].refused, 1);
    }
    assert_eq!(place.set_aside().await.len(), 1);
    assert_eq!(place.accounting.snapshot().rejected.set_aside, 2);
}

#[tokio::test]
async fn a_dead_letter_is_kept_as_the_spool_had_it_with_what_its_batch_came_with() {
    let mut place = start(|_| Answer::Refuse(0));
    let remembered = Timestamp::from_nanos(2_000_000_077);
    place.store.times.lock().unwrap().push_back(remembered);
    let sent = batch("a", &["bad"], false);
    let (origin, document) = (sent.origin(), sent.documents.encoded().to_vec());
    place.deliver(vec![sent]).await;
    let kept = place.set_aside().await.remove(0);
    assert_eq!((kept.origin, kept.undated), (origin, true));
    assert_eq!(kept.document, document);
}

#[tokio::test]
async fn while_the_store_is_away_one_delivery_holds_its_portion_and_the_others_give_theirs_back() {
    let is_away = Arc::new(AtomicBool::new(true));
    let away = Arc::clone(&is_away);
    let mut place = start(move |_| match away.load(Ordering::Relaxed) {
        true => Answer::Fail(StoreError::Unavailable("away".to_owned())),
        false => Answer::Take,
    });
    let first = place.portion(vec![batch("a", &["1"], true)]).await;
    let delivery = Arc::clone(&place.delivery);
    let holding = tokio::spawn(async move { delivery.deliver(first).await });
    while place.delivery.store.outage.ask().is_some() {
        tokio::task::yield_now().await;
    }
    let second = place.portion(vec![batch("b", &["2"], true)]).await;
    assert_eq!(place.delivery.deliver(second).await, [2]);
    assert!(place.delivery.store.outage.is_on() && !holding.is_finished());
    is_away.store(false, Ordering::Relaxed);
    assert!(holding.await.unwrap().is_empty());
    assert!(!place.delivery.store.outage.is_on());
    assert!(place.delivery.store.outage.ask().is_some());
}
