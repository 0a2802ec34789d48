//! Every record of a batch has its order, and a retry has the same one where it must.

use super::*;
use crate::batch::tests::builder;
use crate::id::{BatchId, IdFormat, RecordId};
use crate::order::SendOrder;

const SECOND: i64 = 1_000_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(second * SECOND)
}

fn ids(batch: &Batch) -> Vec<RecordId> {
    let documents = batch.documents.slices(0..batch.documents.len());
    let ids = documents.map(|document| document::encoded_id(document).unwrap());
    ids.collect()
}

/// A batch of records with these times, in seconds; `None` for those without one.
fn taken(times: &[Option<i64>]) -> Batch {
    let mut batch = builder();
    for time in times {
        batch.record(time.map(at), None, "", |_| Ok(()));
    }
    batch.take(&mut Taken::default());
    batch.finish().0
}

#[test]
fn reach_is_reckoned_with_the_greatest_time_that_was_sent_wherever_it_stands() {
    let batch = taken(&[Some(3), Some(9), None, Some(4)]);
    let order = Taken::default().next(at(9), batch.received_at);
    let expected = [Some(3), Some(9), None, Some(4)].map(|time| order.of(time.map(at)));
    let orders: Vec<_> = ids(&batch).iter().map(RecordId::order).collect();
    assert_eq!(orders, expected);
}

#[test]
fn a_time_that_was_read_in_vain_does_not_count() {
    let mut batch = builder();
    batch.record(Some(at(1)), None, "", |_| Ok(()));
    let mark = batch.mark();
    batch.record(Some(at(9)), None, "", |_| Ok(()));
    batch.rewind(&mark);
    let batch = batch.finish().0;
    let reach = ids(&batch)[0].order().without_delay();
    assert_eq!(reach, BatchOrder::without_delay(at(1)).of(Some(at(1))));
}

#[test]
fn what_is_too_large_has_the_order_of_its_batch() {
    let mut batch = builder();
    batch.keep_too_large();
    let large = "x".repeat(crate::fault::MAX_DOCUMENT_BYTES);
    batch.record(Some(at(1)), None, &large, |_| Ok(()));
    batch.record(Some(at(3)), None, "", |_| Ok(()));
    let large = batch.take_too_large().remove(0);
    let order = document::encoded_id(&large.document).unwrap().order();
    let greatest = BatchOrder::without_delay(at(3));
    assert_eq!(order.without_delay(), greatest.of(Some(at(1))));
}

#[test]
fn a_batch_that_an_earlier_version_took_gets_the_order_that_its_retry_has_now() {
    let times = [Some(3), None, Some(9), Some(4)];
    let now = taken(&times);
    let mut plain = Vec::new();
    for document in now.documents.slices(0..times.len()) {
        document::write_as(&mut plain, document, IdFormat::Plain, false);
    }
    let (key, undated) = (now.key().copied(), now.undated().to_vec());
    let mut old = Batch::from_parts(now.id, key, now.received_at, &plain, undated).unwrap();
    assert!(ids(&old).iter().all(|id| id.to_string().len() == 40));
    old.order_unordered();
    let stored = |batch: &Batch| {
        let documents = batch.documents.slices(0..times.len());
        let mut bytes = Vec::new();
        documents.for_each(|one| document::write_as(&mut bytes, one, IdFormat::Ordered, true));
        bytes
    };
    assert_eq!(stored(&old), stored(&now));
    let once = old.documents.encoded().to_vec();
    old.order_unordered();
    assert_eq!(old.documents.encoded(), once);
}

#[test]
fn a_record_that_has_an_order_keeps_it_beside_one_that_an_earlier_version_took() {
    let now = taken(&[Some(3), Some(9)]);
    let mut mixed = Vec::new();
    for (position, document) in now.documents.slices(0..2).enumerate() {
        match position {
            0 => mixed.extend_from_slice(document),
            _ => document::write_as(&mut mixed, document, IdFormat::Plain, false),
        }
    }
    let mut batch = Batch::from_parts(now.id, None, now.received_at, &mixed, vec![]).unwrap();
    batch.order_unordered();
    let (before, after) = (ids(&now), ids(&batch));
    assert_eq!(before[0], after[0]);
    assert_eq!(before[1].order().without_delay(), after[1].order());
}

#[test]
fn dating_a_batch_leaves_its_order_as_it_is() {
    let mut batch = taken(&[Some(3), None, Some(9)]);
    let before: Vec<_> = ids(&batch).iter().map(RecordId::order).collect();
    batch.date(at(1_000));
    let after: Vec<_> = ids(&batch).iter().map(RecordId::order).collect();
    assert_eq!((before, ids(&batch)[1].time()), (after, at(1_000)));
}

/// By which a journal is stored once, although it is cut elsewhere the second time.
#[test]
fn records_that_say_their_places_have_the_same_ids_in_whatever_batch_they_come() {
    let of = |now, records: &[(u32, i64)]| {
        let id = BatchId::from_bytes([7; 8]);
        let mut batch = BatchBuilder::new(id, None, at(now), usize::MAX).with_places();
        for (place, time) in records {
            batch.place(*place);
            batch.record(Some(at(*time)), None, "text", |_| Ok(()));
        }
        batch.take(&mut Taken::default());
        ids(&batch.finish().0)
    };
    let whole = of(100, &[(3, 5), (4, 5), (u32::MAX, 9)]);
    let parts = [of(200, &[(3, 5)]), of(300, &[(4, 5), (u32::MAX, 9)])].concat();
    assert_eq!(whole, parts);
    let told: Vec<_> = whole.iter().map(|id| (id.position(), id.order())).collect();
    assert_eq!(told, [3, 4, u32::MAX].map(|place| (place, SendOrder::NONE)));
}
