//! What is stored has the values that its JSON has.

use super::StoredValues;
use crate::each_value;
use proptest::prelude::*;
use record::bson_writer::{BsonWriter, LONG_INTEGER};

/// A value of every kind that is written, and of some that others write.
#[derive(Debug, Clone)]
enum Member {
    Text(String),
    Integer(i64),
    Double(f64),
    Boolean(bool),
    Null,
    Date(i64),
    Digits(String),
    Object(Vec<(String, Member)>),
    Array(Vec<Member>),
}

fn write(writer: &mut BsonWriter<'_>, name: &str, member: &Member) {
    match member {
        Member::Text(text) => writer.string(name, text),
        Member::Integer(number) => writer.integer(name, *number),
        Member::Double(number) => writer.double(name, *number),
        Member::Boolean(is_true) => writer.boolean(name, *is_true),
        Member::Null => writer.null(name),
        Member::Date(millis) => writer.date(name, *millis),
        Member::Digits(digits) => writer.binary(name, LONG_INTEGER, digits.as_bytes()),
        Member::Object(members) => {
            let object = writer.open_document(name);
            for (name, member) in members {
                write(writer, name, member);
            }
            writer.close(object);
        }
        Member::Array(elements) => {
            let array = writer.open_array(name);
            for (place, element) in elements.iter().enumerate() {
                write(writer, &place.to_string(), element);
            }
            writer.close(array);
        }
    }
}

fn written(members: &[(String, Member)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = BsonWriter::new(&mut bytes);
    let whole = writer.open();
    for (name, member) in members {
        write(&mut writer, name, member);
    }
    writer.close(whole);
    bytes
}

fn name() -> impl Strategy<Value = String> {
    "[ab.0\"\\\\é]{0,3}"
}

fn members() -> impl Strategy<Value = Vec<(String, Member)>> {
    let leaf = prop_oneof![
        8 => "[ab\"\\\\{\\[\u{1}\n é😀]{0,6}".prop_map(Member::Text),
        4 => any::<i64>().prop_map(Member::Integer),
        4 => any::<f64>().prop_map(Member::Double),
        2 => any::<bool>().prop_map(Member::Boolean),
        2 => Just(Member::Null),
        1 => any::<i64>().prop_map(Member::Date),
        1 => "-?[1-9][0-9]{20,30}x?".prop_map(Member::Digits),
    ];
    let member = leaf.prop_recursive(4, 30, 5, |inner| {
        prop_oneof![
            prop::collection::vec((name(), inner.clone()), 0..5).prop_map(Member::Object),
            prop::collection::vec(inner, 0..5).prop_map(Member::Array),
        ]
    });
    prop::collection::vec((name(), member), 0..6)
}

/// Whether the values are read; they are those of the JSON then.
fn agrees(values: &mut StoredValues, bytes: &[u8]) -> Result<bool, TestCaseError> {
    if !values.read(bytes) {
        prop_assert_eq!(values.iter().count(), 0);
        return Ok(false);
    }
    // Whose length is right, or nothing is read.
    let document = bson::RawDocument::from_bytes(bytes);
    let mut json = Vec::new();
    let written = document.map(|document| record::attributes::write_json(document, &mut json));
    prop_assert!(matches!(written, Ok(Ok(()))), "{:?}", bytes);
    let mut expected = Vec::new();
    each_value(std::str::from_utf8(&json).unwrap(), &mut |path, value| {
        expected.push((path.to_owned(), value.to_owned()));
    });
    let read: Vec<_> = values
        .iter()
        .map(|(path, value)| (path.to_owned(), value.to_owned()))
        .collect();
    prop_assert_eq!(read, expected);
    Ok(true)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn they_are_those_of_the_json(one in members(), other in members()) {
        let mut values = StoredValues::default();
        for members in [one, other] {
            agrees(&mut values, &written(&members))?;
        }
    }

    #[test]
    fn what_is_damaged_has_none_or_those_of_the_json_that_it_has(
        members in members(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = written(&members);
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        agrees(&mut StoredValues::default(), &bytes)?;
    }
}

#[test]
fn what_most_records_have_is_read_and_what_only_json_tells_is_not() {
    let text = |text: &str| Member::Text(text.to_owned());
    let own = |name: &str, member: Member| (name.to_owned(), member);
    let usual = [
        own("service", text("check\"out")),
        own(
            "http",
            Member::Object(vec![own("status", Member::Integer(500))]),
        ),
        own(
            "tags",
            Member::Array(vec![
                text("a"),
                Member::Null,
                Member::Array(vec![text("b")]),
            ]),
        ),
        own("long", Member::Digits("18446744073709551616".to_owned())),
    ];
    let mut values = StoredValues::default();
    assert!(agrees(&mut values, &written(&usual)).unwrap());
    assert_eq!(values.iter().count(), 5);
    for foreign in [
        Member::Date(1),
        Member::Digits("1x".to_owned()),
        Member::Array(vec![Member::Array(vec![Member::Date(1)])]),
    ] {
        assert!(!agrees(&mut values, &written(&[own("a", foreign)])).unwrap());
    }
}
