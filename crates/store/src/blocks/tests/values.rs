//! Values that are counted column by column are those of the rows, also where there are more than are kept in mind.

use super::*;
use crate::facets::{Facets, Field, MOST_VALUES};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use std::collections::HashMap;

/// Every value with its records, and what a count may miss, of each field.
type Told = HashMap<String, (u64, HashMap<String, u64>, u64)>;

fn told(facets: &Facets) -> Told {
    let fields = serde_json::to_value(facets.top(99, 2 * MOST_VALUES)).unwrap();
    let field = |field: &Value| {
        let value = |one: &Value| {
            let text = one["value"].as_str().unwrap().to_owned();
            (text, one["count"].as_u64().unwrap())
        };
        let values = field["values"].as_array().unwrap().iter().map(value);
        let missed = field["mayMiss"].as_u64().unwrap_or(0);
        let records = field["records"].as_u64().unwrap();
        let name = field["field"].as_str().unwrap().to_owned();
        (name, (records, values.collect(), missed))
    };
    fields.as_array().unwrap().iter().map(field).collect()
}

/// What the store counts step by step; each has counted something at least.
fn counted(store: &Store, query: &Query, fields: Option<&[Field]>, is_over: bool) -> Facets {
    let (mut facets, mut after) = (Facets::new(fields.map(<[Field]>::to_vec)), None);
    loop {
        let step = store
            .reading()
            .facets(query, after, facets, || is_over, &|| true);
        let step = step.unwrap().expect("there is room for all fields");
        let comes_on = step.next.is_none() || step.next != after;
        assert!(comes_on, "each step comes further");
        facets = step.facets;
        after = step.next;
        if after.is_none() {
            return facets;
        }
    }
}

/// All values of the rows, exactly.
fn exact(store: &Store, query: &Query) -> (u64, HashMap<String, HashMap<String, u64>>) {
    let mut values: HashMap<String, HashMap<String, u64>> = HashMap::new();
    let page = store.page(query, None, ALL).unwrap();
    for row in page.rows() {
        let json = row.attributes.unwrap().json().unwrap();
        query::each_value(&json, &mut |path, value| {
            let field = values.entry(format!("attr.{path}")).or_default();
            *field.entry(value.to_owned()).or_default() += 1;
        });
    }
    (page.len() as u64, values)
}

/// Records in blocks that overlap, with values that are few, many, or different in each.
fn filled(random: &mut StdRng) -> Store {
    let (store, mut door) = (Store::new(), Door::new());
    for batch in 0..12 {
        let from = random.random_range(0..DAY / 2);
        let count = [50, 3_000][batch % 2];
        let samples: Vec<Sample> = (0..count)
            .map(|_| {
                let after = from + random.random_range(0..DAY / 2);
                (after, random.random_range(0..5_000))
            })
            .collect();
        let list = door.with_attributes(&batch.to_string(), &samples, |number, writer| {
            writer.integer("number", i64::from(number.min(4_000)));
            writer.string("id", &format!("{batch:08x}{:08x}", random.random::<u32>()));
            writer.string("path", &format!("/customers/{}", number % 1_500));
            if number % 3 == 0 {
                writer.string("service", ["a", "b"][batch % 2]);
                writer.boolean("ok", number % 2 == 0);
            }
            if number % 7 == 0 {
                writer.string("number.text", &"7".repeat(number as usize % 300));
            }
        });
        store.insert(&list);
    }
    store
}

#[test]
fn counts_of_values_are_those_of_the_rows_or_too_low_by_what_is_told_at_most() {
    let mut random = StdRng::seed_from_u64(5);
    let store = filled(&mut random);
    let asked = ["id", "service"].map(|key| Field::Attribute(key.to_owned()));
    let mut missed_some = 0;
    for turn in 0..3 {
        for text in [
            "",
            "order=desc",
            "minLevel=WARN",
            "attr.service=a",
            "attr.ok&q=message%201",
        ] {
            let mut query = Query::parse(text, Timestamp::from_nanos(START)).unwrap();
            if turn < 2 {
                let start = START + random.random_range(0..DAY / 4);
                query.start = Some(Timestamp::from_nanos(start));
            }
            let (records, exact) = exact(&store, &query);
            for (fields, is_over) in [(None, false), (None, true), (Some(&asked[..]), false)] {
                let facets = counted(&store, &query, fields, is_over);
                assert_eq!(facets.records(), records, "{text}");
                let told = told(&facets);
                assert_eq!(told.len(), fields.map_or(exact.len() + 1, <[Field]>::len));
                for (field, (records, values, missed)) in told {
                    let Some(exact) = exact.get(&field) else {
                        assert_eq!(field, "level");
                        continue;
                    };
                    assert_eq!(records, exact.values().sum::<u64>(), "{field}");
                    missed_some += usize::from(missed > 0);
                    assert_eq!(missed > 0, exact.len() > MOST_VALUES, "{field}");
                    for (value, count) in exact {
                        let told = values.get(value).copied().unwrap_or(0);
                        let is_long = value.len() > crate::facets::LONGEST;
                        let is_known = told <= *count && *count <= told + missed;
                        assert!(is_known || is_long, "{field}={value}: {told} of {count}");
                    }
                }
            }
        }
        merge_all(&store.file);
    }
    assert!(missed_some > 10);
}

#[test]
fn of_identifiers_that_are_all_different_a_count_misses_one_for_each_block_at_most() {
    let mut random = StdRng::seed_from_u64(6);
    let store = filled(&mut random);
    let facets = counted(&store, &Query::default(), None, false);
    let (_, values, missed) = &told(&facets)["attr.id"];
    assert!(values.len() >= 100, "{}", values.len());
    assert!((1..=12).contains(missed), "{missed}");
}
