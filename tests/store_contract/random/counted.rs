//! Random records counted by random queries: both stores against a naive count.

use super::asked::Asked;
use super::{ALL, Found, NOW, Opened, SEED, Stores, queries};
use crate::store_contract::PATIENCE;
use logs::clock::Clock as _;
use logs::{SEVERITY_UNKNOWN, Timestamp, severity_of};
use query::Query;
use query::interval::Interval;
use query::span::Span;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use record::id::RecordId;
use std::collections::BTreeMap;
use std::time::Duration;

/// Records by the number of their bucket and their severity.
type Counted = BTreeMap<(i128, u8), u64>;

fn counted<'a>(rows: impl Iterator<Item = &'a Found>, interval: Interval) -> Counted {
    let mut counted = Counted::new();
    for row in rows {
        let bucket = bucket(row.id, interval);
        let severity = row.level.as_deref().map_or(SEVERITY_UNKNOWN, severity_of);
        *counted.entry((bucket, severity)).or_default() += 1;
    }
    counted
}

/// The number of the bucket that a record is in.
fn bucket(id: RecordId, interval: Interval) -> i128 {
    i128::from(id.time().nanos()).div_euclid(i128::from(interval.nanos()))
}

/// Counts step by step.
async fn count(
    opened: &Opened,
    query: &Query,
    interval: Interval,
    time: Duration,
) -> (Counted, u64) {
    let (mut counted, mut after, mut steps) = (Counted::new(), None, 0);
    loop {
        let deadline = opened.clock.elapsed() + PATIENCE;
        let counts = opened.store.counts(query, after, interval, time, deadline);
        let counts = counts.await.unwrap();
        steps += 1;
        for group in counts.groups() {
            let bucket = bucket(group.id, interval);
            *counted.entry((bucket, group.severity)).or_default() += group.records;
        }
        match counts.next {
            Some(next) => after = Some(next),
            None => return (counted, steps),
        }
    }
}

/// A length that cuts the query's range into a hundred buckets at most.
fn length(random: &mut StdRng, query: &Query) -> Interval {
    let span = Span {
        first: query.start.unwrap_or(Timestamp::MIN),
        last: query.end.unwrap_or(Timestamp::MAX),
    };
    let range = u128::from(span.last.nanos().abs_diff(span.first.nanos()));
    let part = (range / random.random_range(1..40)).clamp(1, i64::MAX as u128);
    let text = match random.random_ratio(1, 3) {
        true => Interval::round(span).to_string(),
        false => format!("{part}ns"),
    };
    Interval::parse(&text).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_counts_are_on_both_stores_what_a_naive_count_is() {
    let mut random = StdRng::seed_from_u64(SEED);
    let stores = Stores::filled("random_counts", &mut random).await;
    let (sqlite, mongodb, all) = (&stores.sqlite, &stores.mongodb, &stores.all);
    let (mut hits, mut broken_off, mut tried) = (0, 0, 0);
    while tried < queries() {
        let asked = Asked::of_time_and_level(&mut random);
        let query = Query::parse(&asked.query_string(), NOW).unwrap();
        if !query.is_of_time_and_severity() {
            continue;
        }
        tried += 1;
        let length = length(&mut random, &query);
        let time = match random.random_ratio(1, 4) {
            true => Duration::ZERO,
            false => ALL.time,
        };
        let expected = counted(all.iter().filter(|row| asked.matches(row)), length);
        hits += usize::from(expected.len() > 1);
        let what = format!(
            "query {tried} of seed {SEED}: {} {length}",
            asked.query_string()
        );
        for (store, opened) in [("SQLite", sqlite), ("MongoDB", mongodb)] {
            let (found, steps) = count(opened, &query, length, time).await;
            assert_eq!(found, expected, "{store}, {what}");
            broken_off += usize::from(steps > 1);
        }
    }
    assert!(hits > queries() / 10, "{hits} counts had several groups");
    assert!(broken_off > 5, "{broken_off} had several steps");
}
