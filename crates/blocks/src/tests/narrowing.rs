//! What is narrowed is narrowed: filters and columns that say yes to everything would be of no use.

use super::*;
use crate::damaged::Damaged;
use crate::select;
use crate::tokens::Wanted;
use bson::doc;
use query::{AttributeFilter, Phrase, Query, Substring};

fn records_with(all: impl IntoIterator<Item = (String, Document)>) -> Records {
    let record = |(number, (message, attributes)): (u32, (String, Document))| {
        let id = RecordId::new(
            Timestamp::from_nanos(0),
            BatchId::from_bytes([0; 8]),
            number,
        );
        let fields = Fields {
            severity: 9,
            level: None,
            message,
            attributes: Some(attributes),
            received: 0,
        };
        (id, fields)
    };
    (0..).zip(all).map(record).collect()
}

fn filter(key: &str, value: &str) -> AttributeFilter {
    AttributeFilter::new(key, value).unwrap()
}

fn of_attribute(filter: AttributeFilter) -> Query {
    Query {
        attributes: vec![filter],
        ..Query::default()
    }
}

#[test]
fn few_words_and_values_that_are_in_no_record_may_be_in_the_block() {
    let all = (0..500).map(|number| {
        let attributes = doc! {"user": format!("u{number}"), "tags": [format!("t{number}")]};
        (format!("request {number} was served"), attributes)
    });
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    let may_be = |query: &Query| Wanted::of(query).may_be_in(&opened.head, &opened.filter);
    let word = |word: String| Query {
        phrases: vec![Phrase::new(&word, false).unwrap()],
        ..Query::default()
    };
    for make in [
        &|number| word(format!("{number}")) as Query,
        &|number| of_attribute(filter("user", &format!("u{number}"))),
        &|number| of_attribute(filter("tags", &format!("t{number}"))),
    ] as [&dyn Fn(usize) -> Query; 3]
    {
        assert!((0..500).all(|number| may_be(&make(number))));
        let others = (500..1_500).filter(|number| may_be(&make(*number))).count();
        assert!(others < 50, "{others} of {:?}", make(500));
    }
}

#[test]
fn integers_that_no_block_has_are_told_by_the_head() {
    let all = (0..100).map(|number| {
        let attributes =
            doc! {"n": 1_000 + number * 7, "a": {"least": i64::MIN + number, "x": [number]}};
        ("m".to_owned(), attributes)
    });
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    let asked = |key: &str, value: &str| {
        let filter = filter(key, value);
        let places = select::columns(&filter, &opened.head).len();
        let may_be = Wanted::of(&of_attribute(filter)).may_be_in(&opened.head, &opened.filter);
        (places, may_be)
    };
    for (key, value, expected) in [
        ("n", "1000", (1, true)),
        ("n", "1693", (1, true)),
        ("n", "1001", (1, true)),
        ("n", "999", (0, false)),
        ("n", "1694", (0, false)),
        ("n", "-1000", (0, false)),
        ("n", "01000", (0, false)),
        ("n", "1e3", (0, false)),
        ("n", "x", (0, false)),
        ("a.least", "-9223372036854775808", (1, true)),
        ("a.least", "-9223372036854775708", (0, false)),
        ("a.least", "9223372036854775808", (0, false)),
    ] {
        assert_eq!(asked(key, value), expected, "{key}={value}");
    }
    for (key, value) in [("n", ""), ("n", "!1000"), ("a.x", "7"), ("a", "")] {
        assert!(asked(key, value).1, "{key}={value}");
    }
}

proptest! {
    #[test]
    fn no_integer_that_a_block_has_is_denied(
        numbers in prop::collection::vec(prop_oneof![any::<i64>(), -3_i64..3, Just(i64::MIN), Just(i64::MAX)], 1..20)
    ) {
        let all = numbers.iter().map(|number| ("m".to_owned(), doc! {"n": *number, "o": {"n": [*number]}}));
        let opened = Opened::read(&block(&records_with(all))).unwrap();
        for number in &numbers {
            for key in ["n", "o.n"] {
                let filter = filter(key, &number.to_string());
                let found = select::attribute(&filter, &opened.head, &opened.attributes).unwrap();
                let expected = numbers.iter().map(|other| key == "o.n" || other == number);
                prop_assert_eq!(found, crate::row_set::RowSet::of(expected.collect::<Vec<_>>().into_iter()));
                prop_assert!(Wanted::of(&of_attribute(filter)).may_be_in(&opened.head, &opened.filter));
            }
        }
    }
}

