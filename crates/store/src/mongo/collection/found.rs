//! What stands under the names of our collections, as `listCollections` tells it.

use super::{Target, code_of};
use crate::StoreError;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, Document, Uuid, doc};

/// What stands under our names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) logs: Option<Entry>,
    /// A plain collection that is being replaced.
    pub(super) set_aside: Option<Uuid>,
}

/// The collection, as far as it matters to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) uuid: Option<Uuid>,
    pub(super) clustered: bool,
    /// Made with no options at all, as an insert makes one.
    pub(super) bare: bool,
}

impl Found {
    /// Whether it still is the collection with this UUID, and nothing is left to be done about it.
    pub(super) fn is_still(&self, uuid: Option<Uuid>) -> bool {
        let is_it = |entry: Entry| uuid.is_none() || entry.uuid == uuid;
        self.set_aside.is_none() && self.logs.is_some_and(is_it)
    }

    fn read(target: &Target, entries: &[Bson]) -> Self {
        let mut found = Self::default();
        for entry in entries.iter().filter_map(Bson::as_document) {
            match entry.get_str("name") {
                Ok(name) if name == target.collection => found.logs = Some(Entry::read(entry)),
                Ok(_) => found.set_aside = uuid_of(entry),
                Err(_) => {}
            }
        }
        found
    }
}

impl Entry {
    fn read(entry: &Document) -> Self {
        let options = entry.get_document("options").ok();
        Self {
            uuid: uuid_of(entry),
            clustered: options.is_some_and(|options| options.contains_key("clusteredIndex")),
            bare: options.is_some_and(Document::is_empty),
        }
    }
}

/// Where a plain collection stands while it is being replaced: a name that nobody else would give.
pub(super) fn set_aside(target: &Target) -> String {
    format!("{}_set_aside_by_aggregator", target.collection)
}

/// What stands under our names; `None` when the user may not ask.
pub(super) async fn look(
    database: &Database,
    target: &Target,
) -> Result<Option<Found>, StoreError> {
    let names = [target.collection.clone(), set_aside(target)];
    let command = doc! { "listCollections": 1, "filter": { "name": { "$in": names.as_slice() } } };
    let reply = match database.run_command(command).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error).is_some() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let batch = reply
        .get_document("cursor")
        .and_then(|cursor| cursor.get_array("firstBatch"));
    Ok(Some(Found::read(target, batch.map_or(&[], Vec::as_slice))))
}

fn uuid_of(entry: &Document) -> Option<Uuid> {
    let uuid = entry.get_document("info").ok()?.get("uuid")?;
    match uuid {
        Bson::Binary(binary) if binary.subtype == BinarySubtype::Uuid => binary.to_uuid().ok(),
        _ => None,
    }
}
