//! What a builder makes of records.

use super::*;

pub(super) fn builder() -> BatchBuilder {
    let id = BatchId::keyed("key", b"body");
    BatchBuilder::new(
        id,
        Some(KeyDigest::of("key")),
        Timestamp::from_nanos(5),
        usize::MAX,
    )
}

#[test]
fn a_refused_record_leaves_no_bytes_but_keeps_its_position() {
    let mut batch = builder();
    let time = Some(Timestamp::from_nanos(0));
    batch.record(time, None, "first", |_| Ok(()));
    batch.record(time, None, "second", |writer| {
        writer.integer("half", 1);
        Err(RecordFault::TooDeep)
    });
    batch.record(time, None, "third", |_| Ok(()));
    let (batch, rejects) = batch.finish();
    assert_eq!((rejects.count, rejects.listed[0].index), (1, 1));
    let last = batch.documents.slices(1..2).next().unwrap();
    let raw = bson::RawDocument::from_bytes(last).unwrap();
    let stored = document::StoredDocument::read(raw).unwrap();
    assert_eq!(stored.message, "third");
    let expected = RecordId::new(Timestamp::from_nanos(0), batch.id, 2);
    assert_eq!(stored.id.plain(), expected.plain());
}

#[test]
fn what_is_rewound_leaves_nothing_behind() {
    let mut batch = builder();
    batch.record(None, None, "kept", |_| Ok(()));
    let mark = batch.mark();
    batch.record(None, None, "forgotten", |_| Ok(()));
    batch.tell(Notice::TooDeep);
    batch.reject(RecordFault::TooLarge);
    batch.rewind(&mark);
    batch.record(None, None, "next", |_| Ok(()));
    let notices = batch.take_notices();
    let (batch, rejects) = batch.finish();
    assert_eq!((rejects.count, notices.counts.total()), (0, 0));
    assert!(rejects.listed.is_empty() && notices.listed.is_empty());
    assert_eq!(batch.undated(), [0, 1]);
    let ids = batch.documents.slices(0..9).map(document::encoded_id);
    let ids = ids.map(|id| id.unwrap().plain());
    let of = |position| RecordId::new(Timestamp::from_nanos(5), batch.id, position).plain();
    assert!(ids.eq([of(0), of(1)]));
}

#[test]
fn only_a_keyed_batch_with_an_undated_record_needs_a_receipt() {
    let mut dated = builder();
    dated.record(Some(Timestamp::from_nanos(0)), None, "", |_| Ok(()));
    assert!(!dated.finish().0.needs_receipt());
    let mut undated = builder();
    undated.record(None, None, "", |_| Ok(()));
    let mut undated = undated.finish().0;
    assert!(undated.needs_receipt());
    undated.date(Timestamp::from_nanos(77));
    let raw =
        bson::RawDocument::from_bytes(undated.documents.slices(0..1).next().unwrap()).unwrap();
    let id = document::StoredDocument::read(raw).unwrap().id;
    assert_eq!(id.time().nanos(), 77);
}
