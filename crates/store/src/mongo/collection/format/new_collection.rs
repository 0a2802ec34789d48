//! What an operator is told of a new collection that was to get ids without an order.

use record::id::IdFormat;

/// Tells how its ids were `marked`.
pub(super) fn tell(logs: &str, marked: IdFormat) {
    match marked {
        IdFormat::Plain => tracing::info!(
            "the new collection {logs} gets ids of format 1 for good, because this service still holds records that an \
             earlier version took; the guide's chapter on MongoDB says more"
        ),
        IdFormat::Ordered => tracing::warn!(
            "another aggregator has given the new collection {logs} ids of format 2, and this service still holds records \
             that an earlier version took: of batches with a key, some of them may be stored twice"
        ),
    }
}
