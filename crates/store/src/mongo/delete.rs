//! Removing documents, durably.

use super::error::is_unauthorized;
use super::insert::early_deadline_millis;
use crate::StoreError;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use std::time::Duration;

/// Removes all that these conditions find; how many there were.
pub(super) async fn delete(
    database: &Database,
    collection: &str,
    which: Document,
    left: Duration,
) -> Result<u64, StoreError> {
    let command = doc! {
        "delete": collection,
        "deletes": [{ "q": which, "limit": 0 }],
        "writeConcern": { "w": "majority", "j": true, "wtimeout": early_deadline_millis(left) },
        "maxTimeMS": early_deadline_millis(left),
    };
    let reply = match database.run_command(command).await {
        Ok(reply) => reply,
        // Not the store's failure: it takes batches all the same.
        Err(error) if is_unauthorized(&error) => {
            let reason = format!("the user may not remove from {collection}: {error}");
            return Err(StoreError::Rejected(reason));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(reason) = refusal(&reply) {
        return Err(StoreError::Unavailable(reason));
    }
    Ok(u64::try_from(reply.get_i32("n").unwrap_or_default()).unwrap_or_default())
}

/// Why not all was written.
pub(super) fn refusal(reply: &Document) -> Option<String> {
    let first = reply
        .get_array("writeErrors")
        .ok()
        .and_then(|errors| errors.first()?.as_document());
    let error = first.or_else(|| reply.get_document("writeConcernError").ok())?;
    Some(
        error
            .get_str("errmsg")
            .unwrap_or("no reason given")
            .to_owned(),
    )
}
