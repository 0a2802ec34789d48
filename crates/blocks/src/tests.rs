//! What a block promises, on random records.

mod as_rows;
mod bounds;
mod damage;
mod foreign;
mod narrowing;
mod queries;

use crate::filter::Filter;
use crate::head::Head;
use crate::rows::{AttributeColumn, AttributesWriter, RowSource, Rows, runs};
use crate::section::{Column, Packer, Unpacker};
use crate::writer::{Block, BlockWriter, NotTaken};
use bson::raw::{RawDocument, RawDocumentBuf};
use bson::{Bson, Document};
use logs::Timestamp;
use proptest::prelude::*;
use record::document::StoredDocument;
use record::id::{BatchId, RecordId};
use record::order::SendOrder;
use std::collections::BTreeMap;

/// What is stored of a record, but for its id.
#[derive(Debug, Clone, Default, PartialEq)]
struct Fields {
    severity: u8,
    level: Option<String>,
    message: String,
    attributes: Option<Document>,
    received: i64,
}

type Records = BTreeMap<RecordId, Fields>;

/// What a reader gets of a record.
#[derive(Debug, Clone, PartialEq)]
struct Given {
    id: RecordId,
    severity: u8,
    level: Option<String>,
    message: String,
    attributes: Option<String>,
    received: i64,
}

impl Given {
    fn candidate(&self) -> query::Candidate<'_> {
        query::Candidate {
            id: self.id,
            severity: self.severity,
            level: self.level.as_deref(),
            message: &self.message,
            attributes: self.attributes.as_deref(),
        }
    }
}

/// As rows give it.
fn as_rows(records: &Records) -> Vec<Given> {
    let given = |(id, fields): (&RecordId, &Fields)| {
        let attributes = fields.attributes.as_ref().map(|attributes| {
            let raw = RawDocumentBuf::try_from(attributes).unwrap();
            let mut json = Vec::new();
            record::attributes::write_json(&raw, &mut json).unwrap();
            String::from_utf8(json).unwrap()
        });
        Given {
            id: *id,
            severity: fields.severity,
            level: fields.level.clone(),
            message: fields.message.clone(),
            attributes,
            received: fields.received,
        }
    };
    records.iter().map(given).collect()
}

fn push(writer: &mut BlockWriter, id: RecordId, fields: &Fields) -> Result<(), NotTaken> {
    let attributes = fields.attributes.as_ref();
    let raw = attributes.map(|attributes| RawDocumentBuf::try_from(attributes).unwrap());
    let raw: Option<&RawDocument> = raw.as_deref();
    writer.push(&StoredDocument {
        id,
        severity: fields.severity,
        level: fields.level.as_deref(),
        message: &fields.message,
        attributes: raw,
        received_at: fields.received,
    })
}

fn finished(mut writer: BlockWriter) -> Block {
    let block = writer.finish(&mut Packer::new().unwrap()).unwrap();
    block.unwrap()
}

fn block(records: &Records) -> Block {
    let mut writer = BlockWriter::default();
    for (id, fields) in records {
        push(&mut writer, *id, fields).unwrap();
    }
    finished(writer)
}

/// A block all of whose columns and whose filter were read.
#[derive(Debug)]
struct Opened {
    filter: Filter,
    columns: crate::opened::Opened,
}

impl std::ops::Deref for Opened {
    type Target = crate::opened::Opened;

    fn deref(&self) -> &Self::Target {
        &self.columns
    }
}

impl Opened {
    fn read(block: &Block) -> Result<Self, crate::damaged::Damaged> {
        let head = Head::read(&block.head)?;
        let unpacker = &mut Unpacker::new().unwrap();
        Ok(Self {
            filter: head.filter(&block.filter)?,
            columns: crate::opened::Opened::read(head, &block.columns, unpacker)?,
        })
    }

    fn rows(&self) -> Rows<'_> {
        self.columns.rows().unwrap()
    }

    fn given(&self) -> Vec<Given> {
        let rows = self.rows();
        let mut writer = AttributesWriter::new(&rows, rows.ids().len());
        let mut few = AttributesWriter::new(&rows, 0);
        let given = |place| {
            let mut json = Vec::new();
            let has = rows.write_attributes(place, &mut json);
            for writer in [&mut writer, &mut few] {
                let mut text = "before".to_owned();
                assert_eq!(writer.push(place, &mut text), has);
                assert_eq!(text.strip_prefix("before").map(str::as_bytes), Some(&*json));
            }
            Given {
                id: rows.id(place).unwrap(),
                severity: rows.severity(place),
                level: rows.level(place).map(str::to_owned),
                message: rows.message(place).to_owned(),
                attributes: has.then(|| String::from_utf8(json).unwrap()),
                received: rows.received(place),
            }
        };
        (0..self.head.records).map(given).collect()
    }
}

/// One block of the records of several.
fn merged(blocks: &[Opened]) -> Block {
    let mut blocks = merged_by(blocks, |_| false);
    assert_eq!(blocks.len(), 1);
    blocks.remove(0)
}

