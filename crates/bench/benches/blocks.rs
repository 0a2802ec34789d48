//! Columnar blocks: what a record takes in them, and what it costs to write, to merge and to look through them:
//! `cargo bench -p bench --bench blocks`. The records are the producer's, 2,000,000 over a day, a thousand a batch.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that prints, and ends when its data is not what it made"
)]

#[path = "blocks/stored.rs"]
mod stored;

use blocks::row_set::RowSet;
use blocks::section::{Column, Unpacker};
use blocks::select;
use blocks::tokens::Wanted;
use divan::Bencher;
use divan::counter::ItemsCount;
use query::{AttributeFilter, Patience, Phrase, Query, Substring};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::LazyLock;
use stored::{NEEDLE, RECORDS, Stored, Writing, merged, written};

static STORED: LazyLock<Stored> = LazyLock::new(Stored::fill);

fn main() {
    print_sizes(&STORED);
    divan::main();
}

/// Bytes for each record, column by column.
fn print_sizes(stored: &Stored) {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for block in &stored.blocks {
        *sizes.entry("(head)".to_owned()).or_default() += block.written.head.len();
        *sizes.entry("(filter)".to_owned()).or_default() += block.written.filter.len();
        for section in &block.head.sections {
            let name = match &section.column {
                Column::Attribute(path) => format!("attribute {path}"),
                other => format!("{other:?}"),
            };
            *sizes.entry(name).or_default() += section.stored;
        }
    }
    let total: usize = sizes.values().sum();
    println!("{} blocks; bytes for each record:", stored.blocks.len());
    for (name, bytes) in sizes {
        println!("{:>8.3}  {name}", per_record(bytes));
    }
    println!("{:>8.3}  in all\n", per_record(total));
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
fn per_record(bytes: usize) -> f64 {
    bytes as f64 / RECORDS as f64
}

/// A block of as many records as it takes.
#[divan::bench]
fn write(bencher: Bencher<'_, '_>) {
    let records = stored::documents();
    let count: usize = records.iter().map(record::documents::Documents::len).sum();
    let count = ItemsCount::new(count);
    let writing = &mut Writing::default();
    bencher
        .counter(count)
        .bench_local(|| black_box(written(&records, writing)));
}

/// Eight small blocks into one.
#[divan::bench]
fn merge(bencher: Bencher<'_, '_>) {
    let small = stored::small_blocks();
    let count: usize = small.iter().map(|block| block.head.records).sum();
    let counter = ItemsCount::new(count);
    let writing = &mut Writing::default();
    bencher
        .counter(counter)
        .bench_local(|| black_box(merged(&small, writing)));
}

/// All attributes of a block as JSON, from columns that are packed.
#[divan::bench]
fn attributes_out(bencher: Bencher<'_, '_>) {
    let unpacker = &mut Unpacker::new().expect("memory");
    let block = STORED.blocks.first().expect("a block");
    let counter = ItemsCount::new(block.head.records);
    bencher.counter(counter).bench_local(|| {
        let opened = block.open(unpacker);
        let (rows, mut out) = (opened.rows().expect("one block"), Vec::new());
        for place in 0..block.head.records {
            out.clear();
            black_box(rows.write_attributes(place, &mut out));
        }
    });
}

/// All blocks, for what is looked for in messages.
fn found(query: &Query, unpacker: &mut Unpacker) -> usize {
    let wanted = Wanted::of(query);
    let mut found = 0;
    for block in &STORED.blocks {
        if !wanted.may_be_in(&block.head, &block.filter) {
            continue;
        }
        let messages = block.messages(unpacker);
        let mut goes_on = || true;
        let patience = &mut Patience::new(&mut goes_on);
        let all = RowSet::all(block.head.records);
        let rows = select::messages(query, &messages, &all, patience).expect("patience");
        found += rows.count();
    }
    found
}

/// A word that one record has.
#[divan::bench(sample_count = 20)]
fn word_in_one_record(bencher: Bencher<'_, '_>) {
    let unpacker = &mut Unpacker::new().expect("memory");
    let query = Query {
        phrases: vec![Phrase::new(NEEDLE, false).expect("a phrase")],
        ..Query::default()
    };
    assert_eq!(found(&query, unpacker), 1);
    bencher.bench_local(|| black_box(found(&query, unpacker)));
}

/// A part of the message of one record, without regard to case.
#[divan::bench(sample_count = 10)]
fn substring_in_one_record(bencher: Bencher<'_, '_>) {
    let unpacker = &mut Unpacker::new().expect("memory");
    let query = Query {
        texts: vec![Substring::new("AYSTACK-needl", false).expect("a text")],
        ..Query::default()
    };
    assert_eq!(found(&query, unpacker), 1);
    bencher.bench_local(|| black_box(found(&query, unpacker)));
}

/// The records with a value of an attribute.
#[divan::bench(sample_count = 10)]
fn attribute_value(bencher: Bencher<'_, '_>) {
    let unpacker = &mut Unpacker::new().expect("memory");
    let filter = AttributeFilter::new("http.status", "503").expect("a filter");
    let mut find = || {
        let found = STORED.blocks.iter().map(|block| {
            let columns = block.columns_for(&filter, unpacker);
            select::attribute(&filter, &block.head, &columns)
                .expect("all columns")
                .count()
        });
        found.sum::<usize>()
    };
    assert!(find() > RECORDS / 100);
    bencher.bench_local(|| black_box(find()));
}

/// Records of each severity in each quarter of an hour.
#[divan::bench(sample_count = 10)]
fn histogram_of_the_day(bencher: Bencher<'_, '_>) {
    let unpacker = &mut Unpacker::new().expect("memory");
    let mut count = || STORED.histogram(unpacker);
    assert_eq!(count().values().sum::<u64>(), RECORDS as u64);
    bencher.bench_local(|| black_box(count()));
}

/// The values of three attributes, and how often each is there.
#[divan::bench(sample_count = 10)]
fn facets_of_the_day(bencher: Bencher<'_, '_>) {
    let unpacker = &mut Unpacker::new().expect("memory");
    bencher.bench_local(|| black_box(STORED.facets(&["service", "host", "http.method"], unpacker)));
}
