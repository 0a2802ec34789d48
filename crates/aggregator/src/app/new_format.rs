//! Which format the ids of a new collection get: what `DATA_DIR` holds decides it.
//!
//! Of a part of a batch that an earlier version took, the order of a retry is not known: only without an order it
//! gets the same ids.

use crate::deliver::dead_letters::DeadLetters;
use record::id::IdFormat;
use spool::Spool;
use std::sync::Arc;
use store::mongo::NewFormat;

/// For whoever makes a collection, whenever that is.
pub(super) fn of(spool: Spool, dead_letters: Arc<DeadLetters>) -> NewFormat {
    Arc::new(move || {
        // What is on its way between them is in both, but may go either way between two looks.
        let aside = dead_letters.holds_earlier();
        match aside || spool.holds_earlier() || dead_letters.holds_earlier() {
            true => IdFormat::Plain,
            false => IdFormat::Ordered,
        }
    })
}
