//! What a user would write: the driver's `insert_many` of typed structs into a plain collection.

use super::{Done, fill};
use crate::failure::Failure;
use crate::records::{Attributes, Pool, time};
use bson::{DateTime, doc};
use mongodb::options::WriteConcern;
use mongodb::{Client, Collection, IndexModel};
use serde::Serialize;

/// Its collection, in a database of its own.
pub(crate) const COLLECTION: &str = "plain";

const BATCH: u64 = 1000;

#[derive(Debug, Serialize)]
struct Log<'a> {
    time: DateTime,
    level: &'a str,
    message: &'a str,
    attributes: &'a Attributes,
}

pub(super) async fn run(
    uri: &str,
    database: &str,
    in_flight: usize,
    seconds: f64,
) -> Result<Done, Failure> {
    // Lives as long as this process: so the driver's collection can be one of structs that borrow.
    let pool: &'static Pool = Box::leak(Box::new(Pool::make()?));
    let client = Client::with_uri_str(uri).await?;
    let collection: Collection<Log<'static>> = client.database(database).collection(COLLECTION);
    let keys = [
        doc! { "time": 1, "_id": 1 },
        doc! { "level": 1, "time": 1, "_id": 1 },
    ];
    let indexes = keys.map(|keys| IndexModel::builder().keys(keys).build());
    collection.create_indexes(indexes).await?;
    let mut journaled = WriteConcern::default();
    journaled.journal = Some(true);
    fill::run(in_flight, BATCH, seconds, move |batch| {
        let (collection, concern) = (collection.clone(), journaled.clone());
        async move {
            let logs = pool.batch(batch, BATCH).map(|(place, record)| Log {
                time: DateTime::from_millis(time(place).millis()),
                level: &record.level,
                message: &record.message,
                attributes: &record.attributes,
            });
            let logs: Vec<Log<'static>> = logs.collect();
            collection.insert_many(&logs).write_concern(concern).await?;
            Ok(())
        }
    })
    .await
}
