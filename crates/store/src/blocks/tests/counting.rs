//! Counts are those of the rows, also step by step over overlapping blocks.

use super::*;
use crate::facets::Facets;
use query::buckets::Buckets;
use query::grid::Grid;
use query::interval::Interval;
use query::shift::Shift;
use query::span::Span;
use query::zone::Zone;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

type Counted = BTreeMap<(usize, u8), u64>;

fn count(store: &Store, query: &Query, buckets: &Arc<Buckets>, is_over: bool) -> (Counted, usize) {
    let (mut counted, mut after, mut steps) = (Counted::new(), None, 0);
    loop {
        steps += 1;
        let reading = store.reading();
        let counts = reading.counts(query, after, buckets, || is_over, &|| true);
        let counts = counts.unwrap().unwrap();
        for group in counts.groups() {
            let bucket = buckets.position_of(group.id.time()).unwrap();
            *counted.entry((bucket, group.severity)).or_default() += group.records;
        }
        after = counts.next;
        if after.is_none() {
            return (counted, steps);
        }
    }
}

/// A store of overlapping blocks.
fn filled(random: &mut StdRng) -> Store {
    let (store, mut door) = (Store::new(), Door::new());
    for batch in 0..50 {
        let from = random.random_range(0..DAY);
        let width = [1_000_000, DAY / 2][random.random_range(0..2)];
        let samples: Vec<Sample> = (0..random.random_range(1..200))
            .map(|_| {
                (
                    from + random.random_range(0..width),
                    random.random_range(0..50),
                )
            })
            .collect();
        store.insert(&door.batch(&batch.to_string(), false, &samples));
    }
    store
}

#[test]
fn counts_are_those_of_the_rows() {
    let mut random = StdRng::seed_from_u64(3);
    let store = filled(&mut random);
    let mut had_steps = false;
    for turn in 0..3 {
        for text in [
            "",
            "order=desc",
            "minLevel=WARN",
            "logLevel=INFO&order=desc",
            "logLevel=stra%C3%9Fe,warn",
            "word=message",
            "q=of%203&order=desc",
            "attr.a=value",
            "attr.a=!value&minLevel=WARN",
            "attr.b.c&attr.number=!7",
            "attr.a=!",
        ] {
            let mut query = Query::parse(text, Timestamp::from_nanos(START)).unwrap();
            query.start = Some(Timestamp::from_nanos(
                START + random.random_range(0..DAY / 2),
            ));
            query.end = Some(Timestamp::from_nanos(
                START + DAY + random.random_range(0..DAY),
            ));
            let span = Span {
                first: query.start.unwrap(),
                last: Timestamp::from_nanos(query.end.unwrap().nanos() - 1),
            };
            let grid = Grid::new(
                Interval::parse("15m").unwrap(),
                Shift::default(),
                Zone::parse("UTC").unwrap(),
            );
            let buckets = Arc::new(Buckets::new(span, &grid).unwrap());
            let mut expected = Counted::new();
            let page = store.page(&query, None, ALL).unwrap();
            for row in page.rows() {
                let bucket = buckets.position_of(row.id.time()).unwrap();
                *expected.entry((bucket, row.severity)).or_default() += 1;
            }
            assert!(!expected.is_empty());
            assert_eq!(count(&store, &query, &buckets, false).0, expected, "{text}");
            let (stepped, steps) = count(&store, &query, &buckets, true);
            assert_eq!(stepped, expected, "{text}, step by step");
            had_steps |= steps > 5;
        }
        if turn == 1 {
            merge_all(&store.file);
        }
    }
    assert!(had_steps);
}

/// Asked so often it goes on.
fn patience(times: usize) -> impl Fn() -> bool + Sync {
    let left = AtomicUsize::new(times);
    let less = |left: usize| left.checked_sub(1);
    move || {
        left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }
}

#[test]
fn who_has_no_patience_is_told_nothing_and_never_a_part() {
    let store = filled(&mut StdRng::seed_from_u64(4));
    for text in ["", "attr.a=value", "q=of%203"] {
        let mut query = Query::parse(text, Timestamp::from_nanos(START)).unwrap();
        query.start = Some(Timestamp::from_nanos(START));
        query.end = Some(Timestamp::from_nanos(START + 2 * DAY));
        let span = Span {
            first: query.start.unwrap(),
            last: Timestamp::from_nanos(START + 2 * DAY - 1),
        };
        let zone = Zone::parse("UTC").unwrap();
        let grid = Grid::new(Interval::parse("1h").unwrap(), Shift::default(), zone);
        let buckets = Arc::new(Buckets::new(span, &grid).unwrap());
        let whole = store.page(&query, None, ALL).unwrap().len() as u64;
        let (mut gave_up, mut counted) = (0, 0);
        for times in 0..200 {
            let (reading, goes_on) = (store.reading(), patience(times));
            let counts = reading.counts(&query, None, &buckets, || false, &goes_on);
            match counts.unwrap() {
                Some(counts) => {
                    let records = counts.groups().iter().map(|group| group.records);
                    assert_eq!(records.sum::<u64>(), whole, "{text}, {times} times");
                    counted += 1;
                }
                None => gave_up += 1,
            }
            let (facets, goes_on) = (Facets::new(None), patience(times));
            let step = reading.facets(&query, None, facets, || false, &goes_on);
            if let Some(step) = step.unwrap() {
                assert_eq!(step.facets.records(), whole, "{text}, {times} times");
            }
        }
        assert!(gave_up > 0 && counted > 0, "{text}: {gave_up}, {counted}");
    }
}

#[test]
fn the_ledger_has_a_row_for_each_batch_and_the_bytes_of_its_pages() {
    const ROWS: u64 = 5_000;
    let store = filled(&mut StdRng::seed_from_u64(5));
    let few = store.file.ledger().unwrap();
    assert_eq!(few.rows, 50);
    // So many that pages stand above others, which have rows as well.
    let connection = rusqlite::Connection::open(&store.file.path).unwrap();
    let more = "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
        INSERT INTO batches SELECT CAST(printf('%016d', n) AS BLOB), NULL, 0, x'00', 0, 1, n, 0 FROM numbers";
    connection
        .execute(more, [(ROWS - few.rows).cast_signed()])
        .unwrap();
    let count = "SELECT COUNT(*) FROM batches";
    let rows: i64 = connection.query_row(count, [], |row| row.get(0)).unwrap();
    let many = store.file.ledger().unwrap();
    assert_eq!((many.rows, rows.cast_unsigned()), (ROWS, ROWS));
    assert!(many.bytes > few.bytes && many.bytes > ROWS * 16, "{many:?}");
    assert!(
        few.bytes > 0 && many.bytes.is_multiple_of(few.bytes),
        "{few:?} {many:?}"
    );
}
