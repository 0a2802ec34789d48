//! The producer's records in blocks, as a store would have them.

use blocks::filter::Filter;
use blocks::head::Head;
use blocks::leaf::Leaf;
use blocks::levels::Levels;
use blocks::opened::Opened;
use blocks::rows::{AttributeColumn, RowSource};
use blocks::section::{Column, Packer, Unpacker};
use blocks::select;
use blocks::shapes::Shapes;
use blocks::texts::Texts;
use blocks::writer::{Block, BlockWriter, NotTaken};
use bson::RawDocument;
use clap::Parser as _;
use logs::Timestamp;
use producer::generate::{Generator, GeneratorSettings};
use query::AttributeFilter;
use record::batch::BatchBuilder;
use record::document::StoredDocument;
use record::documents::Documents;
use record::id::BatchId;
use record::order::Taken;
use std::collections::BTreeMap;

/// Records over the day.
pub(crate) const RECORDS: usize = 2_000_000;
/// What the message of one record has.
pub(crate) const NEEDLE: &str = "haystack-needle";
const BATCH: usize = 1_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000_000;
const DAY: i64 = 86_400_000_000_000;
const QUARTER: i64 = 900_000_000_000;
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// A block as it is stored, with what of it is always at hand.
pub(crate) struct OneBlock {
    pub(crate) written: Block,
    pub(crate) head: Head,
    pub(crate) filter: Filter,
}

impl OneBlock {
    fn new(written: Block) -> Self {
        let head = Head::read(&written.head).expect("a head");
        Self {
            filter: head.filter(&written.filter).expect("a filter"),
            head,
            written,
        }
    }

    fn stored(&self, column: &Column) -> &[u8] {
        let place = self.head.place(column).expect("a column");
        self.written.columns.get(place).expect("a column")
    }

    pub(crate) fn messages(&self, unpacker: &mut Unpacker) -> Texts {
        self.head
            .messages(self.stored(&Column::Messages), unpacker)
            .expect("messages")
    }

    fn shapes(&self, unpacker: &mut Unpacker) -> Shapes {
        self.head
            .shapes(self.stored(&Column::Shapes), unpacker)
            .expect("shapes")
    }

    fn levels(&self, unpacker: &mut Unpacker) -> Levels {
        self.head
            .levels(self.stored(&Column::Levels), unpacker)
            .expect("levels")
    }

    fn attributes(&self, places: &[usize], unpacker: &mut Unpacker) -> Vec<AttributeColumn> {
        if places.is_empty() {
            return Vec::new();
        }
        let shapes = self.shapes(unpacker);
        let column = |place: &usize| {
            let stored = self.written.columns.get(*place).expect("a column");
            let column = self.head.attribute(*place, stored, &shapes, unpacker);
            column.expect("values")
        };
        places.iter().map(column).collect()
    }

    /// The places of the columns of attributes for which it says so.
    fn places_of(&self, is_asked: impl Fn(&Column) -> bool) -> Vec<usize> {
        let asked = self.head.attributes();
        let asked = asked.filter(|(_, section)| is_asked(&section.column));
        asked.map(|(place, _)| place).collect()
    }

    pub(crate) fn columns_for(
        &self,
        filter: &AttributeFilter,
        unpacker: &mut Unpacker,
    ) -> Vec<AttributeColumn> {
        self.attributes(&select::columns(filter, &self.head), unpacker)
    }

    pub(crate) fn open(&self, unpacker: &mut Unpacker) -> Opened {
        Opened::read(self.head.clone(), &self.written.columns, unpacker).expect("columns")
    }
}

/// All blocks.
pub(crate) struct Stored {
    pub(crate) blocks: Vec<OneBlock>,
}

impl Stored {
    pub(crate) fn fill() -> Self {
        let (mut blocks, mut packer) = (Vec::new(), Packer::new().expect("memory"));
        let mut writer = BlockWriter::default();
        let mut generator = Batches::default();
        for number in 0..RECORDS / BATCH {
            let documents = generator.batch(number);
            for record in records(&documents) {
                if writer.push(&record) == Err(NotTaken::Full) {
                    let full = writer.finish(&mut packer);
                    let full = full.expect("a block").expect("records");
                    blocks.push(OneBlock::new(full));
                    assert_eq!(writer.push(&record), Ok(()));
                }
            }
        }
        let last = writer.finish(&mut packer).expect("a block");
        blocks.push(OneBlock::new(last.expect("records")));
        Self { blocks }
    }

    pub(crate) fn histogram(&self, unpacker: &mut Unpacker) -> BTreeMap<(i64, u8), u64> {
        let mut counts = BTreeMap::new();
        for block in &self.blocks {
            let quarter = |time: Timestamp| time.nanos().div_euclid(QUARTER);
            let (first, last) = (
                quarter(block.head.first.time()),
                quarter(block.head.last.time()),
            );
            if first == last {
                for (severity, count) in &block.head.severities {
                    *counts.entry((first, *severity)).or_default() += count;
                }
                continue;
            }
            let times = block
                .head
                .times(block.stored(&Column::Times), unpacker)
                .expect("times");
            let (levels, mut start) = (block.levels(unpacker), 0);
            for bucket in first..=last {
                let end = times
                    .as_slice()
                    .partition_point(|time| quarter(*time) <= bucket);
                for (severity, count) in levels.counts(start..end) {
                    *counts.entry((bucket, severity)).or_default() += count;
                }
                start = end;
            }
        }
        counts
    }