/// The records of several blocks, in another one whenever one is full or `ends` says so.
fn merged_by(blocks: &[Opened], mut ends: impl FnMut(usize) -> bool) -> Vec<Block> {
    let rows: Vec<Rows<'_>> = blocks.iter().map(Opened::rows).collect();
    let mut sources: Vec<RowSource<'_>> = rows.iter().map(RowSource::new).collect();
    let ids: Vec<&[RecordId]> = blocks.iter().map(|block| block.ids.as_slice()).collect();
    let (mut writer, mut written) = (BlockWriter::default(), Vec::new());
    for (number, places) in runs(&ids) {
        for place in places {
            let source = &mut sources[number];
            let taken = match ends(writer.len()) {
                true => Err(NotTaken::Full),
                false => writer.push_row(source, place),
            };
            if taken == Err(NotTaken::Full) {
                written.extend(writer.finish(&mut Packer::new().unwrap()).unwrap());
                writer.push_row(source, place).unwrap();
            } else {
                taken.unwrap();
            }
        }
    }
    written.push(finished(writer));
    let together = merged_in_runs(blocks, &mut ends);
    assert_eq!(together, written);
    written
}

/// The same by whole runs.
fn merged_in_runs(blocks: &[Opened], ends: &mut dyn FnMut(usize) -> bool) -> Vec<Block> {
    let rows: Vec<Rows<'_>> = blocks.iter().map(Opened::rows).collect();
    let mut sources: Vec<RowSource<'_>> = rows.iter().map(RowSource::new).collect();
    let ids: Vec<&[RecordId]> = blocks.iter().map(|block| block.ids.as_slice()).collect();
    let (mut writer, mut written) = (BlockWriter::default(), Vec::new());
    let packer = &mut Packer::new().unwrap();
    for (number, mut places) in runs(&ids) {
        while !places.is_empty() {
            let free = (0..places.len()).take_while(|more| !ends(writer.len() + more));
            let end = places.start + free.count();
            let (taken, why) = writer.push_rows(&mut sources[number], places.start..end);
            places.start += taken;
            match why {
                Ok(()) if places.is_empty() => {}
                Ok(()) | Err(NotTaken::Full) => {
                    written.extend(writer.finish(packer).unwrap());
                }
                Err(other) => panic!("{other}"),
            }
        }
    }
    written.push(finished(writer));
    written
}

fn id() -> impl Strategy<Value = RecordId> {
    let time = prop_oneof![3 => 0_i64..5_000_000_000, 1 => any::<i64>()];
    let order = prop_oneof![Just([0; 7]), any::<[u8; 7]>()];
    let batch = prop_oneof![Just([1; 8]), Just([2; 8]), any::<[u8; 8]>()];
    (time, order, batch, 0_u32..9).prop_map(|(time, order, batch, position)| {
        let id = RecordId::new(
            Timestamp::from_nanos(time),
            BatchId::from_bytes(batch),
            position,
        );
        id.with_order(SendOrder::from_bytes(order))
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c_ ]{0,6}",
        2 => prop::sample::select(vec!["Time out", "error 42", "ÄPFEL", "\u{212a}elvin", "{\"a\":1}", "[1]", "503", "00ff", "a\"\\\n"]).prop_map(str::to_owned),
        1 => ".{0,8}",
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[ab]{1,2}",
        2 => prop::sample::select(vec!["a.b", "a.", "", ".", "0", "1", "a\"", "é"]).prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Bson> {
    let leaf = prop_oneof![
        3 => text().prop_map(Bson::from),
        2 => (0_i64..4).prop_map(Bson::from),
        1 => any::<i64>().prop_map(Bson::from),
        1 => any::<i32>().prop_map(Bson::from),
        1 => any::<f64>().prop_map(Bson::from),
        1 => prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0]).prop_map(Bson::from),
        1 => any::<bool>().prop_map(Bson::from),
        1 => Just(Bson::Null),
        1 => Just(Bson::Binary(bson::Binary {
            subtype: bson::spec::BinarySubtype::UserDefined(record::bson_writer::LONG_INTEGER),
            bytes: b"123456789012345678901234567890123456789".to_vec(),
        })),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            members(inner.clone()).prop_map(Bson::from),
            prop::collection::vec(inner, 0..4).prop_map(Bson::from),
        ]
    })
}

fn members(value: impl Strategy<Value = Bson>) -> impl Strategy<Value = Document> {
    let members = prop::collection::vec((name(), value), 0..5);
    members.prop_map(|members| members.into_iter().collect())
}

fn fields() -> impl Strategy<Value = Fields> {
    let level = prop::option::of(prop::sample::select(vec!["INFO", "ERROR", "", "odd"]));
    let head = (0_u8..25, level, text(), 0_i64..3);
    (head, prop::option::of(members(value()))).prop_map(
        |((severity, level, message, received), attributes)| Fields {
            severity,
            level: level.map(str::to_owned),
            message,
            attributes,
            received,
        },
    )
}

fn records() -> impl Strategy<Value = Records> {
    prop::collection::btree_map(id(), fields(), 1..24)
}
