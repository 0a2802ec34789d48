//! The journal export format: what a record is, and that portions fall where they may.

use super::*;
use crate::journald::{Part, decode, portion};
use proptest::prelude::*;

fn cursor(place: u64) -> String {
    format!("__CURSOR=s=9b2f;i={place:x};b=1c;m=2;t=3;x=4\n")
}

fn binary(name: &str, value: &[u8]) -> Vec<u8> {
    let length = (value.len() as u64).to_le_bytes();
    [name.as_bytes(), b"\n", &length, value, b"\n"].concat()
}

/// The records of a body that comes in pieces, taken as soon as they are whole: their ids, and what is in them.
fn taken(pieces: &[&[u8]]) -> Result<Vec<(String, Value)>, DecodeError> {
    let (mut unread, mut records) = (Vec::new(), Vec::new());
    for place in 0..=pieces.len() {
        unread.extend_from_slice(pieces.get(place).copied().unwrap_or_default());
        while let Some(found) = portion(&unread, place == pieces.len())? {
            for part in &found.parts {
                records.extend(records_of(part, &unread)?);
            }
            unread.drain(..found.bytes);
        }
    }
    Ok(records)
}

fn records_of(part: &Part, body: &[u8]) -> Result<Vec<(String, Value)>, DecodeError> {
    let pieces: Vec<_> = part
        .places
        .iter()
        .map(|place| &body[place.clone()])
        .collect();
    let id = part
        .run
        .map_or(BatchId::from_bytes([0; 8]), |run| run.sequence);
    let now = Timestamp::from_nanos(RECEIVED);
    let mut batch = BatchBuilder::new(id, None, now, 1 << 30).with_places();
    decode(&pieces.concat(), &mut batch)?;
    let built = built(batch);
    assert_eq!(built.rejects.count, 0);
    let documents = &built.batch.documents;
    let ids = documents.slices(0..documents.len()).map(|bytes| {
        let raw = RawDocument::from_bytes(bytes).unwrap();
        StoredDocument::read(raw).unwrap().id.to_string()
    });
    Ok(ids.zip(shown(&built.batch)).collect())
}

/// The same in the order of their messages, which are numbers.
fn taken_in_order(pieces: &[&[u8]]) -> Vec<(String, Value)> {
    let mut records = taken(pieces).unwrap();
    records.sort_by_key(|(_, record)| {
        let number = record["message"].as_str().unwrap().trim().parse::<u32>();
        number.unwrap()
    });
    records
}

#[test]
fn a_journal_of_several_is_taken_in_portions_of_a_batch_for_each_of_them() {
    let merged = |sequences: u64, records: u64| -> String {
        let record = |number: u64| {
            let (of, place) = (number % sequences, number / sequences);
            format!("__CURSOR=s={of:x};i={place:x}\nMESSAGE={number}\n\n")
        };
        (0..records).map(record).collect()
    };
    let body = merged(3, 300);
    let whole = portion(body.as_bytes(), false).unwrap().unwrap();
    assert_eq!((whole.bytes, whole.parts.len()), (body.len(), 3));
    let found = taken_in_order(&[body.as_bytes()]);
    let messages = found.iter().map(|(_, record)| record["message"].clone());
    let expected = (0..300).map(|number| Value::from(number.to_string()));
    assert!(messages.eq(expected));
    // As many as there may be, and then the rest.
    let body = merged(1000, 1000);
    let first = portion(body.as_bytes(), false).unwrap().unwrap();
    assert_eq!(first.parts.len(), 64);
    assert!(body[first.bytes..].starts_with("__CURSOR=s=40;i=0\n"));
    assert_eq!(taken_in_order(&[body.as_bytes()]).len(), 1000);
}

fn one(body: &[u8]) -> Value {
    let records = taken(&[body]).unwrap();
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].1.clone()
}

