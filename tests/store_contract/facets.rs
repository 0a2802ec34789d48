//! The values that a store counts are those of its rows, whatever the records hold and however it counts.

use super::{ALL, Opened, PATIENCE, Place, batch_id, contract};
use logs::Timestamp;
use logs::clock::Clock as _;
use query::{Order, Query};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use record::batch::BatchBuilder;
use record::bson_writer::BsonWriter;
use record::document;
use record::documents::{DocumentList, Documents};
use record::id::{IdFormat, KeyDigest};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use store::facets::{Facets, FacetsLimit, Field};

const SEED: u64 = 20_241_009;
/// More than one page of either store.
const RECORDS: usize = 9_000;
/// Of which a part is inserted at once where they are large.
const PART: usize = 1_000;
/// Facets with all their values, as far as they are kept.
const EVERYTHING: usize = 10_000;
/// Bytes that values may take, with what is added before it is seen that they are too many.
const BOUND: usize = 8 * 1024 * 1024;
const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

const LEVELS: [&str; 8] = [
    "INFO", "info", "WARN", "ERROR", "panic", " Audit ", "情報", "",
];
const NAMES: [&str; 12] = [
    "a",
    "b",
    "service",
    "http",
    "a.b",
    "0",
    "1",
    "",
    "Ä\"\\",
    "b.0",
    "http.status",
    "status",
];
const TEXTS: [&str; 12] = [
    "",
    "x",
    "X",
    "\"q\"",
    "a\\b",
    "line\nfeed",
    "null",
    "500",
    "{",
    "[",
    "\u{1}",
    "ä😀",
];

/// Members of every kind, nested.
fn members(random: &mut StdRng, writer: &mut BsonWriter<'_>, depth: usize) {
    let count = random.random_range(0..5);
    let names: Vec<&str> = NAMES.sample(random, count).copied().collect();
    for name in names {
        value(random, writer, name, depth);
    }
}

fn value(random: &mut StdRng, writer: &mut BsonWriter<'_>, name: &str, depth: usize) {
    match random.random_range(0..if depth > 3 { 6 } else { 9 }) {
        0 => writer.integer(name, random.random_range(-3..3)),
        1 => writer.integer(name, random.random_range(i64::MIN..i64::MAX)),
        2 => writer.double(name, *[0.5, -0.0, 1.0, 1e300].choose(random).unwrap()),
        3 => writer.boolean(name, random.random_ratio(1, 2)),
        4 => writer.null(name),
        5 => writer.string(name, TEXTS.choose(random).unwrap()),
        6 | 7 => {
            let object = writer.open_document(name);
            members(random, writer, depth + 1);
            writer.close(object);
        }
        _ => {
            let array = writer.open_array(name);
            for place in 0..random.random_range(0..4) {
                value(random, writer, &place.to_string(), depth + 1);
            }
            writer.close(array);
        }
    }
}

