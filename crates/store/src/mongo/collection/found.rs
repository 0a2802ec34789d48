//! What stands under the names of our collections, as `listCollections` tells it.

use super::{Target, code_of};
use crate::StoreError;
use crate::mongo::reply::first_batch;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Bson, Document, Uuid, doc};

/// What stands under our names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) logs: Option<Entry>,
    pub(super) receipts: Option<Entry>,
    /// A plain collection that is being replaced.
    pub(super) set_aside: Option<Uuid>,
}

/// One of them, as far as it matters to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) uuid: Option<Uuid>,
    pub(super) clustered: bool,
    /// Made with no options at all, as an insert makes one.
    pub(super) bare: bool,
}

/// What kind of thing has the name of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ordinary,
    View,
    Capped,
    TimeSeries,
}

impl Found {
    /// Whether it still is the collection with this UUID, and nothing is left to be done about it.
    pub(super) fn is_still(&self, uuid: Option<Uuid>) -> bool {
        let is_it = |entry: Entry| uuid.is_none() || entry.uuid == uuid;
        self.set_aside.is_none() && self.logs.is_some_and(is_it)
    }

    /// Whether something else stands in the place of the collection with this UUID, or what is no collection in that of
    /// its markers.
    pub(super) fn is_another(&self, uuid: Option<Uuid>) -> bool {
        let is_it = |entry: Entry| uuid.is_none() || entry.uuid == uuid;
        let is_unlike = |entry: Entry| entry.kind != Kind::Ordinary;
        let is_another = |entry: Entry| is_unlike(entry) || !is_it(entry);
        self.logs.is_some_and(is_another) || self.receipts.is_some_and(is_unlike)
    }

    fn read(target: &Target, entries: &[Bson]) -> Self {
        let mut found = Self::default();
        for entry in entries.iter().filter_map(Bson::as_document) {
            match entry.get_str("name") {
                Ok(name) if name == target.collection => found.logs = Some(Entry::read(entry)),
                Ok(name) if name == target.receipts() => found.receipts = Some(Entry::read(entry)),
                Ok(name) if name == target.set_aside() => found.set_aside = uuid_of(entry),
                _ => {}
            }
        }
        found
    }
}

impl Entry {
    fn read(entry: &Document) -> Self {
        let options = entry.get_document("options").ok();
        let is_capped = options.and_then(|options| options.get_bool("capped").ok());
        let kind = match entry.get_str("type") {
            Ok("view") => Kind::View,
            Ok("timeseries") => Kind::TimeSeries,
            _ if is_capped.unwrap_or(false) => Kind::Capped,
            _ => Kind::Ordinary,
        };
        Self {
            kind,
            uuid: uuid_of(entry),
            clustered: options.is_some_and(|options| options.contains_key("clusteredIndex")),
            bare: options.is_some_and(Document::is_empty),
        }
    }
}

/// What stands under our names; `None` when the user may not ask.
pub(super) async fn look(
    database: &Database,
    target: &Target,
) -> Result<Option<Found>, StoreError> {
    let names = [
        target.collection.clone(),
        target.receipts(),
        target.set_aside(),
    ];
    let command = doc! { "listCollections": 1, "filter": { "name": { "$in": names.as_slice() } } };
    let reply = match database.run_command(command).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error).is_some() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let entries = first_batch(&reply).unwrap_or_default();
    Ok(Some(Found::read(target, entries)))
}

fn uuid_of(entry: &Document) -> Option<Uuid> {
    let uuid = entry.get_document("info").ok()?.get("uuid")?;
    match uuid {
        Bson::Binary(binary) if binary.subtype == BinarySubtype::Uuid => binary.to_uuid().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::MongoAddress;
    use record::id::IdFormat;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn the_kind_of_a_collection_is_read_from_what_the_server_lists() {
        let target = Target {
            address: MongoAddress::parse("mongodb://db.example").unwrap(),
            database: "logdb".to_owned(),
            collection: "logs".to_owned(),
            compression: None,
            max_connections: 4,
            look_interval: Duration::from_secs(60),
            new_format: Arc::new(|| IdFormat::Ordered),
        };
        for (kind, type_of, options) in [
            (Kind::Ordinary, "collection", doc! {}),
            (Kind::Ordinary, "collection", doc! { "capped": false }),
            (
                Kind::Ordinary,
                "collection",
                doc! { "clusteredIndex": true },
            ),
            (
                Kind::Capped,
                "collection",
                doc! { "capped": true, "size": 4096 },
            ),
            (
                Kind::View,
                "view",
                doc! { "viewOn": "other", "pipeline": [] },
            ),
            (
                Kind::TimeSeries,
                "timeseries",
                doc! { "timeseries": { "timeField": "time" } },
            ),
        ] {
            let entry = |name: &str| {
                Bson::from(doc! { "name": name, "type": type_of, "options": options.clone() })
            };
            let found = Found::read(
                &target,
                &[entry("logs_receipts"), entry("logs"), entry("logs_x")],
            );
            assert_eq!(found.logs.map(|entry| entry.kind), Some(kind), "{type_of}");
            assert_eq!(
                found.receipts.map(|entry| entry.kind),
                Some(kind),
                "{type_of}"
            );
            assert_eq!(found.set_aside, None);
        }
    }
}
