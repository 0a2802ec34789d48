//! Whether a collection holds anything, or anything of a kind.
//!
//! Asks the primary, whatever else the connection string says: a secondary may not know of a
//! document yet.

use crate::mongo::reply::first_batch;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Error;
use mongodb::options::{ReadPreference, SelectionCriteria};

/// Whether it holds nothing, or is not there.
pub(super) async fn is_empty(database: &Database, collection: &str) -> Result<bool, Error> {
    Ok(first(database, collection, doc! {}).await?.is_none())
}

/// The first document that matches, or an empty one for a reply that cannot be read: that is not
/// taken for nothing.
pub(super) async fn first(
    database: &Database,
    collection: &str,
    filter: Document,
) -> Result<Option<Document>, Error> {
    let find = doc! { "find": collection, "filter": filter, "limit": 1, "singleBatch": true };
    let primary = SelectionCriteria::ReadPreference(ReadPreference::Primary);
    let reply = database
        .run_command(find)
        .selection_criteria(primary)
        .await?;
    let Some(found) = first_batch(&reply) else {
        return Ok(Some(Document::new()));
    };
    let document = |document: &Bson| document.as_document().cloned().unwrap_or_default();
    Ok(found.first().map(document))
}
