//! No filter and no column leaves out a record that matches, for every kind of query.

use super::*;
use crate::row_set::RowSet;
use crate::select;
use crate::tokens::Wanted;
use query::{AttributeFilter, Patience, Pattern, Phrase, Query, Substring};

/// A part of a text, with a case of its own.
fn part(text: &str, start: usize, length: usize, case: u8) -> String {
    let characters: Vec<char> = text.chars().collect();
    let start = start % (characters.len() + 1);
    let part: String = characters.iter().skip(start).take(length).collect();
    match case % 3 {
        0 => part,
        1 => part.to_lowercase(),
        _ => part.to_uppercase(),
    }
}

/// Paths and values that filters may name: those that there are, and others.
fn pairs(given: &[Given]) -> Vec<(String, String)> {
    let mut pairs = vec![
        ("a".to_owned(), "1".to_owned()),
        ("a.b".to_owned(), "{\"a\":1}".to_owned()),
    ];
    for json in given.iter().filter_map(|given| given.attributes.as_ref()) {
        query::each_value(json, &mut |path, value| {
            pairs.push((path.to_owned(), value.to_owned()));
            if let Some((before, _)) = path.rsplit_once('.') {
                pairs.push((before.to_owned(), value.to_owned()));
            }
            pairs.push((format!("{path}.0"), value.to_owned()));
        });
        if let Ok(serde_json::Value::Object(members)) = serde_json::from_str(json) {
            for (name, value) in members {
                pairs.push((name, value.to_string()));
            }
        }
    }
    pairs
}

#[derive(Debug, Clone)]
struct Asked {
    kind: u8,
    record: usize,
    start: usize,
    length: usize,
    case: u8,
}

fn asked() -> impl Strategy<Value = Asked> {
    (0_u8..7, any::<usize>(), 0_usize..9, 0_usize..9, any::<u8>()).prop_map(
        |(kind, record, start, length, case)| Asked {
            kind,
            record,
            start,
            length,
            case,
        },
    )
}

fn add(query: &mut Query, asked: &Asked, given: &[Given]) {
    let message = &given[asked.record % given.len()].message;
    let text = part(message, asked.start, asked.length, asked.case);
    let pairs = pairs(given);
    let (path, value) = &pairs[asked.record % pairs.len()];
    let is_exact = asked.case > 128;
    let quoted = AttributeFilter::quoted(value).unwrap_or_else(|| value.clone());
    let attribute = match asked.kind {
        0 => return query.texts.extend(Substring::new(&text, is_exact)),
        1 => return query.phrases.extend(Phrase::new(&text, is_exact)),
        2 => {
            return query
                .patterns
                .extend(Pattern::new(&format!("(?i){}.?", regex_escaped(&text))));
        }
        3 => AttributeFilter::new(path, ""),
        4 => AttributeFilter::new(path, &format!("!{quoted}")),
        _ => AttributeFilter::new(path, &quoted),
    };
    query.attributes.extend(attribute);
}

