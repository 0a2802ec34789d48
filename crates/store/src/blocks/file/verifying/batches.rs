//! Whose records a damaged block has, by what is left of its ids.

use crate::inspected::DamagedBatch;
use blocks::ids::Ids;
use logs::Timestamp;
use record::id::BatchId;
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// The batches that records are of, in the order of their first ones.
pub(super) fn batches(ids: &Ids) -> Vec<DamagedBatch> {
    const NANOS_PER_MILLI: i64 = 1_000_000;
    let mut batches: Vec<DamagedBatch> = Vec::new();
    let mut places: BTreeMap<[u8; 8], usize> = BTreeMap::new();
    for (place, id) in ids.as_slice().iter().enumerate() {
        let batch: BatchId = id.batch();
        let known = *places.entry(*batch.as_bytes()).or_insert(batches.len());
        if known == batches.len() {
            let received = ids.received(place).saturating_mul(NANOS_PER_MILLI);
            batches.push(DamagedBatch {
                batch,
                positions: Vec::new(),
                count: 0,
                first: id.time(),
                last: id.time(),
                received_at: Timestamp::from_nanos(received),
            });
        }
        if let Some(batch) = batches.get_mut(known) {
            batch.count += 1;
            batch.last = id.time();
            batch.positions.push(id.position()..=id.position());
        }
    }
    for batch in &mut batches {
        join(&mut batch.positions);
    }
    batches
}

/// Positions become the runs that they make.
fn join(positions: &mut Vec<RangeInclusive<u32>>) {
    positions.sort_unstable_by_key(|run| *run.start());
    positions.dedup_by(|next, run| {
        let joins = run.end().checked_add(1) == Some(*next.start());
        if joins {
            *run = *run.start()..=*next.end();
        }
        joins
    });
}
