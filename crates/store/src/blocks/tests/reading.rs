//! Pages of overlapping blocks: in order, within their bounds, and each comes further.

use super::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

#[test]
fn pages_of_every_size_give_all_records_in_order() {
    let mut random = StdRng::seed_from_u64(7);
    let (store, mut door) = (Store::new(), Door::new());
    for batch in 0..12 {
        let samples: Vec<Sample> = (0..random.random_range(1..60))
            .map(|_| {
                (
                    random.random_range(0..1_000) * 1_000_000,
                    random.random_range(0..50),
                )
            })
            .collect();
        store.insert(&door.batch(&batch.to_string(), false, &samples));
    }
    let all = store.all();
    assert!(all.is_sorted_by(|one, next| one.0 < next.0));
    for text in [
        "",
        "order=desc",
        "q=of%203",
        "logLevel=WARN&order=desc",
        "attr.a=value",
        "attr.a=value&attr.number=3&order=desc",
        "attr.a=value&attr.b.c=value",
    ] {
        let query = Query::parse(text, Timestamp::from_nanos(START)).unwrap();
        let expected = store.walk(&query, ALL);
        for _ in 0..5 {
            let limit = PageLimit {
                rows: *[1, 7, 100, 5_000].choose(&mut random).unwrap(),
                bytes: *[100, 1 << 22].choose(&mut random).unwrap(),
                looked_at: *[50, 1 << 20].choose(&mut random).unwrap(),
                time: *[Duration::ZERO, PATIENCE].choose(&mut random).unwrap(),
                record_time: PATIENCE,
            };
            assert_eq!(store.walk(&query, limit), expected, "{text} {limit:?}");
        }
    }
}

#[test]
fn a_page_has_no_more_rows_than_it_may() {
    let (store, mut door) = (Store::new(), Door::new());
    for batch in 0..5 {
        store.insert(&door.batch(&batch.to_string(), false, &series(batch, 500, 1_000)));
    }
    for rows in [1, 2, 499, 500, 501, 2_499, 2_500, 2_501] {
        let limit = PageLimit { rows, ..ALL };
        let page = store.page(&Query::default(), None, limit).unwrap();
        // Those that overlap share the page, which may stay a little short then.
        assert!((rows.min(2_500) / 2..=rows).contains(&page.len()), "{rows}");
        assert_eq!(page.next.is_some(), page.len() < 2_500, "{rows}");
    }
}

/// Each of a batch of its own, so that their blocks overlap; looking through one takes questions for patience.
#[test]
fn large_records_of_overlapping_blocks_are_found_one_by_one_when_there_is_no_time() {
    let (store, mut door) = (Store::new(), Door::new());
    let message = "ab".repeat(600 * 1024) + " found";
    for seconds in [&[0, 2, 4][..], &[1, 5], &[3]] {
        let times = seconds.iter().map(|second| second * 1_000_000_000);
        let samples: Vec<Sample> = times.zip(0..).collect();
        store.insert(&door.batch_saying(&format!("{seconds:?}"), &samples, &message));
    }
    let limit = PageLimit {
        time: Duration::ZERO,
        ..ALL
    };
    for text in ["q=found", "q=FOUND&order=desc", "regex=b found$"] {
        let query = Query::parse(text, Timestamp::from_nanos(START)).unwrap();
        let found = store.walk(&query, limit);
        assert_eq!(found.len(), 6, "{text}");
        assert_eq!(found, store.walk(&query, ALL), "{text}");
    }
}

#[test]
fn of_one_record_that_takes_too_long_it_is_told_which_one_it_is() {
    let (store, mut door) = (Store::new(), Door::new());
    let list = door.batch("key", false, &series(0, 3, 1_000));
    store.insert(&list);
    let slow = "regex=".to_owned() + "%5Bme%5D*m%5Bme%5D%7B90%7Dc";
    let query = Query::parse(&slow, Timestamp::from_nanos(START)).unwrap();
    let limit = PageLimit {
        time: Duration::ZERO,
        record_time: Duration::ZERO,
        ..ALL
    };
    match store.page(&query, None, limit) {
        Err(StoreError::RecordTooSlow { record }) => assert_eq!(record, store.all()[0].0),
        // A machine that is quick enough to find out.
        Ok(page) => assert!(page.is_empty()),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_messages_of_a_full_block_stay_in_memory_for_the_next_search() {
    let (store, mut door) = (Store::new(), Door::new());
    let long = "x".repeat(1024 * 1024 - 1024);
    store.insert(&door.batch_saying("long", &series(0, 4, 1), &long));
    let cache = BlockCache::new(64 * 1024 * 1024);
    let reading = Reading {
        cache: &cache,
        ..store.reading()
    };
    let clock: Arc<dyn Clock> = Arc::clone(&store.clock) as _;
    let page = reading.page(&Query::default(), None, ALL, &clock).unwrap();
    assert_eq!(page.len(), 4);
    let block = store.blocks().remove(0);
    let (head, _) = store.file.read().unwrap().head(block.place).unwrap();
    let head = ::blocks::head::Head::read(&head).unwrap();
    let messages = head.place(&::blocks::section::Column::Messages).unwrap();
    assert!(cache.part(block.place, messages).is_some());
}
