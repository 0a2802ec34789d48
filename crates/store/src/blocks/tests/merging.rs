//! Merging changes how records are kept, and nothing else.

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

fn queries() -> Vec<Query> {
    let now = Timestamp::from_nanos(START + DAY);
    let texts = [
        "",
        "order=desc",
        "logLevel=WARN",
        "q=of%203",
        "word=of%203&order=desc",
        "attr.number=17",
        "attr.b.c=value&order=desc",
        "attr.a=!value",
        "startTime=2026-01-01T06:00:00Z&endTime=2026-01-02T00:00:00Z",
        "regex=message%20.*5%20of",
    ];
    let parse = |text: &&str| Query::parse(text, now).unwrap();
    texts.iter().map(parse).collect()
}

#[test]
fn what_was_read_before_is_read_after_it() {
    for seed in 0..6 {
        let mut random = StdRng::seed_from_u64(seed);
        let (store, mut door) = (Store::new(), Door::new());
        let mut sent = 0;
        for batch in 0..random.random_range(10..60) {
            let days = [1, 1, 3, 30][random.random_range(0..4)];
            let samples: Vec<Sample> = (0..random.random_range(1..200))
                .map(|_| {
                    let after = random.random_range(0..days * DAY / 1_000) * 1_000;
                    (after, random.random_range(0..50))
                })
                .collect();
            sent += samples.len();
            store.insert(&door.batch(&batch.to_string(), batch % 2 == 0, &samples));
        }
        let before: Vec<Vec<Row>> = queries()
            .iter()
            .map(|query| store.walk(query, ALL))
            .collect();
        assert_eq!(before[0].len(), sent);
        assert!(before.iter().all(|rows| !rows.is_empty()));
        let many = store.blocks().len();
        merge_all(&store.file);
        let blocks = store.blocks();
        assert!(blocks.len() < many, "{many} blocks, {}", blocks.len());
        let store = store.again();
        for (query, before) in queries().iter().zip(&before) {
            assert_eq!(store.walk(query, ALL), *before, "{query:?} of seed {seed}");
        }
    }
}

#[test]
fn records_of_the_newest_days_share_no_block_and_older_ones_do_until_they_are_merged() {
    let (store, mut door) = (Store::new(), Door::new());
    let of_day = |day: i64| series(day * DAY, if day < 2 { 3 } else { 70 }, 1_000_000);
    let samples: Vec<Sample> = (0..30).flat_map(of_day).collect();
    store.insert(&door.batch("days", false, &samples));
    let days = |store: &Store| {
        let blocks = store.blocks();
        let several = blocks
            .iter()
            .filter(|block| block.place.day == Day::SEVERAL);
        (blocks.len(), several.count())
    };
    assert_eq!(days(&store), (9, 1));
    merge_all(&store.file);
    // But for the two days with three of them each.
    assert_eq!(days(&store), (29, 1));
}

#[test]
fn a_full_block_is_left_alone() {
    let (store, mut door) = (Store::new(), Door::new());
    store.insert(&door.batch("large", false, &series(0, 8_192, 1_000)));
    store.insert(&door.batch("small", false, &series(0, 10, 1_000)));
    let before = store.blocks();
    merge_all(&store.file);
    assert_eq!(store.blocks(), before);
}
