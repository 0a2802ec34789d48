//! Which collection of which server the records are in.

use crate::address::MongoAddress;
use record::id::IdFormat;
use std::sync::Arc;
use std::time::Duration;

/// Tells which format the ids of a new collection get. It is asked when one is made.
pub type NewFormat = Arc<dyn Fn() -> IdFormat + Send + Sync>;

/// Where in MongoDB the records are.
#[derive(Clone)]
pub struct Target {
    /// The server or servers.
    pub address: MongoAddress,
    /// The database.
    pub database: String,
    /// The collection; its name with `_receipts`, `_meta`, `_deleted`, `_deletions` and
    /// `_aggregators` behind it names small ones.
    pub collection: String,
    /// How new collections are compressed; `None` leaves it to the server.
    pub compression: Option<String>,
    /// Connections at most, for each of the two clients.
    pub max_connections: u32,
    /// Between two looks at the collection.
    pub look_interval: Duration,
    /// How ids are written to a new collection: with an order, unless some would be written otherwise by whom
    /// they come from again.
    pub new_format: NewFormat,
}

impl Target {
    /// Where the markers of receipt stand.
    pub(super) fn receipts(&self) -> String {
        format!("{}_receipts", self.collection)
    }

    /// Where the mark of the format stands.
    pub(super) fn meta(&self) -> String {
        format!("{}_meta", self.collection)
    }

    /// Where what was deleted on purpose is remembered.
    pub(super) fn deleted(&self) -> String {
        format!("{}_deleted", self.collection)
    }

    /// Where the aggregators stand that store here.
    pub(super) fn aggregators(&self) -> String {
        format!("{}_aggregators", self.collection)
    }

    /// Where stands what all of them are to have delivered and removed.
    pub(super) fn deletions(&self) -> String {
        format!("{}_deletions", self.collection)
    }

    /// Where a plain collection stands while it is being replaced: a name that nobody else would give.
    pub(super) fn set_aside(&self) -> String {
        format!("{}_set_aside_by_aggregator", self.collection)
    }
}
