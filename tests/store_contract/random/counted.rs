//! Random records counted by random queries: each store against a naive count.

use super::asked::Asked;
use super::{ALL, Found, NOW, Opened, SEED, Stores, queries};
use crate::store_contract::PATIENCE;
use logs::clock::Clock as _;
use logs::{SEVERITY_UNKNOWN, Timestamp, severity_of};
use query::Query;
use query::buckets::Buckets;
use query::grid::Grid;
use query::interval::Interval;
use query::shift::Shift;
use query::span::Span;
use query::zone::Zone;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use record::id::RecordId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Records by the position of their bucket and their severity.
type Counted = BTreeMap<(usize, u8), u64>;

fn counted<'a>(rows: impl Iterator<Item = &'a Found>, buckets: &Buckets) -> Counted {
    let mut counted = Counted::new();
    for row in rows {
        let bucket = bucket(row.id, buckets);
        let severity = row.level.as_deref().map_or(SEVERITY_UNKNOWN, severity_of);
        *counted.entry((bucket, severity)).or_default() += 1;
    }
    counted
}

/// The one bucket between whose edges a record is.
fn bucket(id: RecordId, buckets: &Buckets) -> usize {
    let holds = |position: &usize| {
        let bucket = buckets.bucket(*position);
        bucket.first <= id.time() && id.time() <= bucket.last
    };
    let holding: Vec<usize> = (0..buckets.count()).filter(holds).collect();
    assert_eq!(holding.len(), 1, "{id} is in {holding:?}");
    holding[0]
}

/// Counts step by step.
async fn count(
    opened: &Opened,
    query: &Query,
    buckets: &Arc<Buckets>,
    time: Duration,
) -> (Counted, u64) {
    let (mut counted, mut after, mut steps) = (Counted::new(), None, 0);
    loop {
        let deadline = opened.clock.elapsed() + PATIENCE;
        let counts = opened.store.counts(query, after, buckets, time, deadline);
        let counts = counts.await.unwrap().expect("there is time enough");
        steps += 1;
        for group in counts.groups() {
            let bucket = bucket(group.id, buckets);
            *counted.entry((bucket, group.severity)).or_default() += group.records;
        }
        match counts.next {
            Some(next) => after = Some(next),
            None => return (counted, steps),
        }
    }
}

/// A hundred buckets of the query's range at most, on any clock.
fn buckets(random: &mut StdRng, query: &Query) -> Buckets {
    let first = query.start.unwrap_or(Timestamp::MIN);
    let end = query.end.map(|end| end.nanos().saturating_sub(1));
    let last = end.map_or(Timestamp::MAX, Timestamp::from_nanos).max(first);
    let span = Span { first, last };
    let range = u128::from(last.nanos().abs_diff(first.nanos()));
    let part = (range / random.random_range(1..40)).clamp(1, i64::MAX as u128);
    let zones = [
        "UTC",
        "Europe/Berlin",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
    ];
    let zone = Zone::parse(zones.choose(random).unwrap()).unwrap();
    let shift = match random.random_ratio(1, 2) {
        true => Shift::default(),
        false => Shift::parse(&format!("-{}ns", random.random_range(1..=part))).unwrap(),
    };
    let grid = match random.random_ratio(1, 3) {
        true => Grid::round(span, shift, zone),
        false => Grid::new(Interval::parse(&format!("{part}ns")).unwrap(), shift, zone),
    };
    Buckets::new(span, &grid).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn random_counts_are_on_each_store_what_a_naive_count_is() {
    let of_any_store = |query: &Query| query.is_of_time_and_severity();
    are_counted("random_counts", Asked::of_time_and_level, of_any_store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn random_counts_by_whatever_a_store_can_count_are_what_a_naive_count_is() {
    are_counted("random_counts_of_any", Asked::random, |_| true).await;
}

async fn are_counted(name: &str, ask: fn(&mut StdRng) -> Asked, is_asked: impl Fn(&Query) -> bool) {
    let mut random = StdRng::seed_from_u64(SEED);
    let stores = Stores::filled(name, &mut random).await;
    let all = &stores.all;
    let (mut hits, mut broken_off, mut tried) = (0, 0, 0);
    while tried < queries() {
        let asked = ask(&mut random);
        let query = Query::parse(&asked.query_string(), NOW).unwrap();
        let mut opened = stores.opened.iter();
        if !is_asked(&query) || !opened.any(|(_, opened)| opened.store.can_count(&query)) {
            continue;
        }
        tried += 1;
        let buckets = Arc::new(buckets(&mut random, &query));
        let time = match random.random_ratio(1, 4) {
            true => Duration::ZERO,
            false => ALL.time,
        };
        let expected = counted(all.iter().filter(|row| asked.matches(row)), &buckets);
        hits += usize::from(expected.len() > 1);
        let what = format!(
            "query {tried} of seed {SEED}: {} {buckets:?}",
            asked.query_string()
        );
        for (store, opened) in &stores.opened {
            if !opened.store.can_count(&query) {
                continue;
            }
            let (found, steps) = count(opened, &query, &buckets, time).await;
            assert_eq!(found, expected, "{store}, {what}");
            broken_off += usize::from(steps > 1);
        }
    }
    assert!(hits > queries() / 10, "{hits} counts had several groups");
    assert!(broken_off > 5, "{broken_off} had several steps");
}
