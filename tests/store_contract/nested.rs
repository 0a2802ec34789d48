//! Objects and arrays among attributes: a path finds what MongoDB's own query for it finds, on each store,
//! and where names have dots of their own, all find the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use bson::{Bson, Document, doc};
use futures_util::TryStreamExt as _;
use logs::Timestamp;
use mongodb::Collection;
use query::Query;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use record::batch::BatchBuilder;
use record::documents::DocumentList;

use super::{ALL, Opened, Place, batch_id};
use crate::support::mongod;
use crate::support::stores::Backend;

const SEED: u64 = 20_241_008;
const RECORDS: usize = 1_500;
const QUESTIONS: usize = 120;
/// Objects and arrays in each other, at most.
const DEEPEST: usize = 4;
/// Bytes of a document's length, which stand before its members.
const LENGTH: usize = 4;

const PLAIN: &[&str] = &["a", "b", "0", "1"];
const DOTTED: &[&str] = &["a", "b", "0", "a.b", "b.0", "a.a.b"];

/// Values that are in records, and asked for.
const VALUES: [&str; 4] = ["1", "2", "x", ""];

fn value(random: &mut StdRng, names: &[&str], depth: usize) -> Bson {
    let kinds = if depth < DEEPEST { 6 } else { 2 };
    match random.random_range(0..kinds) {
        0 => Bson::Int64(random.random_range(1..3)),
        1 => Bson::from(*VALUES.choose(random).unwrap()),
        2..4 => Bson::Document(object(random, names, depth + 1)),
        _ => {
            let length = random.random_range(0..4);
            let elements = (0..length).map(|_| value(random, names, depth + 1));
            Bson::Array(elements.collect())
        }
    }
}

fn object(random: &mut StdRng, names: &[&str], depth: usize) -> Document {
    let count = random.random_range(0..3);
    let chosen: Vec<&str> = names.sample(random, count).copied().collect();
    let member = |name: &str| (name.to_owned(), value(random, names, depth));
    chosen.into_iter().map(member).collect()
}

fn batch(random: &mut StdRng, names: &[&str]) -> Arc<DocumentList> {
    let mut builder = BatchBuilder::new(
        batch_id("nested"),
        None,
        Timestamp::from_nanos(0),
        usize::MAX,
    );
    for number in 0..RECORDS {
        let attributes = object(random, names, 0).to_vec().unwrap();
        let members = &attributes[LENGTH..attributes.len() - 1];
        let time = Some(Timestamp::from_nanos(i64::try_from(number).unwrap()));
        builder.record(time, Some("INFO"), &number.to_string(), |writer| {
            writer.members(members);
            Ok(())
        });
    }
    let (batch, rejects) = builder.finish();
    assert_eq!(rejects.count, 0);
    Arc::new(batch.documents.into())
}

/// A path, and a value that is asked for there, if any.
fn question(random: &mut StdRng) -> (String, Option<&'static str>) {
    let length = random.random_range(1..5);
    let parts: Vec<&str> = (0..length)
        .map(|_| *PLAIN.choose(random).unwrap())
        .collect();
    let value = VALUES.choose(random).copied();
    (parts.join("."), value.filter(|_| random.random_ratio(4, 5)))
}

fn query(path: &str, value: Option<&str>) -> Query {
    let written = value.map_or(String::new(), |value| format!("\"{value}\""));
    Query::parse(&format!("attr.{path}={written}"), Timestamp::from_nanos(0)).unwrap()
}

async fn found(opened: &Opened, query: &Query) -> BTreeSet<String> {
    let rows = opened.walk(query, ALL).await;
    rows.into_iter().map(|row| row.message).collect()
}

/// What the server's own query finds.
async fn found_by_server(
    collection: &Collection<Document>,
    path: &str,
    value: Option<&str>,
) -> BTreeSet<String> {
    let condition = match value {
        None => doc! { "$exists": true },
        Some(text) => {
            let number = text.parse::<i64>().ok().map(Bson::from);
            let forms: Vec<Bson> = number.into_iter().chain([text.into()]).collect();
            doc! { "$in": forms }
        }
    };
    let filter = doc! { format!("attributes.{path}"): condition };
    let documents = collection.find(filter).projection(doc! { "message": 1 });
    let documents: Vec<Document> = documents.await.unwrap().try_collect().await.unwrap();
    let message = |document: Document| document.get_str("message").unwrap().to_owned();
    documents.into_iter().map(message).collect()
}

const ALL_STORES: [Backend; 3] = [Backend::Sqlite, Backend::Blocks, Backend::MongoDb];

#[tokio::test(flavor = "multi_thread")]
async fn a_path_through_objects_and_arrays_finds_what_mongodbs_own_query_finds() {
    let mut random = StdRng::seed_from_u64(SEED);
    let records = batch(&mut random, PLAIN);
    let [sqlite, blocks, mongodb] = ALL_STORES.map(|backend| Place::new(backend, "nested"));
    let (rows, blocks, database) = (sqlite.await, blocks.await, mongodb.await);
    let Place::Database { name, .. } = &database else {
        panic!("a database");
    };
    let client = mongod::shared().await.client().await;
    let collection = client.database(name).collection("logs");
    let stores = [rows.open(), blocks.open(), database.open()];
    for opened in &stores {
        opened.insert(&records).await;
    }
    let mut hits = 0;
    for _ in 0..QUESTIONS {
        let (path, value) = question(&mut random);
        let expected = found_by_server(&collection, &path, value).await;
        hits += usize::from(!expected.is_empty());
        for (opened, store) in stores.iter().zip(["SQLite", "blocks", "MongoDB"]) {
            let found = found(opened, &query(&path, value)).await;
            let differ: Vec<_> = found.symmetric_difference(&expected).take(3).collect();
            assert!(
                differ.is_empty(),
                "{store}: {path} {value:?} of seed {SEED}: {differ:?}"
            );
        }
    }
    assert!(hits > QUESTIONS / 2, "{hits} questions found something");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_names_have_dots_all_stores_find_the_same_in_arrays() {
    let mut random = StdRng::seed_from_u64(SEED);
    let records = batch(&mut random, DOTTED);
    let [sqlite, blocks, mongodb] = ALL_STORES.map(|backend| Place::new(backend, "dotted"));
    let places = [sqlite.await, blocks.await, mongodb.await];
    let stores = places.each_ref().map(Place::open);
    for opened in &stores {
        opened.insert(&records).await;
    }
    let mut hits = 0;
    for _ in 0..QUESTIONS {
        let (path, value) = question(&mut random);
        let query = query(&path, value);
        // It leaves the looking to the query alone.
        let expected = found(&stores[0], &query).await;
        hits += usize::from(!expected.is_empty());
        for opened in &stores[1..] {
            let found = found(opened, &query).await;
            let differ: Vec<_> = found.symmetric_difference(&expected).take(3).collect();
            assert!(
                differ.is_empty(),
                "{path} {value:?} of seed {SEED}: {differ:?}"
            );
        }
    }
    assert!(hits > QUESTIONS / 2, "{hits} questions found something");
}
