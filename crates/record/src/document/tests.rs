//! A document gives back what it was made of.

use super::*;
use crate::id::BatchId;
use proptest::prelude::*;
use std::convert::Infallible;

fn sample(time: Timestamp) -> Vec<u8> {
    let mut bytes = Vec::new();
    let id = RecordId::new(time, BatchId::keyed("key", b"body"), 3);
    let head = Head {
        time,
        level: Some("Warning"),
        message: "hello",
    };
    let written = write::<Infallible>(&mut bytes, id, head, Timestamp::from_nanos(0), |writer| {
        writer.integer("a", 1);
        Ok(())
    });
    assert!(written.is_ok());
    bytes
}

#[test]
fn a_document_reads_back_as_it_was_written() {
    let time = Timestamp::from_nanos(1_728_345_600_123_456_789);
    let bytes = sample(time);
    let raw = RawDocument::from_bytes(&bytes).unwrap();
    let stored = StoredDocument::read(raw).unwrap();
    assert_eq!(stored.id.time(), time);
    assert_eq!((stored.level, stored.severity), (Some("Warning"), 13));
    assert_eq!(stored.message, "hello");
    assert_eq!(stored.attributes.unwrap().get_i32("a").unwrap(), 1);
    assert_eq!(
        raw.get_datetime("time").unwrap().timestamp_millis(),
        time.millis()
    );
}

#[test]
fn a_document_that_others_changed_is_read_all_the_same() {
    let bytes = sample(Timestamp::from_nanos(5));
    let ours = StoredDocument::read_ours(&bytes).unwrap();
    let mut changed = RawDocument::from_bytes(&bytes).unwrap().to_owned();
    changed.append(bson::cstr!("note"), "seen");
    assert_eq!(StoredDocument::read_ours(changed.as_bytes()), None);
    let read = StoredDocument::read(&changed).unwrap();
    assert_eq!(
        (read.id, read.message, read.level),
        (ours.id, ours.message, ours.level)
    );
}

#[test]
fn of_a_field_that_comes_twice_both_ways_take_the_same_one() {
    let id = bson::Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: vec![7; RECORD_ID_BYTES],
    };
    let short = bson::Binary {
        bytes: vec![7],
        ..id.clone()
    };
    let usual = bson::rawdoc! { "_id": id.clone(), "severity": 13, "message": "first" };
    for (name, value) in [
        (bson::cstr!("message"), bson::RawBson::from("second")),
        (bson::cstr!("message"), 5.into()),
        (bson::cstr!("severity"), 9.into()),
        (bson::cstr!("severity"), 300.into()),
        (bson::cstr!("severity"), 9.5.into()),
        (bson::cstr!("_id"), bson::RawBson::Binary(short)),
    ] {
        let mut twice = usual.clone();
        twice.append(name, value);
        let any = StoredDocument::read_any(&twice);
        let ours = StoredDocument::read_ours(twice.as_bytes());
        assert!(ours.is_none() || ours == any, "{twice:?}");
        assert_eq!(StoredDocument::read(&twice), any);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]
    #[test]
    fn what_is_taken_for_ours_is_read_as_any_document_is(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)
    ) {
        let mut bytes = sample(Timestamp::from_nanos(5));
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Ok(raw) = RawDocument::from_bytes(&bytes)
            && let Some(ours) = StoredDocument::read_ours(&bytes)
        {
            prop_assert_eq!(Some(ours), StoredDocument::read_any(raw));
        }
    }
}

#[test]
fn dating_a_document_changes_its_id_and_its_time_and_nothing_else() {
    let (early, late) = (Timestamp::from_nanos(-1), Timestamp::from_nanos(i64::MAX));
    let mut bytes = sample(early);
    set_time(&mut bytes, late);
    assert_eq!(bytes, sample(late));
}