#[test]
fn a_record_of_a_journal_has_all_of_its_fields() {
    let text = format!(
        "{}__REALTIME_TIMESTAMP=1700000001123456\nPRIORITY=3\n_SYSTEMD_UNIT=a.service\nTIME=1\nLEVEL=x\nTAG=a\nTAG=b=c\n",
        cursor(7)
    );
    let body = [
        text.as_bytes(),
        &binary("MESSAGE", b"two\nlines"),
        &binary("BYTES", b"\xff\0"),
        b"EMPTY=\n\n",
    ]
    .concat();
    let expected = json!({
        "timestamp": "2023-11-14T22:13:21.123456Z",
        "level": "ERROR",
        "message": "two\nlines",
        "attributes": {
            "__CURSOR": "s=9b2f;i=7;b=1c;m=2;t=3;x=4",
            "PRIORITY": "3",
            "_SYSTEMD_UNIT": "a.service",
            "TIME": "1",
            "LEVEL": "x",
            "TAG": ["a", "b=c"],
            "BYTES": "\u{fffd}\0",
            "EMPTY": "",
        },
    });
    assert_eq!(one(&body), expected);
}

#[test]
fn an_odd_record_is_taken_too_and_what_is_no_journal_is_not() {
    let expected = json!({
        "timestamp": "2023-11-14T22:13:20Z", "level": "high", "message": "",
        "attributes": {"__REALTIME_TIMESTAMP": "now", "": "x", "a\u{fffd}": "y"},
    });
    let odd = b"\n\nPRIORITY=high\n__REALTIME_TIMESTAMP=now\n=x\na\0=y\n";
    assert_eq!(one(odd), expected);
    for empty in [&b""[..], b"\n\n"] {
        assert_eq!(taken(&[empty]).unwrap(), []);
    }
    for broken in [
        &b"no field"[..],
        b"MESSAGE=a\nno field\n",
        b"MESSAGE\n\x01\0\0\0\0\0\0\0ab\n",
        b"MESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        assert_eq!(taken(&[broken]).unwrap_err().code(), "invalid_journal");
    }
}

#[test]
fn fields_beyond_the_bound_stay_text() {
    let fields: Vec<_> = (0..100_002).map(|number| format!("F{number}=v")).collect();
    let body = format!("{}\n\n", fields.join("\n"));
    let attributes = one(body.as_bytes())["attributes"].clone();
    assert_eq!(attributes.as_object().unwrap().len(), 100_001);
    assert_eq!(attributes["_more"], "F100000=v\nF100001=v");
}

/// A journal in which a sequence goes on beyond 32 bits, and some records have no cursor.
fn journal() -> Vec<u8> {
    let mut body = Vec::new();
    for number in 0..12_u64 {
        if number != 5 {
            body.extend(cursor(0xffff_fffa + number).into_bytes());
        }
        body.extend(
            format!(
                "__REALTIME_TIMESTAMP={}\n",
                1_700_000_000_000_000 + number / 4
            )
            .into_bytes(),
        );
        match number % 3 {
            0 => body.extend(binary("MESSAGE", format!("{number}\n\n").as_bytes())),
            _ => body.extend(format!("MESSAGE={number}\n").into_bytes()),
        }
        body.extend(b"\n");
    }
    body
}

proptest! {
    #[test]
    fn wherever_a_journal_is_cut_its_records_are_the_same(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let body = journal();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(body.len())).collect();
        cuts.extend([0, body.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &body[cut[0]..cut[1]]).collect();
        let records = taken_in_order(&pieces);
        prop_assert_eq!(&records, &taken_in_order(&[&body]));
        let messages = records.iter().map(|(_, record)| record["message"].as_str().unwrap().trim().to_owned());
        let expected: Vec<_> = (0..12).map(|number: u32| number.to_string()).collect();
        prop_assert_eq!(messages.collect::<Vec<_>>(), expected);
        let ids: std::collections::HashSet<_> = records.iter().map(|(id, _)| id).collect();
        prop_assert_eq!(ids.len(), 12);
    }

    #[test]
    fn no_bytes_make_the_decoder_panic(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"A=b"[..], b"\n", b"MESSAGE", b"\x01\0\0\0\0\0\0\0", b"\xff", b"=", b"__CURSOR=s=a;i=1", b"i=zz;s=", b"a\n",
        ]), 0..14),
        bytes: Vec<u8>,
    ) {
        for body in [parts.concat(), bytes] {
            drop(taken(&[&body]));
        }
    }
}
