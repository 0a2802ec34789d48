//! What a start remembers of the batches that are in the spool: their keys, and that they wait. Of a spool that was at rest there
//! are none: then it is the store that knows what comes again.

use crate::accounting::batch_status::BatchStatuses;
use crate::ingest::idempotency::KnownKeys;
use record::id::KeyDigest;
use spool::{ScannedBatch, Spool};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Segments that are gone over before the first request is served. After a kill the newest one holds
/// a single commit; the one before it holds what clients are most likely to send again.
const AT_ONCE: usize = 2;

/// Remembers the newest batches, and goes on with older ones in the background, until it is stopped
/// or nothing more is remembered. A key that is not remembered yet is written again, as a no-op.
pub(crate) fn start(spool: Spool, stop: CancellationToken) -> (KnownKeys, Arc<BatchStatuses>) {
    let remembered = (KnownKeys::default(), Arc::<BatchStatuses>::default());
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
    keys: &KnownKeys,
    statuses: &BatchStatuses,
) -> bool {
    let mut room = batches.is_empty();
    for ScannedBatch { seq, head } in batches {
        if let Some(key) = head.key.and_then(KeyDigest::of_request) {
            room |= keys.of(head.content_key).recovered(key, head.id);
        }
        // Of those that are done it is not known what the store took of them, and a deferred copy holds
        // what is left of one.
        let waits = || !head.deferred && spool.waits(*seq);
        let records = head.records as usize;
        room |= statuses.recovered(head.id, head.received_at, records, waits);
    }
    room
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::record_counts::Accounting;
    use logs::Timestamp;
    use logs::clock::SystemClock;
    use record::batch::{Batch, BatchBuilder};
    use record::id::{BatchId, KeyDigest};
    use spool::disk::Folder;
    use spool::{BatchOutcome, Bounds, SpoolOptions};
    use std::path::Path;

    fn spool(folder: &Path) -> Spool {
        let options = SpoolOptions {
            disk: Arc::new(Folder::create(folder).unwrap()),
            bounds: Bounds {
                max_bytes: 1 << 20,
                min_free_disk: 0,
                segment_bytes: 1 << 16,
            },
            clock: Arc::new(SystemClock::start()),
            accounts: Arc::<Accounting>::default(),
            id: [0; 16],
            forgotten_below: 0,
            earlier: false,
        };
        spool::open(options, false).unwrap().0
    }

    fn batch(records: usize) -> Batch {
        let (id, key) = (BatchId::keyed("key", b"body"), KeyDigest::of("key"));
        let time = Timestamp::from_nanos(1);
        let mut builder = BatchBuilder::new(id, Some(key), time, usize::MAX);
        for _ in 0..records {
            builder.record(Some(time), None, "text", |_| Ok(()));
        }
        builder.finish().0
    }

    #[tokio::test]
    async fn what_was_put_off_of_a_batch_is_not_taken_for_all_of_it_after_a_restart() {
        for done in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let before = spool(folder.path());
            let seq = before.append(batch(3), ()).await.unwrap();
            before.append(batch(1).deferred(), ()).await.unwrap();
            if done {
                before.done(seq, 1, BatchOutcome::default());
                before.tidy().unwrap();
            }
            drop(before);
            let (_, statuses) = start(spool(folder.path()), CancellationToken::new());
            let known = statuses.of(batch(3).id).map(|status| status.records);
            assert_eq!(known, (!done).then_some(3));
        }
    }
}
