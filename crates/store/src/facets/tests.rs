//! What is counted of which field, and that memory stays bounded.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn shown(facets: &Facets, attributes: usize, values: usize) -> Value {
    serde_json::to_value(facets.top(attributes, values)).unwrap()
}

fn attribute(key: &str) -> Field {
    Field::Attribute(key.to_owned())
}

#[test]
fn values_of_level_and_attributes_are_told_the_most_frequent_first() {
    let mut facets = Facets::new(None);
    for (severity, level, attributes) in [
        (
            17,
            Some("ERROR"),
            Some(r#"{"service":"orders","http":{"status":500},"id":"1"}"#),
        ),
        (
            9,
            Some("info"),
            Some(r#"{"service":"login","http.status":500,"id":"2"}"#),
        ),
        (
            9,
            Some("INFO"),
            Some(r#"{"service":"orders","tags":["a","a","b",{"c":1},["d"]],"id":"3"}"#),
        ),
        (0, Some(" Audit"), None),
        (0, None, None),
    ] {
        facets.add(severity, level, attributes);
    }
    assert_eq!(facets.records(), 5);
    let value = |value: &str, count: u64| json!({"value": value, "count": count});
    assert_eq!(
        shown(&facets, 3, 2),
        json!([
            {"field": "level", "records": 4, "distinct": 3, "values": [value("INFO", 2), value("ERROR", 1)]},
            {"field": "attr.service", "records": 3, "distinct": 2, "values": [value("orders", 2), value("login", 1)]},
            {"field": "attr.id", "records": 3, "distinct": 3, "values": [value("1", 1), value("2", 1)]},
            {"field": "attr.http.status", "records": 2, "distinct": 1, "values": [value("500", 2)]},
        ])
    );
    assert_eq!(
        shown(&facets, 4, 5)[4],
        json!({"field": "attr.tags.c", "records": 1, "distinct": 1, "values": [value("1", 1)]})
    );
    assert_eq!(
        shown(&facets, 5, 5)[5],
        json!({"field": "attr.tags", "records": 1, "distinct": 2, "values": [value("a", 1), value("b", 1)]})
    );
}

#[test]
fn a_place_in_an_array_is_told_when_it_is_asked_for() {
    let asked = ["cred.0.u", "cred.u", "tags.1"].map(attribute);
    let mut facets = Facets::new(Some(asked.to_vec()));
    assert!(facets.looks_at_attributes());
    for attributes in [
        r#"{"cred":[{"u":"bob"},{"u":"eve"},{"u":"eve"}],"tags":["a","b"]}"#,
        r#"{"cred":[{"u":"eve"},{"u":"bob"}],"cred.0.u":"ann","tags":{"1":"b"}}"#,
        r#"{"cred":{"u":"bob"},"tags":["a"]}"#,
    ] {
        facets.add(0, None, Some(attributes));
    }
    let value = |value: &str, count: u64| json!({"value": value, "count": count});
    assert_eq!(
        shown(&facets, 0, 9),
        json!([
            {"field": "attr.cred.0.u", "records": 2, "distinct": 3, "values": [value("ann", 1), value("bob", 1), value("eve", 1)]},
            {"field": "attr.cred.u", "records": 3, "distinct": 2, "values": [value("bob", 3), value("eve", 2)]},
            {"field": "attr.tags.1", "records": 2, "distinct": 1, "values": [value("b", 2)]},
        ])
    );
    assert!(Facets::new(Some(vec![attribute("a.0")])).looks_at_attributes());
}

#[test]
fn fields_that_are_asked_for_are_told_in_their_order_also_when_no_record_has_them() {
    let mut facets = Facets::new(Some(vec![attribute("b"), attribute("a.c"), Field::Level]));
    facets.add(9, Some("INFO"), Some(r#"{"a":{"c":null},"d":1}"#));
    assert_eq!(
        shown(&facets, 0, 1),
        json!([
            {"field": "attr.b", "records": 0, "distinct": 0, "values": []},
            {"field": "attr.a.c", "records": 1, "distinct": 1, "values": [{"value": "null", "count": 1}]},
            {"field": "level", "records": 1, "distinct": 1, "values": [{"value": "INFO", "count": 1}]},
        ])
    );
}

#[test]
fn a_value_that_is_too_long_is_not_listed_but_told() {
    let mut facets = Facets::new(Some(vec![attribute("a")]));
    let attributes = json!({"a": "x".repeat(LONGEST + 1)}).to_string();
    facets.add(9, None, Some(&attributes));
    assert_eq!(
        shown(&facets, 0, 1),
        json!([{"field": "attr.a", "records": 1, "tooLong": 1, "values": []}])
    );
}

#[test]
fn memory_is_bounded_and_what_is_frequent_is_found_among_any_number_of_names_and_values() {
    let mut facets = Facets::new(None);
    for number in 0..40_000 {
        let (padding, half) = ("x".repeat(200), number % 2);
        let attributes = json!({
            format!("name{number}"): 1, "id": format!("{number}{padding}"), "half": half,
            "more": (0..5).map(|more| format!("{padding}{number}-{more}")).collect::<Vec<_>>(),
        });
        facets.add(9, Some("INFO"), Some(&attributes.to_string()));
        assert!(facets.attributes.len() <= MOST_FIELDS && facets.bytes <= MOST_BYTES);
    }
    let held: usize = facets
        .attributes
        .values()
        .map(|tally| tally.values.bytes())
        .sum();
    assert_eq!(facets.bytes, held + facets.level.values.bytes());
    let shown = shown(&facets, 3, 2);
    let half = json!([{"value": "0", "count": 20_000}, {"value": "1", "count": 20_000}]);
    assert_eq!(shown[1]["field"], "attr.half");
    assert_eq!(
        (&shown[1]["values"], &shown[1]["distinct"]),
        (&half, &json!(2))
    );
    for many in [&shown[2], &shown[3]] {
        assert_eq!(many["records"], 40_000, "{many}");
        assert_eq!(many["distinct"], Value::Null);
        assert!(many["mayMiss"].as_u64().unwrap() > 0);
    }
}

#[test]
fn all_fields_together_stay_within_the_bound_of_bytes() {
    let mut facets = Facets::new(None);
    let padding = "x".repeat(LONGEST - 10);
    for number in 0..1_000 {
        let member = |field: usize| (format!("f{field}"), json!(format!("{number}{padding}")));
        let mut attributes: serde_json::Map<String, Value> = (0..60).map(member).collect();
        attributes.insert("half".to_owned(), json!(number % 2));
        let level =
            ["INFO", "ERROR", "audit"][usize::from(number % 2 == 0) + usize::from(number == 0)];
        let severity = logs::severity_of(level);
        facets.add(
            severity,
            Some(level),
            Some(&Value::from(attributes).to_string()),
        );
        assert!(facets.bytes <= MOST_BYTES);
    }
    assert!(
        facets
            .attributes
            .values()
            .any(|tally| tally.values.missed() > 0)
    );
    // Those of few values have lost none.
    let value = |value: &str, count: u64| json!({"value": value, "count": count});
    let shown = shown(&facets, 60, 5);
    let exact = |field: &str| {
        let all = shown.as_array().unwrap();
        all.iter()
            .find(|one| one["field"] == field)
            .unwrap()
            .clone()
    };
    let levels = [value("INFO", 500), value("ERROR", 499), value("audit", 1)];
    assert_eq!(exact("level")["values"], json!(levels));
    assert_eq!(exact("level")["distinct"], 3);
    assert_eq!(
        exact("attr.half")["values"],
        json!([value("0", 500), value("1", 500)])
    );
    assert_eq!(exact("attr.half")["distinct"], 2);
}

/// Records of a few values or of many, among them arrays, and their level.
fn records() -> impl Strategy<Value = Vec<(bool, Vec<u16>)>> {
    let values = prop_oneof![0..9_u16, 0..9_u16, 0..9_000_u16];
    let record = (any::<bool>(), prop::collection::vec(values, 0..4));
    prop::collection::vec(record, 0..3_000)
}

/// The same by groups, as a store has them that knows how many records have a value; of more than `most`, those that are
/// no more frequent than `left_out` are left out.
fn add_groups(facets: &mut Facets, records: &[(bool, Vec<u16>)], most: usize, left_out: u64) {
    facets.add_records(records.len() as u64);
    let warnings = records.iter().filter(|(is_warning, _)| *is_warning).count();
    let others = (records.len() - warnings) as u64;
    let levels = [
        (13, Some("warn"), warnings as u64),
        (0, Some("Audit"), others),
        (0, None, 7),
    ];
    facets.add_levels(levels.into_iter().filter(|(_, _, records)| *records > 0));
    let mut groups: BTreeMap<String, u64> = BTreeMap::new();
    for (_, values) in records {
        for value in values.iter().collect::<BTreeSet<_>>() {
            *groups.entry(value.to_string()).or_default() += 1;
        }
    }
    let with_any = records.iter().filter(|(_, values)| !values.is_empty());
    if facets.wants("a") {
        let all = Groups {
            records: with_any.count() as u64,
            too_long: 0,
            left_out: if groups.len() > most { left_out } else { 0 },
        };
        let told = |(_, count): &(&String, &u64)| groups.len() <= most || **count > left_out;
        let groups = groups.iter().filter(told);
        facets.add_values(
            "a",
            all,
            groups.map(|(value, count)| (value.as_str(), *count)),
        );
    }
}

fn add_each(facets: &mut Facets, records: &[(bool, Vec<u16>)]) {
    for (is_warning, values) in records {
        let (severity, level) = if *is_warning {
            (13, "warn")
        } else {
            (0, "Audit")
        };
        let attributes = json!({ "a": values }).to_string();
        facets.add(severity, Some(level), Some(&attributes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn values_that_are_told_group_by_group_are_counted_as_those_of_each_record(
        records in records(), asked: bool, part in 1..2_000_usize,
        (most, left_out) in prop_oneof![Just((9_999, 0)), (300..999_usize, 0..3_u64)],
    ) {
        let asked = asked.then(|| vec![attribute("a"), Field::Level]);
        let mut each = Facets::new(asked.clone());
        add_each(&mut each, &records);
        let mut groups = Facets::new(asked);
        for (number, part) in records.chunks(part).enumerate() {
            // A store may know groups of some records, and have to look at the others.
            if number % 3 == 2 {
                add_each(&mut groups, part);
            } else {
                add_groups(&mut groups, part, most, left_out);
            }
        }
        prop_assert_eq!(groups.records(), each.records());
        let is_exact = |facets: &Facets| {
            facets.attributes.get("a").is_none_or(|tally| tally.values.missed() == 0)
        };
        if is_exact(&each) && is_exact(&groups) {
            prop_assert_eq!(shown(&groups, 9, 9_000), shown(&each, 9, 9_000));
        }
        if let Some(tally) = groups.attributes.get("a") {
            let mut exact: BTreeMap<String, u64> = BTreeMap::new();
            for (_, values) in &records {
                for value in values.iter().collect::<BTreeSet<_>>() {
                    *exact.entry(value.to_string()).or_default() += 1;
                }
            }
            prop_assert!(tally.values.len() <= 1_000);
            for (value, told) in tally.values.top(1_000) {
                prop_assert!(told <= exact[value] && exact[value] <= told + tally.values.missed());
            }
        }
    }
}

#[test]
fn a_group_of_a_field_that_is_not_asked_for_is_not_counted() {
    let mut facets = Facets::new(Some(vec![attribute("a"), attribute("b.0")]));
    assert!(facets.wants("a") && !facets.wants("c") && facets.wants_places());
    facets.add_records(5);
    let groups = |records, too_long| Groups {
        records,
        too_long,
        left_out: 0,
    };
    facets.add_values("c", groups(5, 0), [("x", 5)].into_iter());
    facets.add_values("a", groups(4, 2), [("x", 3), ("y", 0)].into_iter());
    assert_eq!(
        shown(&facets, 9, 9)[0],
        json!({"field": "attr.a", "records": 4, "tooLong": 2, "values": [{"value": "x", "count": 3}]})
    );
    assert_eq!(facets.attributes.len(), 1);
}
