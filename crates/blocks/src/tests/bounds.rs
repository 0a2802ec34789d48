//! How much a block takes.

use super::*;
use crate::{MOST_RECORDS, MOST_TEXT};
use bson::doc;

fn numbered(number: u32) -> RecordId {
    RecordId::new(
        Timestamp::from_nanos(0),
        BatchId::from_bytes([0; 8]),
        number,
    )
}

/// What its level takes once.
const LEVEL: usize = 6 + 8;

fn fields(message: &str, attributes: Option<Document>) -> Fields {
    Fields {
        severity: 9,
        level: Some("INFO".to_owned()),
        message: message.to_owned(),
        attributes,
        received: 0,
    }
}

#[test]
fn a_block_takes_so_many_records_and_so_much_text() {
    let mut writer = BlockWriter::default();
    let short = fields("short", None);
    for number in 0..u32::try_from(MOST_RECORDS).unwrap() {
        push(&mut writer, numbered(number), &short).unwrap();
    }
    assert_eq!(
        push(&mut writer, numbered(u32::MAX), &short),
        Err(NotTaken::Full)
    );
    let block = finished(writer);
    assert_eq!(Opened::read(&block).unwrap().given().len(), MOST_RECORDS);
    let long = fields(&"x".repeat(MOST_TEXT - 5 - LEVEL), None);
    let mut writer = BlockWriter::default();
    for (number, fields, expected) in [
        (0, &short, Ok(())),
        (1, &long, Ok(())),
        (2, &short, Err(NotTaken::Full)),
    ] {
        assert_eq!(push(&mut writer, numbered(number), fields), expected);
    }
}

#[test]
fn a_record_that_is_larger_than_a_block_has_one_of_its_own() {
    let long = "x".repeat(3 * MOST_TEXT);
    let records = Records::from([(numbered(0), fields(&long, Some(doc! {"a": long.clone()})))]);
    let opened = Opened::read(&block(&records)).unwrap();
    assert!(opened.given() == as_rows(&records));
}

#[test]
fn a_record_that_is_not_behind_the_last_one_is_not_taken() {
    let mut writer = BlockWriter::default();
    let one = fields("one", Some(doc! {"a": 1}));
    push(&mut writer, numbered(5), &one).unwrap();
    for number in [5, 4] {
        assert_eq!(
            push(&mut writer, numbered(number), &one),
            Err(NotTaken::OutOfOrder)
        );
    }
    finished(writer);
    let none = BlockWriter::default().finish(&mut Packer::new().unwrap());
    assert_eq!(none, Ok(None));
}

#[test]
fn records_with_thousands_of_paths_come_back_and_the_rest_of_the_columns_is_kept_whole() {
    let mut records = Records::new();
    for number in 0..600_u32 {
        let mut attributes = doc! {"common": i64::from(number)};
        for path in 0..6 {
            attributes.insert(format!("path{}", number / 4 * 6 + path), "value");
        }
        records.insert(numbered(number), fields("m", Some(attributes)));
    }
    let long = fields("m", Some(doc! {"x".repeat(1_001): 1}));
    records.insert(numbered(600), long);
    let opened = Opened::read(&block(&records)).unwrap();
    assert_eq!(opened.given(), as_rows(&records));
    let attributes: Vec<&Column> = opened
        .head
        .attributes()
        .map(|(_, section)| &section.column)
        .collect();
    assert!(
        (200..=257).contains(&attributes.len()),
        "{}",
        attributes.len()
    );
    assert!(attributes.contains(&&Column::Whole));
    let again = Opened::read(&merged(&[opened])).unwrap();
    assert_eq!(again.given(), as_rows(&records));
}

#[test]
fn what_every_record_says_alike_takes_next_to_nothing() {
    let mut records = Records::new();
    for number in 0..8_000_u32 {
        let id = RecordId::new(
            Timestamp::from_nanos(i64::from(number) * 1_000_000),
            BatchId::from_bytes([u8::try_from(number / 1_000).unwrap(); 8]),
            number % 1_000,
        );
        let reach = 999 - number % 1_000;
        let attributes = doc! {"service": "orders", "http": {"status": 200}};
        records.insert(
            id.with_order(SendOrder::new(reach, 77)),
            fields("request served", Some(attributes)),
        );
    }
    let block = block(&records);
    let bytes: usize = block.columns.iter().map(Vec::len).sum();
    assert!(
        bytes + block.head.len() < 1_500,
        "{bytes} + {}",
        block.head.len()
    );
}

/// Blocks of records with these fields, as many in each as it takes; and how much memory the first said it took.
fn written(all: impl Iterator<Item = Fields>) -> (Vec<Block>, usize) {
    let (mut writer, mut blocks, mut memory) = (BlockWriter::default(), Vec::new(), 0);
    for (number, fields) in (0..).zip(all) {
        if push(&mut writer, numbered(number), &fields) == Err(NotTaken::Full) {
            memory = if blocks.is_empty() {
                writer.memory()
            } else {
                memory
            };
            blocks.push(finished(std::mem::take(&mut writer)));
            push(&mut writer, numbered(number), &fields).unwrap();
        }
    }
    blocks.push(finished(writer));
    (blocks, memory)
}

