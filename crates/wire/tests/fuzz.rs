//! Whatever comes as a body, each decoder reads it or says why not: bodies of `corpus`, cut, repeated, put together and
//! with bits turned over. `PROPTEST_CASES=1000000 cargo test -p wire --test fuzz` looks at more of them; what fails is
//! to become a file of the corpus.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics; clippy.toml covers only the test functions"
)]

use bson::RawDocument;
use logs::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;
use record::batch::BatchBuilder;
use record::document::StoredDocument;
use record::id::BatchId;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;
use wire::{DecodeError, GivenAttributes, datadog, gelf, journald, loki, otlp, splunk};

/// Unless the environment says otherwise.
const CASES: u32 = 10_000;
/// Of all documents of a batch.
const MOST_BYTES: usize = 256 * 1024;
/// A body that was made longer is cut here.
const LONGEST: usize = 64 * 1024;
/// What decoders look for, and what breaks them.
const PIECES: [&[u8]; 24] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"\n",
    b"\r\n\r\n",
    b",",
    b":",
    b"=",
    b"null",
    b"-",
    b"1e999",
    b"99999999999999999999999999999999999999999",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01",
    b"{\"a\":[{\"a\":[",
    b"__CURSOR=s=0;i=ffffffffffffffff\n",
];

type Decode = fn(&[u8], &mut BatchBuilder) -> Result<(), DecodeError>;

/// Each decoder, and the folder of what it can read.
const DECODERS: [(&str, Decode); 14] = [
    ("native", |body, batch| native("", body, batch)),
    ("native", |body, batch| {
        native("application/json", body, batch)
    }),
    ("native", |body, batch| {
        native("application/x-ndjson", body, batch)
    }),
    ("native", |body, batch| native("text/plain", body, batch)),
    ("gelf", gelf::decode),
    ("splunk_events", |body, batch| {
        splunk::decode_events(body, &given("host"), batch)
    }),
    ("splunk_raw", |body, batch| {
        splunk::decode_raw(body, &given("source"), batch)
    }),
    ("datadog", |body, batch| {
        datadog::decode(body, &given("ddtags"), batch)
    }),
    ("bulk", |body, batch| {
        wire::decode_bulk(body, Some("logs"), batch).map(drop)
    }),
    ("loki_json", |body, batch| {
        loki::decode_json(body, Some("tenant"), batch)
    }),
    ("loki_protobuf", |body, batch| {
        loki::decode_protobuf(body, None, batch)
    }),
    ("otlp_json", otlp::decode_json),
    ("otlp_protobuf", otlp::decode_protobuf),
    ("journald", upload),
];

fn native(media_type: &str, body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let format = wire::format_of(media_type).expect("a type of the table");
    (format.decode)(body, batch)
}

fn given(name: &'static str) -> GivenAttributes {
    let mut given = GivenAttributes::default();
    given.add(name, "env:prod,a");
    given
}

/// All of it is there at once.
fn upload(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let mut rest = body;
    while let Some(portion) = journald::portion(rest, true)? {
        for part in &portion.parts {
            for place in &part.places {
                journald::decode(&rest[place.clone()], batch)?;
            }
        }
        rest = &rest[portion.bytes..];
    }
    Ok(())
}

