//! What a start remembers of the batches that are in the spool: their keys, and that they wait.

use crate::accounting::batch_status::BatchStatuses;
use crate::ingest::idempotency::Keys;
use spool::{ScannedBatch, Spool};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Segments that are gone over before the first request is served. After a kill the newest one holds
/// a single commit; the one before it holds what clients are most likely to send again.
const AT_ONCE: usize = 2;

/// Remembers the newest batches, and goes on with older ones in the background, until it is stopped
/// or nothing more is remembered. A key that is not remembered yet is written again, as a no-op.
pub(crate) fn start(spool: Spool, stop: CancellationToken) -> (Arc<Keys>, Arc<BatchStatuses>) {
    let remembered = (Arc::<Keys>::default(), Arc::<BatchStatuses>::default());
    let (keys, statuses) = remembered.clone();
    let mut back = spool.scan_back();
    for _ in 0..AT_ONCE {
        if let Some(batches) = back.segment() {
            remember(&batches, &spool, &keys, &statuses);
        }
    }
    if !back.has_more() {
        return remembered;
    }
    tokio::task::spawn_blocking(move || {
        while !stop.is_cancelled()
            && let Some(batches) = back.segment()
        {
            if !remember(&batches, &spool, &keys, &statuses) {
                break;
            }
        }
    });
    remembered
}

/// Whether any of them had room.
fn remember(
    batches: &[ScannedBatch],
    spool: &Spool,
    keys: &Keys,
    statuses: &BatchStatuses,
) -> bool {
    let mut room = batches.is_empty();
    for ScannedBatch { seq, head } in batches {
        if let Some(key) = head.key {
            room |= keys.recovered(key, head.id);
        }
        // Of those that are done it is not known what the store took of them.
        let (waits, records) = (|| spool.waits(*seq), head.records as usize);
        room |= statuses.recovered(head.id, head.received_at, records, waits);
    }
    room
}
