//! What the collections take on disk.

use super::Target;
use super::error::NAMESPACE_NOT_FOUND;
use super::insert::early_deadline_millis;
use super::reply::{first_batch, number};
use crate::StoreError;
use crate::figures::StoreSize;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use std::time::Duration;

/// The records with their indexes, and the markers of receipt; `None` when the user may not ask.
pub(super) async fn of(
    database: &Database,
    target: &Target,
    left: Duration,
) -> Result<Option<StoreSize>, StoreError> {
    let mut sum = StoreSize::default();
    for collection in [&target.collection, &target.receipts()] {
        let numbers = doc! {
            "aggregate": collection,
            "pipeline": [{ "$collStats": { "storageStats": {} } }],
            "cursor": {},
            "maxTimeMS": early_deadline_millis(left),
        };
        match database.run_command(numbers).await {
            // Of a sharded collection each shard tells its own.
            Ok(reply) => match first_batch(&reply) {
                Some(parts) => parts
                    .iter()
                    .filter_map(Bson::as_document)
                    .for_each(|part| add(&mut sum, part, *collection == target.collection)),
                None => return Ok(None),
            },
            Err(error) if is_missing(&error) => {}
            Err(error) if super::error::is_unauthorized(&error) => return Ok(None),
            Err(error) => match StoreError::from(error) {
                // A server that does not know the question.
                StoreError::Rejected(_) => return Ok(None),
                error => return Err(error),
            },
        }
    }
    Ok(Some(sum))
}

fn add(sum: &mut StoreSize, part: &Document, is_of_records: bool) {
    let Ok(storage) = part.get_document("storageStats") else {
        return;
    };
    let bytes = |name| number(storage, name).unwrap_or(0);
    let on_disk = bytes("storageSize") + bytes("totalIndexSize");
    sum.on_disk += on_disk;
    if is_of_records {
        let records = sum.records.get_or_insert(0);
        *records += number(storage, "count").unwrap_or(0);
    }
    // Never given back to the disk by itself, but used for what comes next.
    sum.in_use += on_disk.saturating_sub(bytes("freeStorageSize"));
}

fn is_missing(error: &Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(command) if command.code == NAMESPACE_NOT_FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_are_summed_and_what_is_free_is_on_disk_and_not_in_use() {
        let mut sum = StoreSize::default();
        for free in [10, 20] {
            let part = doc! { "storageStats": { "storageSize": 100.0, "freeStorageSize": free, "totalIndexSize": 5_i64, "count": 7 } };
            add(&mut sum, &part, true);
        }
        add(
            &mut sum,
            &doc! { "storageStats": { "storageSize": 1, "count": 9 } },
            false,
        );
        let expected = StoreSize {
            in_use: 181,
            on_disk: 211,
            records: Some(14),
        };
        assert_eq!(sum, expected);
    }
}