/// What is done to a body.
#[derive(Debug, Clone)]
enum Edit {
    Flip(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index, u8),
    Insert(Index, Vec<u8>),
    Piece(Index, Index),
    Join(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let place = any::<Index>;
    prop_oneof![
        4 => (place(), 0_u8..8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        1 => (place(), place()).prop_map(|(from, to)| Edit::Cut(from, to)),
        1 => (place(), place(), any::<u8>()).prop_map(|(from, to, times)| Edit::Repeat(from, to, times)),
        1 => (place(), vec(any::<u8>(), 1..12)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        3 => (place(), place()).prop_map(|(at, piece)| Edit::Piece(at, piece)),
        1 => (place(), place()).prop_map(|(at, other)| Edit::Join(at, other)),
    ]
}

impl Edit {
    fn apply(&self, body: &mut Vec<u8>, corpus: &[(String, Vec<u8>)]) {
        let end = body.len() + 1;
        let span = |from: &Index, to: &Index| {
            let (one, other) = (from.index(end), to.index(end));
            one.min(other)..one.max(other)
        };
        let (at, inserted) = match self {
            Self::Flip(at, bit) => {
                let at = at.index(end);
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << bit;
                }
                return;
            }
            Self::Cut(from, to) => return drop(body.drain(span(from, to))),
            Self::Repeat(from, to, times) => {
                let span = span(from, to);
                let times = usize::from(*times).min(LONGEST / span.len().max(1));
                (span.end, body[span].repeat(times))
            }
            Self::Insert(at, bytes) => (at.index(end), bytes.clone()),
            Self::Piece(at, piece) => (at.index(end), piece.get(&PIECES).to_vec()),
            Self::Join(at, other) => (at.index(end), other.get(corpus).1.clone()),
        };
        body.splice(at..at, inserted);
        body.truncate(LONGEST);
    }
}

/// Every file of the corpus, with its folder.
static CORPUS: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(corpus);

fn corpus() -> Vec<(String, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files = Vec::new();
    for folder in fs::read_dir(root).unwrap() {
        let folder = folder.unwrap();
        for file in fs::read_dir(folder.path()).unwrap() {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            files.push((folder.file_name().into_string().unwrap(), bytes));
        }
    }
    files.sort();
    files
}

fn batch(body: &[u8], max_bytes: usize) -> BatchBuilder {
    let id = BatchId::keyed("key", body);
    BatchBuilder::new(id, None, Timestamp::from_nanos(0), max_bytes)
}

/// What is read is whole records, within the bound, and the same each time.
fn check(decode: Decode, body: &[u8]) -> TestCaseResult {
    let read = || {
        let mut batch = batch(body, MOST_BYTES);
        decode(body, &mut batch).map(|()| batch.finish().0)
    };
    let (first, second) = (read(), read());
    match (first, second) {
        (Ok(first), Ok(second)) => {
            prop_assert_eq!(first.documents.encoded(), second.documents.encoded());
            prop_assert!(first.documents.encoded_bytes() <= MOST_BYTES);
            for bytes in first.documents.slices(0..first.documents.len()) {
                let document = RawDocument::from_bytes(bytes);
                let document = document.map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert!(StoredDocument::read(document).is_some());
            }
        }
        (Err(first), Err(second)) => prop_assert_eq!(first.to_string(), second.to_string()),
        _ => prop_assert!(false, "read once and refused once"),
    }
    Ok(())
}

#[test]
fn each_decoder_has_a_corpus_that_it_reads_and_each_file_of_it_a_decoder() {
    let corpus = &*CORPUS;
    let folders: BTreeSet<&str> = corpus.iter().map(|(folder, _)| folder.as_str()).collect();
    let decoders: BTreeSet<&str> = DECODERS.iter().map(|(folder, _)| *folder).collect();
    assert_eq!(folders, decoders);
    for (folder, decode) in DECODERS {
        let reads = corpus
            .iter()
            .filter(|(of, _)| of == folder)
            .any(|(_, body)| {
                let mut batch = batch(body, MOST_BYTES);
                decode(body, &mut batch).is_ok() && !batch.finish().0.documents.is_empty()
            });
        assert!(reads, "{folder}");
    }
    for (_, body) in corpus {
        for (_, decode) in DECODERS {
            check(decode, body).unwrap();
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_comes_is_read_or_refused_by_each_decoder(
        decoder in any::<Index>(),
        sample in any::<Index>(),
        edits in vec(edit(), 1..12),
    ) {
        let corpus = &*CORPUS;
        let (folder, decode) = decoder.get(&DECODERS);
        let own: Vec<_> = corpus.iter().filter(|(of, _)| of == folder).collect();
        let mut body = sample.get(&own).1.clone();
        for edit in &edits {
            edit.apply(&mut body, corpus);
        }
        check(*decode, &body)?;
    }
}

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config
}
