//! What senders send, and the records that come of it.

mod as_sent;
mod bodies;
mod events;
mod journald;
mod linear;
mod nothing_lost;
mod otlp;
mod strict;
mod table;

use super::*;
use crate::json::{JSON, LINES, PLAIN, UNTYPED};
use crate::values::Terms;
use bson::RawDocument;
use logs::Timestamp;
use record::attributes;
use record::batch::{Batch, BatchBuilder, Rejects};
use record::document::StoredDocument;
use record::id::BatchId;
use record::notice::Notices;
use serde_json::{Value, json};

const RECEIVED: i64 = 1_700_000_000_000_000_000;
/// All types of the native format.
const TYPES: [Terms; 4] = [JSON, UNTYPED, LINES, PLAIN];

/// What came of a body.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) batch: Batch,
    pub(crate) rejects: Rejects,
    pub(crate) notices: Notices,
}

pub(crate) fn built(mut builder: BatchBuilder) -> Built {
    let notices = builder.take_notices();
    let (batch, rejects) = builder.finish();
    Built {
        batch,
        rejects,
        notices,
    }
}

pub(crate) fn builder(body: &[u8]) -> BatchBuilder {
    let id = BatchId::keyed("key", body);
    BatchBuilder::new(id, None, Timestamp::from_nanos(RECEIVED), 1 << 30)
}

fn decode(content_type: Option<&str>, body: &str) -> Result<Built, DecodeError> {
    let mut batch = builder(body.as_bytes());
    let format = format_of(content_type.unwrap_or_default()).expect("a known type");
    (format.decode)(body.as_bytes(), &mut batch)?;
    Ok(built(batch))
}

/// What comes of a body in both ways of reading it, which must be the same.
fn both_ways(terms: Terms, body: &[u8]) -> Result<Built, DecodeError> {
    let read = |in_one_pass| {
        let mut batch = builder(body);
        values::read_by(body, terms, in_one_pass, &mut batch).map(|()| built(batch))
    };
    same(read(true), &read(false), body)
}

/// What came of a body in two ways, which must be the same.
fn same(
    fast: Result<Built, DecodeError>,
    slow: &Result<Built, DecodeError>,
    body: &[u8],
) -> Result<Built, DecodeError> {
    let shown = String::from_utf8_lossy(body);
    match (&fast, slow) {
        (Ok(fast), Ok(slow)) => {
            let documents = |built: &Built| built.batch.documents.encoded().to_vec();
            assert!(documents(fast) == documents(slow), "{shown}");
            assert_eq!(fast.batch.undated(), slow.batch.undated(), "{shown}");
            assert_eq!(fast.notices.listed, slow.notices.listed, "{shown}");
            assert_eq!(fast.notices.counts, slow.notices.counts, "{shown}");
            assert_eq!(fast.rejects.listed, slow.rejects.listed, "{shown}");
        }
        _ => assert_eq!(fast.as_ref().err(), slow.as_ref().err(), "{shown}"),
    }
    fast
}

/// What is told, with the record that it is told of.
pub(crate) fn told(built: &Built) -> Vec<(u32, String)> {
    let listed = built.notices.listed.iter();
    listed
        .map(|told| (told.index, told.notice.to_string()))
        .collect()
}

/// The records as a reader would get them.
fn records(body: &str) -> Vec<Value> {
    let built = both_ways(UNTYPED, body.as_bytes()).expect("a readable body");
    assert_eq!(built.rejects.listed, [], "{body}");
    assert_eq!(told(&built), [], "{body}");
    shown(&built.batch)
}

pub(crate) fn shown(batch: &Batch) -> Vec<Value> {
    let documents = &batch.documents;
    let documents = documents.slices(0..documents.len());
    documents.map(shown_document).collect()
}

/// One of them.
pub(crate) fn shown_document(document: &[u8]) -> Value {
    let stored = StoredDocument::read(RawDocument::from_bytes(document).unwrap()).unwrap();
    let mut record = json!({
        "timestamp": stored.id.time().to_string(),
        "level": stored.level,
        "message": stored.message,
    });
    if let Some(members) = stored.attributes {
        let mut text = Vec::new();
        attributes::write_json(members, &mut text).unwrap();
        record["attributes"] = serde_json::from_slice(&text).unwrap();
    }
    record
}

fn attributes_text(body: &str) -> String {
    let Built { batch, rejects, .. } = decode(None, body).unwrap();
    assert_eq!(rejects.listed, []);
    let bytes = batch.documents.slices(0..1).next().unwrap();
    let stored = StoredDocument::read(RawDocument::from_bytes(bytes).unwrap()).unwrap();
    let mut text = Vec::new();
    attributes::write_json(stored.attributes.unwrap(), &mut text).unwrap();
    String::from_utf8(text).unwrap()
}
