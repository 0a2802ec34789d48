//! What stands in a reply of the server.

use mongodb::bson::{Bson, Document};

/// The documents that a command with a cursor gives at first; `None` when the reply cannot be read.
pub(super) fn first_batch(reply: &Document) -> Option<&[Bson]> {
    let cursor = reply.get_document("cursor").ok()?;
    cursor.get_array("firstBatch").ok().map(Vec::as_slice)
}

/// A count or a size, whatever kind of number the server makes of it.
pub(super) fn number(document: &Document, name: &str) -> Option<u64> {
    match document.get(name)? {
        Bson::Int32(number) => u64::try_from(*number).ok(),
        Bson::Int64(number) => u64::try_from(*number).ok(),
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a size, and no negative one"
        )]
        Bson::Double(number) => Some(*number as u64),
        _ => None,
    }
}