fn regex_escaped(text: &str) -> String {
    let escape = |character: char| match character.is_alphanumeric() {
        true => character.to_string(),
        false => ".".to_owned(),
    };
    text.chars().map(escape).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn nothing_that_matches_is_left_out(records in records(), asked in prop::collection::vec(asked(), 1..3), is_merged: bool) {
        let opened = Opened::read(&block(&records)).unwrap();
        let given = opened.given();
        let opened = match is_merged {
            true => Opened::read(&merged(&[opened])).unwrap(),
            false => opened,
        };
        let mut query = Query::default();
        for asked in &asked {
            add(&mut query, asked, &given);
        }
        let matching: Vec<usize> = (0..given.len()).filter(|place| query.matches(given[*place].candidate())).collect();
        let may_be_in = Wanted::of(&query).may_be_in(&opened.head, &opened.filter);
        prop_assert!(may_be_in || matching.is_empty(), "{query:?}");
        let mut rows = RowSet::all(given.len());
        for filter in &query.attributes {
            let places = select::columns(filter, &opened.head);
            let columns = opened.attributes.iter().filter(|column| places.contains(&column.place()));
            let columns: Vec<AttributeColumn> = columns.cloned().collect();
            rows.keep(&select::attribute(filter, &opened.head, &columns).unwrap());
        }
        for filter in &query.attributes {
            let places = select::certain::columns(filter, &opened.head);
            let columns = opened.attributes.iter().filter(|column| places.contains(&column.place()));
            let columns: Vec<AttributeColumn> = columns.cloned().collect();
            let known = select::certain::attribute(filter, &opened.head, &columns).unwrap();
            let alone = Query { attributes: vec![filter.clone()], ..Query::default() };
            for (place, given) in given.iter().enumerate() {
                let matches = alone.matches(given.candidate());
                prop_assert!(matches || !known.surely.has(place), "{filter:?}: {given:?}");
                prop_assert!(!matches || known.may.has(place), "{filter:?}: {given:?}");
            }
        }
        let mut goes_on = || true;
        let patience = &mut Patience::new(&mut goes_on);
        let with_messages = select::messages(&query, &opened.messages, &rows, patience).unwrap();
        prop_assert!(matching.iter().all(|place| with_messages.has(*place)), "{query:?}: {given:?}");
        // Messages are decided by the very code that decides on them.
        for place in with_messages.iter() {
            let mut goes_on = || true;
            let matches = query.message_matches(&given[place].message, &mut Patience::new(&mut goes_on));
            prop_assert_eq!(matches, Ok(true));
        }
        prop_assert!(with_messages.iter().all(|place| rows.has(place)));
    }
}

#[test]
fn strings_among_other_values_are_found_also_where_blocks_were_merged() {
    let mut records = Records::new();
    for (number, value) in [Bson::from("x"), Bson::from(1), Bson::from(vec!["y"])]
        .into_iter()
        .enumerate()
    {
        let id = RecordId::new(
            Timestamp::from_nanos(0),
            BatchId::from_bytes([0; 8]),
            number.try_into().unwrap(),
        );
        let fields = Fields {
            severity: 9,
            level: None,
            message: String::new(),
            attributes: Some(Document::from_iter([("v".to_owned(), value)])),
            received: 0,
        };
        records.insert(id, fields);
    }
    let once = Opened::read(&block(&records)).unwrap();
    let twice = Opened::read(&merged(std::slice::from_ref(&once))).unwrap();
    for opened in [once, twice] {
        for (value, expected) in [("x", &[0, 2][..]), ("1", &[1, 2]), ("y", &[2])] {
            let filter = AttributeFilter::new("v", value).unwrap();
            let rows = select::attribute(&filter, &opened.head, &opened.attributes).unwrap();
            assert_eq!(rows.iter().collect::<Vec<_>>(), expected, "{value}");
            let query = Query {
                attributes: vec![filter],
                ..Query::default()
            };
            assert!(
                Wanted::of(&query).may_be_in(&opened.head, &opened.filter),
                "{value}"
            );
        }
    }
}

#[test]
fn words_of_another_version_are_not_asked_for() {
    let fields = Fields {
        severity: 9,
        level: None,
        message: "one two".to_owned(),
        attributes: Some(bson::doc! {"a": "b"}),
        received: 0,
    };
    let opened = Opened::read(&block(&Records::from([(RecordId::MIN, fields)]))).unwrap();
    let mut other = opened.head.clone();
    other.words_version += 1;
    let of_words = Query {
        phrases: vec![Phrase::new("three", false).unwrap()],
        ..Query::default()
    };
    let of_values = Query {
        attributes: vec![AttributeFilter::new("a", "c").unwrap()],
        ..Query::default()
    };
    for (query, head, expected) in [
        (&of_words, &opened.head, false),
        (&of_words, &other, true),
        (&of_values, &other, false),
    ] {
        let may_be = Wanted::of(query).may_be_in(head, &opened.filter);
        assert_eq!(may_be, expected, "{query:?}");
    }
}