/// A batch of so many records, whose attributes are written with their number.
fn batch(
    records: usize,
    random: &mut StdRng,
    mut attributes: impl FnMut(&mut StdRng, usize, &mut BsonWriter<'_>),
) -> Arc<DocumentList> {
    let key = Some(KeyDigest::of("values"));
    let mut builder = BatchBuilder::new(batch_id("values"), key, NOW, usize::MAX);
    for number in 0..records {
        // Some of them have one time.
        let nanos = i64::try_from(number / 3).unwrap() * 1_000_000;
        let level = LEVELS.choose(random).filter(|_| number % 7 > 0).copied();
        let message = format!("m{number}");
        builder.record(
            Some(Timestamp::from_nanos(nanos)),
            level,
            &message,
            |writer| {
                attributes(random, number, writer);
                Ok(())
            },
        );
    }
    let (batch, rejects) = builder.finish();
    assert_eq!(rejects.count, 0);
    let mut plain = Vec::new();
    for document in batch.documents.slices(0..records) {
        document::write_as(&mut plain, document, IdFormat::Plain, true);
    }
    Arc::new(Documents::from_encoded(plain).unwrap().into())
}

/// What the store counts, step by step, and in how many.
async fn counted(
    opened: &Opened,
    query: &Query,
    fields: Option<Vec<Field>>,
    time: Duration,
) -> (Facets, usize) {
    let limit = FacetsLimit {
        time,
        record_time: PATIENCE,
    };
    let (mut facets, mut after, mut steps) = (Facets::new(fields), None, 0);
    loop {
        let deadline = opened.clock.elapsed() + PATIENCE;
        let step = opened.store.facets(query, after, facets, limit, deadline);
        let step = step.await.unwrap();
        steps += 1;
        assert!(step.facets.bytes() <= BOUND, "{}", step.facets.bytes());
        facets = step.facets;
        let Some(next) = step.next else {
            return (facets, steps);
        };
        let is_behind = after.is_none_or(|after| match query.order {
            Order::Ascending => next > after,
            Order::Descending => next < after,
        });
        assert!(is_behind, "the next step begins behind this one");
        after = Some(next);
    }
}

/// What is counted of its rows, one by one.
async fn counted_by_rows(opened: &Opened, query: &Query, fields: Option<Vec<Field>>) -> Facets {
    let mut facets = Facets::new(fields);
    let mut after = None;
    loop {
        let page = opened.page(query, after, ALL).await;
        for row in page.rows() {
            let json = row.attributes.map(|attributes| attributes.json().unwrap());
            facets.add(row.severity, row.level, json.as_deref());
        }
        after = page.next;
        if after.is_none() {
            return facets;
        }
    }
}

fn told(facets: &Facets) -> (u64, Value) {
    let top = facets.top(EVERYTHING, EVERYTHING);
    (facets.records(), serde_json::to_value(top).unwrap())
}

/// Holds the store to its rows; how many steps it took.
async fn agrees(
    opened: &Opened,
    text: &str,
    fields: Option<Vec<Field>>,
    time: Duration,
) -> (Facets, usize) {
    let query = Query::parse(text, NOW).unwrap();
    let (facets, steps) = counted(opened, &query, fields.clone(), time).await;
    let expected = counted_by_rows(opened, &query, fields.clone()).await;
    assert_eq!(told(&facets), told(&expected), "{text} {fields:?} {time:?}");
    (facets, steps)
}

fn attributes(keys: &[&str]) -> Vec<Field> {
    let attribute = |key: &&str| Field::Attribute((*key).to_owned());
    keys.iter().map(attribute).collect()
}

contract!(
    the_values_that_a_store_counts_are_those_of_its_rows,
    async |place: Place| {
        let opened = place.open();
        let mut random = StdRng::seed_from_u64(SEED);
        let documents = batch(RECORDS, &mut random, |random, number, writer| {
            members(random, writer, 0);
            // Longer than what stands in a row, and than what is listed.
            if number % 1_000 == 0 {
                writer.string("long", &"l".repeat(20_000));
            }
        });
        opened.insert(&documents).await;
        let mut broken_off = 0;
        for query in [
            "",
            "order=desc",
            "minLevel=WARN",
            "logLevel=info",
            "logLevel=Audit",
            "q=7",
            "word=m77",
            "regex=[13]5$&order=desc",
            "attr.a=x",
            "attr.b.0=!x&q=m1",
            "startTime=1970-01-01T00:00:01Z&endTime=1970-01-01T00:00:02Z",
            "q=nothing",
        ] {
            for fields in [
                None,
                Some(vec![Field::Level]),
                Some(attributes(&["a", "a.b", "http.status", "absent"])),
                Some(attributes(&["b.0", "a.1.b", "b"])),
            ] {
                let (facets, _) = agrees(&opened, query, fields.clone(), ALL.time).await;
                let is_found = facets.records() > 0;
                assert_eq!(is_found, query != "q=nothing", "{query}");
                let (_, steps) = agrees(&opened, query, fields, Duration::ZERO).await;
                broken_off += usize::from(steps > 1);
            }
        }
        assert!(broken_off > 10, "{broken_off} had several steps");
    }
);

contract!(
    of_any_number_of_values_those_that_are_frequent_are_found_in_bounded_memory,
    async |place: Place| {
        let opened = place.open();
        let mut random = StdRng::seed_from_u64(SEED);
        let padding = "p".repeat(200);
        let documents = batch(RECORDS, &mut random, |_, number, writer| {
            for field in 0..30 {
                writer.string(
                    &format!("id{field}"),
                    &format!("{number} {field} {padding}"),
                );
            }
            writer.integer("half", i64::try_from(number % 2).unwrap());
            writer.integer(&format!("name{number}"), 1);
        });
        // As much as a server takes at once.
        for start in (0..RECORDS).step_by(PART) {
            opened.insert_range(&documents, start..start + PART).await;
        }
        for time in [ALL.time, Duration::ZERO] {
            let (facets, _) = agrees(&opened, "", None, time).await;
            let (records, all) = told(&facets);
            assert_eq!(records, RECORDS as u64);
            let all = all.as_array().unwrap();
            let field = |name: &str| all.iter().find(|one| one["field"] == name).unwrap();
            let half = field("attr.half");
            assert_eq!(half["distinct"], 2, "{half}");
            assert_eq!(half["values"][0]["count"], RECORDS as u64 / 2, "{half}");
            let many = field("attr.id0");
            assert!(many["mayMiss"].as_u64() > Some(0), "{many}");
        }
    }
);

contract!(
    a_step_that_has_no_time_left_comes_further_all_the_same,
    async |place: Place| {
        let opened = place.open();
        let mut random = StdRng::seed_from_u64(SEED);
        let documents = batch(RECORDS, &mut random, |_, _, writer| writer.null("a"));
        opened.insert(&documents).await;
        let (facets, steps) = counted(&opened, &Query::default(), None, Duration::ZERO).await;
        assert_eq!(facets.records(), RECORDS as u64);
        assert!((2..=RECORDS).contains(&steps), "{steps}");
    }
);
