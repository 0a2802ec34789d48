//! Documents that others wrote, or that are damaged: what comes back is what rows give, or they are refused.

use super::*;
use bson::doc;

/// Values that no door makes.
fn foreign() -> impl Strategy<Value = Bson> {
    let binary = bson::Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: vec![1, 2, 3],
    };
    let digits = bson::Binary {
        subtype: bson::spec::BinarySubtype::UserDefined(record::bson_writer::LONG_INTEGER),
        bytes: b"no digits".to_vec(),
    };
    prop::sample::select(vec![
        Bson::DateTime(bson::DateTime::from_millis(1)),
        Bson::Decimal128("18446744073709551615".parse().unwrap()),
        Bson::Decimal128("1.5".parse().unwrap()),
        Bson::Decimal128("NaN".parse().unwrap()),
        Bson::Decimal128("1E+3".parse().unwrap()),
        Bson::Binary(binary),
        Bson::Binary(digits),
        Bson::ObjectId(bson::oid::ObjectId::from_bytes([7; 12])),
        Bson::MinKey,
        Bson::Undefined,
        Bson::Timestamp(bson::Timestamp {
            time: 1,
            increment: 2,
        }),
        Bson::JavaScriptCode("a".to_owned()),
    ])
}

fn with(attributes: Document) -> Fields {
    Fields {
        severity: 9,
        level: None,
        message: "m".to_owned(),
        attributes: Some(attributes),
        received: 0,
    }
}

fn one(attributes: Document) -> Records {
    Records::from([(RecordId::MIN, with(attributes))])
}

proptest! {
    #[test]
    fn values_of_others_come_back_as_rows_give_them(
        mut attributes in members(value()), foreign in foreign(), kind in 0_u8..3, place in name()
    ) {
        let value = match kind {
            0 => foreign,
            1 => Bson::Array(vec![1.into(), foreign]),
            _ => Bson::Document(doc! {"a": 1, place.clone(): foreign}),
        };
        attributes.insert(place, value);
        let records = one(attributes);
        let opened = Opened::read(&block(&records)).unwrap();
        prop_assert_eq!(opened.given(), as_rows(&records));
        let again = Opened::read(&merged(&[opened])).unwrap();
        prop_assert_eq!(again.given(), as_rows(&records));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn damaged_attributes_are_refused_exactly_when_rows_cannot_give_them(
        attributes in members(value()),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = attributes.to_vec().unwrap();
        let inner = bytes.len() - 5;
        for (place, byte) in changes.iter().filter(|_| inner > 0) {
            bytes[4 + place % inner] = *byte;
        }
        let raw = RawDocument::from_bytes(&bytes).unwrap();
        let mut expected = Vec::new();
        let is_readable = record::attributes::write_json(raw, &mut expected).is_ok();
        let mut writer = BlockWriter::default();
        let pushed = writer.push(&StoredDocument {
            id: RecordId::MIN,
            severity: 0,
            level: None,
            message: "",
            attributes: Some(raw),
            received_at: 0,
        });
        prop_assert_eq!(pushed, if is_readable { Ok(()) } else { Err(NotTaken::Damaged) });
        if is_readable {
            let given = Opened::read(&finished(writer)).unwrap().given();
            let json = given[0].attributes.as_ref().map(String::as_bytes);
            prop_assert_eq!(json, Some(expected.as_slice()));
        } else {
            // It is as empty as it was.
            prop_assert_eq!(writer.finish(&mut Packer::new().unwrap()), Ok(None));
        }
    }
}

#[test]
fn as_deep_and_as_many_as_columns_take_and_one_more() {
    let nested = |depth| (1..depth).fold(doc! {"a": 1}, |inner, _| doc! {"a": inner});
    let many = |count| -> Document {
        let names = (0..count).map(|number| (format!("n{number}"), Bson::from(number)));
        names.collect()
    };
    let path = |length: usize| doc! {"a": {"x".repeat(length - 2): "v"}};
    for (attributes, columns, is_whole) in [
        (nested(40), 1, false),
        (nested(41), 1, true),
        (many(256), 256, false),
        (many(257), 1, true),
        (path(1_000), 1, false),
        (path(1_001), 1, true),
    ] {
        let records = one(attributes);
        let opened = Opened::read(&block(&records)).unwrap();
        assert_eq!(opened.attributes.len(), columns);
        assert_eq!(opened.head.place(&Column::Whole).is_some(), is_whole);
        assert_eq!(opened.given(), as_rows(&records));
        let again = Opened::read(&merged(&[opened])).unwrap();
        assert_eq!(again.given(), as_rows(&records));
    }
}

#[test]
fn integers_that_are_longer_than_others_have_columns_and_leave_columns_to_the_rest() {
    let longest = bson::Binary {
        subtype: bson::spec::BinarySubtype::UserDefined(record::bson_writer::LONG_INTEGER),
        bytes: b"-123456789012345678901234567890123456789".to_vec(),
    };
    let decimal: bson::Decimal128 = "18446744073709551615".parse().unwrap();
    let records = one(doc! {"id": decimal, "longest": longest, "http": {"status": 200}});
    let opened = Opened::read(&block(&records)).unwrap();
    let paths: Vec<_> = opened
        .attributes
        .iter()
        .map(|column| column.path().unwrap())
        .collect();
    assert_eq!(paths, ["id", "longest", "http.status"]);
    assert_eq!(opened.given(), as_rows(&records));
    let value = "18446744073709551615";
    let filter = query::AttributeFilter::new("id", value).unwrap();
    let rows = crate::select::attribute(&filter, &opened.head, &opened.attributes).unwrap();
    assert!(rows.has(0));
}
