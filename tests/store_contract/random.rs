//! Random records and random queries: both stores against a naive filter, and against each other.

use aggregator::query::{LevelFilter, Query};
use aggregator::store::PageLimit;
use logs::{Level, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use super::{Found, Opened, Place, Sample, documents, rows};
use crate::support::stores::Backend;

const SEED: u64 = 20_241_008;
const BATCHES: usize = 6;
const RECORDS: usize = 400;
const QUERIES: usize = 200;

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

#[tokio::test(flavor = "multi_thread")]
async fn random_queries_give_on_both_stores_what_a_naive_filter_gives() {
    let name = "random_queries";
    let (file, server) = (
        Place::new(Backend::Sqlite, name).await,
        Place::new(Backend::MongoDb, name).await,
    );
    let (sqlite, mongodb) = (file.open(), server.open());
    let mut random = StdRng::seed_from_u64(SEED);
    let all = fill(&mut random, &[&sqlite, &mongodb]).await;
    let mut hits = 0;
    for number in 0..QUERIES {
        let query = query(&mut random);
        let limit = PageLimit {
            rows: *[1, 13, 100, 5_000].choose(&mut random).unwrap(),
            bytes: *[64, 4_096, 1 << 22].choose(&mut random).unwrap(),
        };
        let expected: Vec<&Found> = all.iter().filter(|row| matches(&query, row)).collect();
        hits += usize::from(!expected.is_empty());
        let [one, other] = [sqlite.walk(&query, limit), mongodb.walk(&query, limit)];
        let (one, other) = (one.await, other.await);
        let what = format!("query {number} of seed {SEED}: {query:?} {limit:?}");
        assert!(one.iter().eq(expected.iter().copied()), "SQLite, {what}");
        assert!(other.iter().eq(expected.iter().copied()), "MongoDB, {what}");
    }
    assert!(hits > QUERIES / 3, "{hits} queries found something");
}

/// Puts the same records into every store and returns them as rows.
async fn fill(random: &mut StdRng, stores: &[&Opened]) -> Vec<Found> {
    let mut all = Vec::new();
    for batch in 0..BATCHES {
        let key = format!("batch {batch}");
        let samples: Vec<Sample> = (0..RECORDS).map(|_| sample(random)).collect();
        for opened in stores {
            opened.insert(&documents(&key, &samples)).await;
        }
        all.extend(rows(&key, &samples));
    }
    all.sort_by_key(|row| row.id);
    all
}

fn sample(random: &mut StdRng) -> Sample {
    let level = LEVELS.choose(random).copied();
    Sample {
        nanos: time(random),
        level: level
            .filter(|_| random.random_ratio(9, 10))
            .map(str::to_owned),
        message: "m".repeat(random.random_range(0..60)),
        number: random.random_ratio(1, 3).then(|| random.random()),
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

fn query(random: &mut StdRng) -> Query {
    let [a, b] = [time(random), time(random)];
    let level = LEVELS.choose(random).filter(|_| random.random_ratio(7, 10));
    Query {
        start: random
            .random_ratio(3, 5)
            .then(|| Timestamp::from_nanos(a.min(b))),
        end: random
            .random_ratio(3, 5)
            .then(|| Timestamp::from_nanos(a.max(b))),
        level: level.map(|text| LevelFilter::new(text)),
    }
}

/// The definition in words of section 8, written again: a known level means all its spellings, any
/// other text is compared without regard to case and blanks around it.
fn matches(query: &Query, row: &Found) -> bool {
    let nanos = row.id.time().nanos();
    let level = row.level.as_deref();
    query.start.is_none_or(|start| start.nanos() <= nanos)
        && query.end.is_none_or(|end| nanos < end.nanos())
        && match &query.level {
            None => true,
            Some(LevelFilter::Known(asked)) => level.and_then(Level::from_text) == Some(*asked),
            Some(LevelFilter::Text(asked)) => {
                level.is_some_and(|text| text.trim().to_lowercase() == *asked)
            }
        }
}
