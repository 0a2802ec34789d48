//! The limit: the fastest program that we can write for our layout and our documents. It encodes each
//! document by hand into the command that is sent, and does nothing else.

use super::{Done, fill};
use crate::failure::Failure;
use crate::records::{self, Pool};
use crate::verify::COLLECTION;
use bson::{RawDocumentBuf, doc};
use mongodb::{Client, Database};
use record::bson_writer::BsonWriter;
use std::sync::Arc;

/// Room for a document, with its place in the command; more is made when it is needed.
const DOCUMENT_BYTES: usize = 400;

pub(super) async fn run(
    uri: &str,
    database: &str,
    in_flight: usize,
    batch: u64,
    seconds: f64,
) -> Result<Done, Failure> {
    let pool = Arc::new(Pool::make()?);
    let database = Client::with_uri_str(uri).await?.database(database);
    create(&database).await?;
    fill::run(in_flight, batch, seconds, move |number| {
        let (pool, database) = (Arc::clone(&pool), database.clone());
        async move { insert(&pool, &database, number, batch).await }
    })
    .await
}

/// The service's own collection and index.
async fn create(database: &Database) -> Result<(), Failure> {
    let clustered = doc! { "key": { "_id": 1 }, "unique": true, "name": "_id_clustered" };
    let create = doc! { "create": COLLECTION, "clusteredIndex": clustered };
    database.run_command(create).await?;
    let index = doc! {
        "key": { "severity": 1, "_id": 1 },
        "name": "severity_1__id_1_warn_and_worse",
        "partialFilterExpression": { "severity": { "$gte": 13 } },
    };
    let indexes = doc! { "createIndexes": COLLECTION, "indexes": [index] };
    database.run_command(indexes).await?;
    Ok(())
}

async fn insert(pool: &Pool, database: &Database, batch: u64, size: u64) -> Result<(), Failure> {
    let command = RawDocumentBuf::from_bytes(command(pool, batch, size))?;
    let reply = database.run_raw_command(command).await?;
    let stored = reply
        .get_i32("n")
        .ok()
        .and_then(|stored| u64::try_from(stored).ok());
    if stored == Some(size) && !reply.contains_key("writeConcernError") {
        return Ok(());
    }
    Err(Failure::told(format!("not everything was stored: {reply}")))
}

fn command(pool: &Pool, batch: u64, size: u64) -> Vec<u8> {
    let documents = usize::try_from(size).unwrap_or(0);
    let mut bytes = Vec::with_capacity(documents * DOCUMENT_BYTES);
    let mut writer = BsonWriter::new(&mut bytes);
    let whole = writer.open();
    writer.string("insert", COLLECTION);
    writer.boolean("ordered", false);
    let concern = writer.open_document("writeConcern");
    writer.string("w", "majority");
    writer.boolean("j", true);
    writer.close(concern);
    let list = writer.open_array("documents");
    for (position, (place, record)) in (0_u32..).zip(pool.batch(batch, size)) {
        // The element's head; the document itself is written behind it, without a copy.
        BsonWriter::new(&mut bytes).raw_document(&position.to_string(), &[]);
        records::write_document(record, records::id(place, batch, position), &mut bytes);
    }
    let mut writer = BsonWriter::new(&mut bytes);
    writer.close(list);
    writer.close(whole);
    bytes
}
