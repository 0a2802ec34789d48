//! How much a block takes.

use super::*;
use crate::writer::NotTaken;
use crate::{MOST_RECORDS, MOST_TEXT};
use bson::doc;

fn numbered(number: u32) -> RecordId {
    RecordId::new(
        Timestamp::from_nanos(0),
        BatchId::from_bytes([0; 8]),
        number,
    )
}

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
    let block = writer.finish(&mut Packer::new().unwrap()).unwrap();
    assert_eq!(Opened::read(&block).unwrap().given().len(), MOST_RECORDS);
    let long = fields(&"x".repeat(MOST_TEXT - 5), None);
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
    assert!(writer.finish(&mut Packer::new().unwrap()).is_some());
    assert!(
        BlockWriter::default()
            .finish(&mut Packer::new().unwrap())
            .is_none()
    );
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