/// Merges blocks of so many of the records each, which has to give what is written at once.
fn merges_as_it_is_written(all: impl Iterator<Item = Fields>, each: usize) -> (Vec<Block>, usize) {
    let all: Vec<Fields> = all.collect();
    let (at_once, memory) = written(all.iter().cloned());
    let mut small = Vec::new();
    let numbers: Vec<u32> = (0..u32::try_from(all.len()).unwrap()).collect();
    for (numbers, fields) in numbers.chunks(each).zip(all.chunks(each)) {
        let numbers = numbers.iter().map(|number| numbered(*number));
        let records: Records = numbers.zip(fields.iter().cloned()).collect();
        small.push(Opened::read(&block(&records)).unwrap());
    }
    let heads = |blocks: &[Block]| -> Vec<Head> {
        let heads = blocks.iter().map(|block| Head::read(&block.head).unwrap());
        heads.collect()
    };
    let merged = merged_by(&small, |_| false);
    assert_eq!(heads(&merged), heads(&at_once));
    for head in heads(&merged) {
        let bytes: usize = head.sections.iter().map(|section| section.bytes).sum();
        assert!(bytes < 2 * MOST_TEXT, "{bytes}");
    }
    (at_once, memory)
}

#[test]
fn names_in_an_order_of_their_own_count_also_where_blocks_are_merged() {
    let names: Vec<String> = (0..100).map(|name| format!("{name:080}")).collect();
    let all = (0..1_000_usize).map(|number| {
        let name = |place: usize| names[(place * 37 + number) % 100].clone();
        // No two begin alike: a hundred rotations of ten orders.
        let swapped = |place: usize| {
            if place < 10 {
                (place + number / 100) % 10
            } else {
                place
            }
        };
        let attributes = (0..100).map(|place| (name(swapped(place)), Bson::from("")));
        fields("m", Some(attributes.collect()))
    });
    let (blocks, memory) = merges_as_it_is_written(all, 100);
    assert_eq!(blocks.len(), 3);
    assert!(memory > 2 * MOST_TEXT, "{memory}");
}

#[test]
fn values_that_say_nothing_count() {
    let names = (0..256).map(|name| (format!("n{name}"), Bson::Boolean(true)));
    let attributes: Document = names.collect();
    let all = (0..3_000).map(|_| fields("", Some(attributes.clone())));
    let (blocks, memory) = merges_as_it_is_written(all, 1_000);
    // Eight bytes and "true" for each.
    assert_eq!(blocks.len(), 3);
    assert!(memory > 1_300 * 256 * 16, "{memory}");
}

#[test]
fn levels_count() {
    let all = (0..1_000).map(|number| Fields {
        level: Some(format!("{number:08200}")),
        ..fields("m", None)
    });
    assert_eq!(merges_as_it_is_written(all, 100).0.len(), 2);
}

#[test]
fn a_filter_of_many_words_takes_no_more_and_denies_none_of_them() {
    use crate::tokens::Wanted;
    for (words, expected) in [(50_000, 62_528), (200_000, 65_536), (300_000, 32)] {
        let message: Vec<String> = (0..words).map(|word| format!("{word:x}")).collect();
        let records = Records::from([(numbered(0), fields(&message.join(" "), None))]);
        let opened = Opened::read(&block(&records)).unwrap();
        let grams = opened.filter.memory() - expected;
        assert!(grams <= 8 * 1024, "{grams} of {words}");
        for word in (0..words).step_by(1_000) {
            let query = query::Query {
                phrases: vec![query::Phrase::new(&format!("{word:x}"), false).unwrap()],
                ..query::Query::default()
            };
            assert!(Wanted::of(&query).may_be_in(&opened.head, &opened.filter));
        }
    }
}

#[test]
fn a_record_that_no_block_takes_is_told_apart_from_a_block_that_is_full() {
    let mut writer = BlockWriter::default();
    let large = fields(&"x".repeat(crate::MOST_OF_ONE + 1), None);
    for number in 0..2 {
        let taken = push(&mut writer, numbered(number), &large);
        assert_eq!(taken, Err(NotTaken::TooLarge));
        push(&mut writer, numbered(number), &fields("m", None)).unwrap();
    }
}

#[test]
fn a_long_name_above_many_values_is_no_more_work_than_the_record_is_long() {
    let members = (0..20_000).map(|number| (format!("a{number}"), Bson::from(number)));
    let members: Document = members.collect();
    let long = "x".repeat(500_000);
    let records = Records::from([
        (
            numbered(0),
            fields("", Some(doc! {long.clone(): members.clone()})),
        ),
        (numbered(1), fields("", Some(doc! {"a": [{long: members}]}))),
    ]);
    let opened = Opened::read(&block(&records)).unwrap();
    assert!(opened.given() == as_rows(&records));
    // Nothing was hashed that no filter can ask for.
    assert_eq!(opened.filter.memory(), 0);
}

#[test]
fn the_longest_value_that_a_filter_can_ask_for_is_in_the_blocks() {
    use crate::tokens::Wanted;
    let value = |length| "v".repeat(length);
    for (attributes, expected) in [
        (doc! {"abc": value(997)}, 32),
        (doc! {"abc": value(998)}, 0),
        (doc! {"abc": [value(997)]}, 32),
        (doc! {"abc": [value(998), true], "x".repeat(1_001): 1}, 32),
    ] {
        let records = Records::from([(numbered(0), fields("", Some(attributes.clone())))]);
        let opened = Opened::read(&block(&records)).unwrap();
        assert_eq!(opened.filter.memory(), expected, "{attributes}");
        let longest = query::AttributeFilter::new("abc", &value(997)).unwrap();
        let query = query::Query {
            attributes: vec![longest],
            ..query::Query::default()
        };
        let may_be = Wanted::of(&query).may_be_in(&opened.head, &opened.filter);
        let is = opened
            .given()
            .iter()
            .any(|given| query.matches(given.candidate()));
        assert!(may_be || !is, "{attributes}");
    }
    assert!(query::AttributeFilter::new("abc", &value(998)).is_err());
}
