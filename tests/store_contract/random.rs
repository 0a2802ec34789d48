//! Random records and random queries: each store against a naive filter.

mod asked;
mod counted;
mod removed;

use logs::Timestamp;
use query::Query;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::HashSet;
use std::time::Duration;
use store::PageLimit;

use super::{ALL, Found, LARGE_NUMBER, Opened, Place, Sample, documents, rows};
use crate::support::stores::Backend;
use asked::Asked;

const SEED: u64 = 20_241_008;
const BATCHES: usize = 6;
const RECORDS: usize = 400;
/// Records that are written while a query is being answered.
const BESIDE: usize = 10;
/// Relative times are counted from here.
const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_020);

const LEVELS: [&str; 24] = [
    "TRACE",
    "finest",
    "debug",
    "DBG",
    "Verbose",
    "INFO",
    "info",
    "Notice",
    "log",
    "WARN",
    "Warning",
    " wrn",
    "ERROR",
    "err",
    "Critical",
    "alert",
    "panic",
    "FATAL",
    "emergency",
    "AUDIT",
    "audit",
    " Audit ",
    "情報",
    "",
];

/// Pieces of messages: upper and lower case within and beyond ASCII, what expressions treat as
/// special, what is no letter at all.
const PIECES: [&str; 20] = [
    "GET", "get", "Order", "order ", "Ä", "ä", "ß", "ſ", "\u{212a}", "k", "(.*)", "\\", "\n", "\0",
    "情", "\u{301}e", " ", "ẞ", "Σ", "ς",
];

/// How many queries are tried; more by setting `RANDOM_QUERIES`.
fn queries() -> usize {
    std::env::var("RANDOM_QUERIES").map_or(150, |count| {
        count.parse().expect("RANDOM_QUERIES is a number")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn random_queries_give_on_each_store_what_a_naive_filter_gives_while_others_write() {
    let mut random = StdRng::seed_from_u64(SEED);
    let stores = Stores::filled("random_queries", &mut random).await;
    let all = &stores.all;
    let (mut hits, mut beside) = (0, HashSet::new());
    for number in 0..queries() {
        let asked = Asked::random(&mut random);
        let text = asked.query_string();
        let query = Query::parse(&text, NOW).unwrap_or_else(|error| panic!("{error}: {text}"));
        let limit = PageLimit {
            rows: *[5, 100, 5_000].choose(&mut random).unwrap(),
            bytes: *[512, 1 << 22].choose(&mut random).unwrap(),
            looked_at: *[50, 1 << 20].choose(&mut random).unwrap(),
            time: *[Duration::ZERO, ALL.time].choose(&mut random).unwrap(),
            record_time: ALL.record_time,
        };
        let mut expected: Vec<&Found> = all.iter().filter(|row| asked.matches(row)).collect();
        if asked.newest_first {
            expected.reverse();
        }
        hits += usize::from(!expected.is_empty());
        // They lie among those that are looked for, and may be found or not.
        let key = format!("beside {number}");
        let samples: Vec<Sample> = (0..BESIDE).map(|_| sample(&mut random)).collect();
        beside.extend(rows(&key, &samples).iter().map(|row| row.id));
        let others = documents(&key, &samples);
        let what = format!("query {number} of seed {SEED}: {text} {limit:?}");
        for (name, store) in &stores.opened {
            let (mut found, inserted) =
                tokio::join!(store.walk(&query, limit), store.insert(&others));
            assert_eq!(inserted, (BESIDE as u64, 0), "{name}");
            found.retain(|row| !beside.contains(&row.id));
            assert!(found.iter().eq(expected.iter().copied()), "{name}, {what}");
        }
    }
    assert!(hits > queries() / 5, "{hits} queries found something");
}

/// Each store, with the same random records in it.
struct Stores {
    opened: Vec<(&'static str, Opened)>,
    /// What is in each of them, in order.
    all: Vec<Found>,
    // Declared behind the stores: these have to be gone before the folder is removed.
    places: Vec<Place>,
}

impl Stores {
    async fn filled(name: &str, random: &mut StdRng) -> Self {
        let (mut opened, mut places) = (Vec::new(), Vec::new());
        for (shown, backend) in [
            ("SQLite", Backend::Sqlite),
            ("blocks", Backend::Blocks),
            ("MongoDB", Backend::MongoDb),
        ] {
            let place = Place::new(backend, name).await;
            opened.push((shown, place.open()));
            places.push(place);
        }
        let mut all = Vec::new();
        for batch in 0..BATCHES {
            let key = format!("batch {batch}");
            let samples: Vec<Sample> = (0..RECORDS).map(|_| sample(random)).collect();
            for (_, store) in &opened {
                store.insert(&documents(&key, &samples)).await;
            }
            all.extend(rows(&key, &samples));
        }
        all.sort_by_key(|row| row.id);
        Self {
            opened,
            all,
            places,
        }
    }
}

fn sample(random: &mut StdRng) -> Sample {
    let level = LEVELS.choose(random).copied();
    let length = random.random_range(0..12);
    Sample {
        nanos: time(random),
        level: level
            .filter(|_| random.random_ratio(9, 10))
            .map(str::to_owned),
        message: (0..length)
            .map(|_| *PIECES.choose(random).unwrap())
            .collect(),
        number: random
            .random_ratio(2, 3)
            .then(|| match random.random_ratio(1, 40) {
                true => LARGE_NUMBER,
                false => random.random_range(-10..10),
            }),
    }
}

/// Most times tie with others; some stand at the ends of what fits.
fn time(random: &mut StdRng) -> i64 {
    match random.random_range(0..20) {
        0 => *[i64::MIN, i64::MAX, -1, i64::MAX - 1]
            .choose(random)
            .unwrap(),
        1..5 => random.random_range(-3..3) * 1_000_000,
        5..10 => 1_728_345_600_000_000_000 + random.random_range(0..40),
        _ => random.random_range(-500..500),
    }
}
