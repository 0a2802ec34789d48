//! What happens to a record inside the service, a thousand records at a time: read, encoded, framed for
//! the spool, put on a page and written as JSON.

#[path = "../../src/forms/mod.rs"]
mod forms;

use bson::RawDocument;
use clap::Parser as _;
use logs::Timestamp;
use producer::generate::{Generator, GeneratorSettings};
use query::{Patience, Query};
use record::batch::{Batch, BatchBuilder};
use record::document::StoredDocument;
use record::id::BatchId;
use spool::frame::encode_frame;
use std::hint::black_box;
use std::rc::Rc;
use store::page::Page;
use wire::format_of;

/// Records that one call of a case handles.
pub(crate) const RECORDS: u32 = 1000;

/// 2026-01-01T00:00:00Z.
const START: Timestamp = Timestamp::from_nanos(1_767_225_600_000_000_000);
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// Their names, in the order of [`all`].
pub(crate) const NAMES: [&str; 11] = [
    "decode a JSON array to documents",
    "decode NDJSON to documents",
    "encode documents from fields",
    "frame a batch for the spool",
    "page of stored documents",
    "page to JSON",
    "decode a Loki push as JSON to documents",
    "decode a Loki push as snappy protobuf to documents",
    "decode OTLP in protobuf to documents",
    "decode OTLP in JSON to documents",
    "decode a _bulk body without ids to documents",
];

type Decode = fn(&[u8], &mut BatchBuilder) -> Result<(), wire::DecodeError>;

/// A name, and the work.
pub(crate) type Case = (&'static str, Box<dyn FnMut()>);

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    let body = body();
    let (lines, bulk) = (forms::lines(&body), forms::bulk(&body));
    let batch = Rc::new(batch(&body));
    let records = forms::records(&body).expect("records");
    let (otlp_json, otlp_protobuf) = (forms::otlp_json(&records), forms::otlp_protobuf(&records));
    let (push_json, push) = (forms::loki_json(&records), forms::loki_protobuf(&records));
    let push = forms::snappy(&push).expect("a block");
    let [framed, paged] = [0; 2].map(|_| Rc::clone(&batch));
    let fields = fields(&batch);
    let shown = page(&batch);
    let mut frame = Vec::new();
    let mut json = Vec::new();
    let work: [Box<dyn FnMut()>; NAMES.len()] = [
        Box::new(move || drop(black_box(self::batch(&body)))),
        Box::new(move || drop(black_box(self::batch(&lines)))),
        Box::new(move || encode(&fields)),
        Box::new(move || {
            frame.clear();
            let batches = std::iter::once(framed.as_ref());
            black_box(encode_frame(&mut frame, 7, 1, batches, 0).is_ok());
        }),
        Box::new(move || drop(black_box(page(&paged)))),
        Box::new(move || {
            json.clear();
            for place in 0..shown.len() {
                let row = shown.row(place).expect("a row");
                row.write_json(&mut json).expect("attributes are JSON");
            }
            black_box(json.len());
        }),
        Box::new(move || drop(black_box(batch_by(decode_push_json, &push_json)))),
        Box::new(move || drop(black_box(batch_by(decode_push, &push)))),
        Box::new(move || {
            drop(black_box(batch_by(
                wire::otlp::decode_protobuf,
                &otlp_protobuf,
            )));
        }),
        Box::new(move || drop(black_box(batch_by(wire::otlp::decode_json, &otlp_json)))),
        Box::new(move || drop(black_box(batch_by(decode_bulk, &bulk)))),
    ];
    NAMES.into_iter().zip(work).collect()
}

/// As the producer sends it.
fn body() -> Vec<u8> {
    let defaults = producer::config::Config::try_parse_from(["producer"]);
    let mut generator = Generator::new(GeneratorSettings {
        seed: 1,
        levels: defaults.expect("the defaults").levels,
        message_bytes: None,
        late: 0.0,
    });
    let mut body = Vec::new();
    let time = |place: usize| {
        let after = i64::try_from(place).unwrap_or(0) * 1000;
        Timestamp::from_nanos(START.nanos() + after)
    };
    let records = RECORDS as usize;
    generator.batch(0, records, time, &mut body).expect("JSON");
    body
}

fn decode_push_json(body: &[u8], batch: &mut BatchBuilder) -> Result<(), wire::DecodeError> {
    wire::loki::decode_json(body, None, batch)
}

fn decode_push(body: &[u8], batch: &mut BatchBuilder) -> Result<(), wire::DecodeError> {
    let body = snap::raw::Decoder::new().decompress_vec(body);
    wire::loki::decode_protobuf(&body.expect("a block"), None, batch)
}

fn decode_bulk(body: &[u8], batch: &mut BatchBuilder) -> Result<(), wire::DecodeError> {
    wire::decode_bulk(body, None, batch).map(|items| drop(black_box(items)))
}

fn batch(body: &[u8]) -> Batch {
    let format = format_of("application/json").expect("JSON is known");
    batch_by(format.decode, body)
}

fn batch_by(decode: Decode, body: &[u8]) -> Batch {
    let mut builder = BatchBuilder::new(BatchId::keyed("key", b"body"), None, START, MAX_BYTES);
    decode(body, &mut builder).expect("a body of records");
    let (batch, rejects) = builder.finish();
    assert_eq!(
        (batch.documents.len(), rejects.count),
        (RECORDS as usize, 0)
    );
    batch
}

/// What a record says, taken out of its document.
type Fields = (Timestamp, String, String);

fn fields(batch: &Batch) -> Vec<Fields> {
    let documents = batch.documents.slices(0..batch.documents.len());
    let fields = documents.map(stored).map(|stored| {
        let level = stored.level.unwrap_or_default();
        (
            stored.id.time(),
            level.to_owned(),
            stored.message.to_owned(),
        )
    });
    fields.collect()
}

fn encode(fields: &[Fields]) {
    let mut builder = BatchBuilder::new(BatchId::keyed("key", b"body"), None, START, MAX_BYTES);
    for (time, level, message) in fields {
        builder.record(Some(*time), Some(level), message, |writer| {
            writer.string("service", "checkout");
            writer.string("host", "checkout-3");
            writer.string("traceId", "0123456789abcdef");
            Ok(())
        });
    }
    black_box(builder.finish());
}

fn page(batch: &Batch) -> Page {
    let (mut page, query) = (Page::default(), Query::default());
    for bytes in batch.documents.slices(0..batch.documents.len()) {
        let mut goes_on = || true;
        let patience = &mut Patience::new(&mut goes_on);
        page.push_document(&query, &stored(bytes), patience)
            .expect("BSON");
    }
    assert_eq!(page.len(), RECORDS as usize);
    page
}

fn stored(bytes: &[u8]) -> StoredDocument<'_> {
    let document = RawDocument::from_bytes(bytes).expect("BSON");
    StoredDocument::read(document).expect("a record")
}
