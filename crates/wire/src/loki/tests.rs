//! Pushes as senders write them, and the records that come of them.

mod as_sent;
mod nothing_lost;
mod odd;

use super::*;
use bson::RawDocument;
use logs::Timestamp;
use record::attributes;
use record::document::StoredDocument;
use record::id::BatchId;
use record::notice::Notices;
use serde_json::{Value, json};

const RECEIVED: i64 = 1_700_000_000_000_000_000;

/// What came of a push.
#[derive(Debug)]
struct Taken {
    records: Vec<Value>,
    refused: u64,
    notices: Notices,
}

type Decode = fn(&[u8], Option<&str>, &mut BatchBuilder) -> Result<(), DecodeError>;

fn taken_by(decode: Decode, body: &[u8], tenant: Option<&str>) -> Result<Taken, DecodeError> {
    let id = BatchId::keyed("key", body);
    let mut batch = BatchBuilder::new(id, None, Timestamp::from_nanos(RECEIVED), 1 << 30);
    decode(body, tenant, &mut batch)?;
    let notices = batch.take_notices();
    let (batch, rejects) = batch.finish();
    let documents = batch.documents.slices(0..batch.documents.len());
    Ok(Taken {
        records: documents.map(shown).collect(),
        refused: rejects.count,
        notices,
    })
}

fn shown(document: &[u8]) -> Value {
    let stored = StoredDocument::read(RawDocument::from_bytes(document).unwrap()).unwrap();
    let mut record = json!({"time": stored.id.time().nanos(), "message": stored.message});
    if let Some(level) = stored.level {
        record["level"] = level.into();
    }
    if let Some(members) = stored.attributes {
        let mut text = Vec::new();
        attributes::write_json(members, &mut text).unwrap();
        record["attributes"] = serde_json::from_slice(&text).unwrap();
    }
    record
}

fn of_json(body: &str) -> Taken {
    taken_by(decode_json, body.as_bytes(), None).unwrap()
}

/// Writes protobuf, field by field.
mod write {
    pub(super) fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        bytes.push(number.to_le_bytes()[0]);
        bytes
    }

    pub(super) fn bytes(field: u64, bytes: &[u8]) -> Vec<u8> {
        let length = varint(bytes.len() as u64);
        [varint(field << 3 | 2), length, bytes.to_vec()].concat()
    }

    pub(super) fn number(field: u64, number: i64) -> Vec<u8> {
        [varint(field << 3), varint(number.cast_unsigned())].concat()
    }

    pub(super) fn entry(nanos: i64, line: &[u8], metadata: &[(&str, &str)]) -> Vec<u8> {
        let seconds = number(1, nanos.div_euclid(1_000_000_000));
        let rest = number(2, nanos.rem_euclid(1_000_000_000));
        let time = bytes(1, &[seconds, rest].concat());
        let pairs = metadata.iter().map(|(name, value)| {
            let (name, value) = (bytes(1, name.as_bytes()), bytes(2, value.as_bytes()));
            bytes(3, &[name, value].concat())
        });
        [time, bytes(2, line), pairs.collect::<Vec<_>>().concat()].concat()
    }

    pub(super) fn stream(labels: &str, entries: &[Vec<u8>]) -> Vec<u8> {
        let entries: Vec<_> = entries.iter().map(|entry| bytes(2, entry)).collect();
        let parts = [bytes(1, labels.as_bytes()), entries.concat(), number(3, 77)];
        bytes(1, &parts.concat())
    }
}