#[test]
fn few_parts_of_messages_that_are_in_none_may_be_in_the_block() {
    let all = (0..500).map(|number| (format!("Request {number:x} WÄRE served"), doc! {"a": 1}));
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    let may_be = |text: &str| {
        let query = Query {
            texts: vec![Substring::new(text, false).unwrap()],
            ..Query::default()
        };
        Wanted::of(&query).may_be_in(&opened.head, &opened.filter)
    };
    for text in ["", "e", "uest 1F3 wär", "QUEST", "äre SERVE", "erve"] {
        assert!(may_be(text), "{text}");
    }
    let others = (0..1_000).filter(|number| may_be(&format!("needle{number}")));
    let others = others.count();
    assert!(others < 20, "{others}");
    let query = |phrase: &str| Query {
        phrases: vec![Phrase::new(phrase, false).unwrap()],
        ..Query::default()
    };
    let wanted = Wanted::of(&query("nowhere to be seen"));
    assert!(!wanted.may_be_in(&opened.head, &opened.filter));
    // What another version folds in its own way may be anywhere.
    let mut other = opened.head.clone();
    other.words_version += 1;
    assert!(wanted.may_be_in(&other, &opened.filter));
}

#[test]
fn only_columns_that_can_fulfil_a_condition_are_asked_for() {
    let many: Document = (0..300)
        .map(|name| (format!("n{name}"), true.into()))
        .collect();
    let plain = doc! {"a": {"b": 1, "c": [1]}, "a.b": "x", "d": 2, "e": [{"f": 1}], "ab": 3};
    let records = records_with([("m".to_owned(), plain), ("m".to_owned(), many)]);
    let opened = Opened::read(&block(&records)).unwrap();
    for (key, value, expected) in [
        ("d", "2", &["d"][..]),
        ("a.b", "1", &["a.b", "a.b"]),
        ("a.b", "", &["a.b", "a.b"]),
        ("a", "", &["a.b", "a.c", "a.b"]),
        ("a", "1", &[]),
        ("a", "{\"b\":1}", &["a.b", "a.c", "a.b"]),
        ("a.c.0", "1", &["a.c"]),
        ("a.b.0", "1", &[]),
        ("e.f", "1", &["e"]),
        ("g", "1", &[]),
        ("d", "!2", &[]),
    ] {
        let places = select::columns(&filter(key, value), &opened.head);
        let columns = places
            .iter()
            .map(|place| &opened.head.sections[*place].column);
        let (whole, paths): (Vec<&Column>, Vec<&Column>) =
            columns.partition(|column| **column == Column::Whole);
        let expected: Vec<Column> = expected
            .iter()
            .map(|path| Column::Attribute((*path).to_owned()))
            .collect();
        assert_eq!(paths, expected.iter().collect::<Vec<_>>(), "{key}={value}");
        // What is kept whole may have anything.
        assert_eq!(whole.len(), usize::from(!value.starts_with('!')));
    }
}

#[test]
fn only_records_that_may_fulfil_a_condition_are_left() {
    let all = [
        doc! {"a": "x"},
        doc! {"a": "y"},
        doc! {"a": ["x"]},
        doc! {"a": ["y"]},
        doc! {"a": {"0": "x"}},
        doc! {"b": 1},
        doc! {"a": {"c": 1}},
    ];
    let all = all.into_iter().map(|all| ("m".to_owned(), all));
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    for (key, value, expected) in [
        ("a", "x", &[0, 2, 3][..]),
        ("a.0", "x", &[2, 3, 4]),
        ("a", "", &[0, 1, 2, 3, 4, 6]),
        // Any array may have it.
        ("a", "{\"c\":1}", &[2, 3, 4, 6]),
        ("b", "1", &[5]),
        ("b", "2", &[]),
        ("b", "!1", &[0, 1, 2, 3, 4, 5, 6]),
    ] {
        let filter = filter(key, value);
        let rows = select::attribute(&filter, &opened.head, &opened.attributes).unwrap();
        assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{key}={value}");
    }
}

