//! Storing: each record once, whoever sends it, however often, and for good.

use std::collections::BTreeSet;
use std::sync::Arc;

use logs::Timestamp;

use super::{ALL, PATIENCE, Sample, batch_id, contract, documents, origin, rows, series};
use logs::clock::Clock as _;
use query::Query;

contract!(
    an_insert_tells_what_was_new_and_what_was_there,
    async |place| {
        let opened = place.open();
        let documents = documents("one", &series(10));
        assert_eq!(opened.insert(&documents).await, (10, 0));
        assert_eq!(opened.insert(&documents).await, (0, 10));
    }
);

contract!(
    overlapping_inserts_store_the_difference_and_change_nothing,
    async |place| {
        let opened = place.open();
        let samples = series(30);
        let documents = documents("overlap", &samples);
        for (range, expected) in [
            (5..15, (10, 0)),
            (0..10, (5, 5)),
            (10..30, (15, 5)),
            (0..30, (0, 30)),
        ] {
            let inserted = opened.insert_range(&documents, range.clone()).await;
            assert_eq!(inserted, expected, "{range:?}");
        }
        assert_eq!(opened.everything().await, rows("overlap", &samples));
    }
);

contract!(a_record_that_is_there_is_never_overwritten, async |place| {
    let opened = place.open();
    let first = [Sample::at(7, "INFO", "what was stored first")];
    let second = [Sample::at(7, "ERROR", "another text under the same id")];
    assert_eq!(opened.insert(&documents("same", &first)).await, (1, 0));
    assert_eq!(opened.insert(&documents("same", &second)).await, (0, 1));
    assert_eq!(opened.everything().await, rows("same", &first));
});

contract!(
    the_same_batch_from_eight_senders_at_once_is_stored_once,
    async |place| {
        let opened = place.open();
        let samples = series(2_000);
        let documents = documents("crowd", &samples);
        let senders: Vec<_> = (0..8)
            .map(|_| {
                let (opened, documents) = (opened.clone(), Arc::clone(&documents));
                tokio::spawn(async move { opened.insert(&documents).await })
            })
            .collect();
        let mut sum = (0, 0);
        for sender in senders {
            let (stored, there) = sender.await.unwrap();
            sum = (sum.0 + stored, sum.1 + there);
        }
        assert_eq!(sum, (2_000, 7 * 2_000));
        assert_eq!(opened.everything().await, rows("crowd", &samples));
    }
);

contract!(a_receipt_gives_the_first_time_to_everybody, async |place| {
    let opened = place.open();
    let first = Timestamp::from_nanos(1_728_345_600_123_456_789);
    let later = Timestamp::from_nanos(first.nanos() + 5_000_000_001);
    let receipt = |time| opened.receipt(batch_id("a"), time);
    assert_eq!(receipt(first).await, first);
    assert_eq!(receipt(later).await, first);
    let other = opened.receipt(batch_id("b"), later).await;
    assert_eq!(other, later, "another batch has a time of its own");
    opened.store.close().await;
    let again = place.open();
    let remembered = again.receipt(batch_id("a"), later).await;
    assert_eq!(remembered, first, "also after a restart");
});

contract!(
    receipts_of_many_batches_come_in_their_order,
    async |place| {
        let opened = place.open();
        let time = Timestamp::from_nanos;
        opened.receipt(batch_id("b"), time(1)).await;
        let batches = ["a", "b", "c", "a"].map(batch_id);
        let asked = batches.into_iter().zip((10..).map(time));
        let asked = asked.map(|(batch, time)| origin(batch, time)).collect();
        let deadline = opened.clock.elapsed() + PATIENCE;
        let receipts = opened.store.receipts(asked, deadline).await;
        assert_eq!(receipts, Ok([10, 1, 12, 10].map(time).to_vec()));
    }
);

contract!(
    everybody_who_asks_at_once_gets_the_same_receipt,
    async |place| {
        let opened = place.open();
        let askers: Vec<_> = (0..16)
            .map(|nanos| {
                let opened = opened.clone();
                let time = Timestamp::from_nanos(nanos);
                tokio::spawn(async move { opened.receipt(batch_id("race"), time).await })
            })
            .collect();
        let mut times = BTreeSet::new();
        for asker in askers {
            times.insert(asker.await.unwrap());
        }
        assert_eq!(times.len(), 1, "{times:?}");
    }
);

contract!(
    what_was_stored_is_there_after_closing_and_opening_again,
    async |place| {
        let mut samples = series(500);
        samples[3].number = Some(i64::MIN);
        samples[4].level = None;
        "日本語 🦀 \u{0} \u{1b}[31m \"\\\n".clone_into(&mut samples[5].message);
        let opened = place.open();
        opened.insert(&documents("kept", &samples)).await;
        let before = opened.everything().await;
        opened.store.close().await;
        drop(opened);
        let again = place.open();
        assert_eq!(again.everything().await, before);
        assert_eq!(before, rows("kept", &samples));
        assert_eq!(again.insert(&documents("kept", &samples)).await, (0, 500));
        let status = again.store.status();
        assert!(status.available, "{status:?}");
    }
);

contract!(an_insert_of_many_documents_is_whole, async |place| {
    let opened = place.open();
    let samples = series(6_000);
    assert_eq!(
        opened.insert(&documents("many", &samples)).await,
        (6_000, 0)
    );
    assert_eq!(opened.everything().await, rows("many", &samples));
});

contract!(an_insert_of_many_bytes_is_whole, async |place| {
    let opened = place.open();
    let samples: Vec<Sample> = (0..48)
        .map(|number| Sample::at(number, "DEBUG", "x".repeat(256 * 1024)))
        .collect();
    let documents = documents("heavy", &samples);
    let sizes = documents.slices(0..documents.len()).map(<[u8]>::len);
    assert!(sizes.sum::<usize>() > 12 * 1024 * 1024);
    assert_eq!(opened.insert(&documents).await, (48, 0));
    let kept = opened.walk(&Query::default(), ALL).await;
    assert!(kept == rows("heavy", &samples), "{} rows", kept.len());
});