    pub(crate) fn facets(
        &self,
        paths: &[&str],
        unpacker: &mut Unpacker,
    ) -> BTreeMap<(String, String), u64> {
        let mut counts = BTreeMap::new();
        for block in &self.blocks {
            let is_asked = |column: &Column| matches!(column, Column::Attribute(path) if paths.contains(&path.as_str()));
            for column in block.attributes(&block.places_of(is_asked), unpacker) {
                let path = column.path().unwrap_or_default().to_owned();
                column.values().count(
                    |_| true,
                    |leaf, count| {
                        let value = match leaf {
                            Leaf::Integer(number) => number.to_string(),
                            Leaf::Text(text) | Leaf::Json(text) => text.to_owned(),
                        };
                        *counts.entry((path.clone(), value)).or_default() += count;
                    },
                );
            }
        }
        counts
    }
}

/// Makes batches as the door takes them.
struct Batches {
    generator: Generator,
    taken: Taken,
}

impl Default for Batches {
    fn default() -> Self {
        let defaults = producer::config::Config::try_parse_from(["producer"]);
        let generator = Generator::new(GeneratorSettings {
            seed: 1,
            levels: defaults.expect("the defaults").levels,
            message_bytes: None,
            late: 0.0,
        });
        Self {
            generator,
            taken: Taken::default(),
        }
    }
}

impl Batches {
    fn batch(&mut self, number: usize) -> Documents {
        let step = DAY / i64::try_from(RECORDS).unwrap_or(1);
        let time = |place: usize| {
            let after = i64::try_from(number * BATCH + place).unwrap_or(0) * step;
            Timestamp::from_nanos(START + after)
        };
        let mut body = Vec::new();
        self.generator
            .batch(number as u64, BATCH, time, &mut body)
            .expect("JSON");
        if number == RECORDS / BATCH / 2 {
            let text = String::from_utf8(body).expect("UTF-8");
            body = text
                .replacen("\"message\":\"", &format!("\"message\":\"{NEEDLE} "), 1)
                .into();
        }
        let received = Timestamp::from_nanos(time(BATCH).nanos() + 3_000_000);
        let id = BatchId::keyed(&number.to_string(), b"body");
        let mut builder = BatchBuilder::new(id, None, received, MAX_BYTES);
        let format = wire::format_of("application/json").expect("JSON is known");
        (format.decode)(&body, &mut builder).expect("a body of records");
        builder.take(&mut self.taken);
        builder.finish().0.documents
    }
}

/// The records of a batch, in the order of their ids, which is that of their places.
fn records(documents: &Documents) -> impl Iterator<Item = StoredDocument<'_>> {
    let all = documents.slices(0..documents.len());
    all.map(|bytes| {
        let document = RawDocument::from_bytes(bytes).expect("BSON");
        StoredDocument::read(document).expect("a record")
    })
}

/// The documents of about a block.
pub(crate) fn documents() -> Vec<Documents> {
    let mut batches = Batches::default();
    (0..8).map(|number| batches.batch(number)).collect()
}

/// What writes, and what packs: both are kept for the next block, as a store keeps them.
pub(crate) struct Writing {
    writer: BlockWriter,
    packer: Packer,
}

impl Default for Writing {
    fn default() -> Self {
        Self {
            writer: BlockWriter::default(),
            packer: Packer::new().expect("memory"),
        }
    }
}

pub(crate) fn written(batches: &[Documents], writing: &mut Writing) -> Block {
    for record in batches.iter().flat_map(records) {
        assert_eq!(writing.writer.push(&record), Ok(()));
    }
    let block = writing.writer.finish(&mut writing.packer);
    block.expect("a block").expect("records")
}

pub(crate) fn small_blocks() -> Vec<OneBlock> {
    let batches = documents();
    batches
        .iter()
        .map(|batch| {
            let batch = std::slice::from_ref(batch);
            OneBlock::new(written(batch, &mut Writing::default()))
        })
        .collect()
}

pub(crate) fn merged(blocks: &[OneBlock], writing: &mut Writing) -> Block {
    let unpacker = &mut Unpacker::new().expect("memory");
    for block in blocks {
        let opened = block.open(unpacker);
        let rows = opened.rows().expect("one block");
        let mut source = RowSource::new(&rows);
        let all = 0..block.head.records;
        let taken = writing.writer.push_rows(&mut source, all.clone());
        assert_eq!(taken, (all.len(), Ok(())));
    }
    let block = writing.writer.finish(&mut writing.packer);
    block.expect("a block").expect("records")
}