#[test]
fn each_of_more_paths_than_there_are_columns_is_found() {
    let all = (0..300).map(|number| {
        let attributes = doc! {format!("path{number}"): format!("value {number}")};
        ("m".to_owned(), attributes)
    });
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    assert_eq!(opened.attributes.len(), 257);
    for number in 0..300 {
        let filter = filter(&format!("path{number}"), &format!("value {number}"));
        let rows = select::attribute(&filter, &opened.head, &opened.attributes).unwrap();
        assert!(rows.has(number));
        assert!(rows.count() <= 45, "{}", rows.count());
        let query = of_attribute(filter);
        assert!(Wanted::of(&query).may_be_in(&opened.head, &opened.filter));
    }
}

#[test]
fn columns_that_are_missing_or_of_another_block_are_told() {
    let records = |numbers: std::ops::Range<u32>| {
        records_with(numbers.map(|number| {
            let attributes = doc! {"a": i64::from(number), "b": "x"};
            (format!("m{number}"), attributes)
        }))
    };
    let opened = Opened::read(&block(&records(0..3))).unwrap();
    let missing = select::attribute(&filter("a", "1"), &opened.head, &opened.attributes[1..]);
    assert_eq!(missing, Err(Damaged::Impossible("a column is missing")));
    let other = Opened::read(&block(&records(0..4))).unwrap();
    let own = (&opened.ids, &opened.levels, &opened.messages);
    let mut turned = opened.attributes.clone();
    turned.reverse();
    for (columns, shapes, attributes) in [
        (own, &opened.shapes, opened.attributes[1..].to_vec()),
        (own, &opened.shapes, turned),
        (own, &opened.shapes, other.attributes.clone()),
        (own, &other.shapes, opened.attributes.clone()),
        (
            (&other.ids, own.1, own.2),
            &opened.shapes,
            opened.attributes.clone(),
        ),
        (
            (own.0, &other.levels, own.2),
            &opened.shapes,
            opened.attributes.clone(),
        ),
        (
            (own.0, own.1, &other.messages),
            &opened.shapes,
            opened.attributes.clone(),
        ),
    ] {
        let rows = Rows::new(&opened.head, columns, shapes, attributes);
        assert!(rows.is_err());
    }
}

#[test]
fn of_single_values_it_is_certain_which_records_fulfil_a_condition() {
    let all = [
        doc! {"a": "x", "n": 1},
        doc! {"a": "y", "n": {"m": 1}},
        doc! {"a": ["x"]},
        doc! {"a": {}},
        doc! {"b": 1},
    ];
    let all = all.into_iter().map(|all| ("m".to_owned(), all));
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    for (key, value, surely, may) in [
        ("a", "x", &[0][..], &[0, 2][..]),
        ("a", "!x", &[1, 3, 4], &[1, 2, 3, 4]),
        ("a", "", &[0, 1, 3], &[0, 1, 2, 3]),
        ("a", "!", &[4], &[2, 4]),
        ("n", "1", &[0], &[0]),
        ("n", "!1", &[1, 2, 3, 4], &[1, 2, 3, 4]),
        ("n.m", "1", &[1], &[1]),
        ("n", "", &[0], &[0, 1]),
        ("a.0", "x", &[], &[2]),
    ] {
        let filter = filter(key, value);
        let known = select::certain::attribute(&filter, &opened.head, &opened.attributes);
        let known = known.unwrap();
        assert_eq!(
            known.surely.iter().collect::<Vec<_>>(),
            surely,
            "{key}={value}"
        );
        assert_eq!(known.may.iter().collect::<Vec<_>>(), may, "{key}={value}");
    }
    assert!(matches!(
        select::certain::attribute(&filter("a", "!x"), &opened.head, &[]),
        Err(Damaged::Impossible(_))
    ));
}

#[test]
fn columns_of_plain_values_tell_exactly_who_has_one() {
    let all = (0..50).map(|number| {
        let attributes = doc! {"user": format!("u{number}"), "count": number, "tags": ["a", "b"]};
        ("served".to_owned(), attributes)
    });
    let opened = Opened::read(&block(&records_with(all))).unwrap();
    for (key, value, is_exact) in [
        ("user", "u7", true),
        ("user", "nobody", true),
        ("count", "7", true),
        ("user", "!u7", false),
        ("tags", "a", false),
    ] {
        let told = select::is_exact(&filter(key, value), &opened.head);
        assert_eq!(told, is_exact, "{key}={value}");
    }
}
