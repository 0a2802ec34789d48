use super::*;
use proptest::prelude::*;
use record::id::{BatchId, KeyDigest};
use std::collections::BTreeSet;

fn time(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}

fn origin(key: Option<KeyDigest>) -> BatchOrigin {
    BatchOrigin {
        id: BatchId::from_bytes([1; 8]),
        key,
        content_key: false,
        received_at: time(7),
    }
}

fn incoming<'a>(origin: &'a BatchOrigin, positions: &'a [u32], seq: u64) -> Incoming<'a> {
    Incoming {
        origin,
        delay: Some(5),
        positions,
        old: None,
        refused: false,
        spool: 1,
        seq,
    }
}

#[test]
fn a_retry_has_the_delay_and_the_time_of_receipt_of_the_first_copy() {
    let first = origin(Some(KeyDigest::of("key")));
    let row = plan(None, &incoming(&first, &[0, 1], 3), time(10)).row;
    let again = BatchOrigin {
        received_at: time(99),
        ..first
    };
    let delayed = Incoming {
        delay: Some(6),
        ..incoming(&again, &[0, 1, 2], 9)
    };
    let planned = plan(Some(&row), &delayed, time(100));
    assert_eq!(planned.is_new, [false, false, true]);
    let row = planned.row;
    assert_eq!((row.delay, row.received_at), (Some(5), time(7)));
    assert_eq!((row.seq, row.written_at), (9, time(100)));
}

#[test]
fn a_copy_of_which_the_receipt_was_asked_for_is_in_its_spool() {
    let origin = origin(Some(KeyDigest::of("key")));
    let asked = plan(None, &incoming(&origin, &[], 0), time(10)).row;
    let elsewhere = Incoming {
        spool: 2,
        ..incoming(&origin, &[0], 4)
    };
    let row = plan(Some(&asked), &elsewhere, time(11)).row;
    assert_eq!((row.spool, row.seq, row.elsewhere), (2, 4, true));
    let here = plan(Some(&asked), &incoming(&origin, &[0], 4), time(11)).row;
    assert_eq!((here.spool, here.seq, here.elsewhere), (1, 4, false));
}

#[test]
fn records_that_are_known_by_their_places_are_stored_once_in_whatever_requests_they_come() {
    let first = origin(Some(KeyDigest::of_places(0)));
    let second = BatchOrigin {
        received_at: time(7_000),
        ..first
    };
    assert_eq!(first.ledger_key(), second.ledger_key());
    let of_another_run = origin(Some(KeyDigest::of_places(1)));
    assert_ne!(first.ledger_key(), of_another_run.ledger_key());
    let row = plan(None, &incoming(&first, &[3, 4, 5], 1), time(10)).row;
    let planned = plan(Some(&row), &incoming(&second, &[5, 6], 2), time(8_000));
    assert_eq!(planned.is_new, [false, true]);
    // The time of receipt is that of each request.
    assert_eq!(planned.row.received_at, time(7_000));
    assert_eq!(planned.row.kind, BatchKind::OwnKey);
}

#[test]
fn what_was_stored_before_the_move_is_not_new_and_what_is_new_is_told() {
    let origin = origin(Some(KeyDigest::of("key")));
    let old = OldBatch {
        received_at: Some(time(3)),
        have: Have::from_iter([0, 2]),
    };
    let known = Incoming {
        old: Some(&old),
        ..incoming(&origin, &[0, 1, 2, 3, 1], 3)
    };
    let planned = plan(None, &known, time(10));
    assert_eq!(planned.is_new, [false, true, false, true, false]);
    assert_eq!(planned.added, Have::from_iter([1, 3]));
    // A row that is made anew has the time of receipt of before, whatever makes it.
    assert_eq!(planned.row.received_at, time(3));
    assert_eq!(marked(None, &known, time(10)).received_at, time(3));
    // And then the row knows it as well.
    for old in [Some(&old), None] {
        let again = plan(Some(&planned.row), &Incoming { old, ..known }, time(11));
        assert!(again.added.is_empty() && !again.is_new.contains(&true));
    }
}

#[test]
fn the_row_tells_of_the_newest_copy_also_when_nothing_was_new() {
    let origin = origin(None);
    let row = plan(None, &incoming(&origin, &[0], 3), time(10)).row;
    let planned = plan(Some(&row), &incoming(&origin, &[0], 8), time(11));
    assert_eq!((planned.is_new, planned.row.seq), (vec![false], 8));
    // An older one is delivered again.
    let planned = plan(Some(&planned.row), &incoming(&origin, &[0], 3), time(5));
    assert_eq!((planned.row.seq, planned.row.written_at), (8, time(11)));
    assert!(!planned.row.elsewhere);
    let elsewhere = Incoming {
        spool: 2,
        ..incoming(&origin, &[0], 1)
    };
    let row = plan(Some(&planned.row), &elsewhere, time(12)).row;
    assert_eq!((row.spool, row.seq, row.elsewhere), (2, 1, true));
}

#[test]
fn what_is_set_aside_is_marked_and_not_there() {
    let origin = origin(None);
    let refused = Incoming {
        refused: true,
        ..incoming(&origin, &[0, 2], 3)
    };
    let row = plan(None, &refused, time(10)).row;
    assert!(row.mark && !row.have.contains(1));
    // It stays marked when the rest comes again.
    assert!(
        plan(Some(&row), &incoming(&origin, &[0], 4), time(11))
            .row
            .mark
    );
    let row = marked(None, &incoming(&origin, &[], 3), time(10));
    assert!(row.mark && row.have.is_empty());
}

#[test]
fn a_batch_is_remembered_by_its_key_or_by_its_receipt() {
    let (keyed, keyless) = (origin(Some(KeyDigest::of("key"))), origin(None));
    let later = |origin: BatchOrigin| BatchOrigin {
        received_at: time(8),
        ..origin
    };
    assert_eq!(keyed.ledger_key(), later(keyed).ledger_key());
    assert_ne!(keyless.ledger_key(), later(keyless).ledger_key());
    assert_ne!(keyed.ledger_key(), keyless.ledger_key());
    let kinds = [keyless, keyed].map(|origin| BatchKind::from(&origin));
    assert_eq!(kinds, [BatchKind::Keyless, BatchKind::OwnKey]);
    let content = BatchOrigin {
        content_key: true,
        ..keyed
    };
    assert_eq!(BatchKind::from(&content), BatchKind::ContentKey);
}

#[test]
fn flags_are_read_as_they_were_written_and_unknown_ones_are_refused() {
    let origin = origin(None);
    let mut row = plan(None, &incoming(&origin, &[], 1), time(1)).row;
    let kinds = [BatchKind::Keyless, BatchKind::ContentKey, BatchKind::OwnKey];
    let mut known = BTreeSet::new();
    for kind in kinds {
        for (mark, elsewhere) in [(false, false), (true, false), (false, true), (true, true)] {
            (row.kind, row.mark, row.elsewhere) = (kind, mark, elsewhere);
            let flags = row.flags();
            assert_eq!(BatchRow::of_flags(flags), Some((kind, mark, elsewhere)));
            known.insert(flags);
        }
    }
    let unknown = (0..=u8::MAX).filter(|flags| !known.contains(flags));
    assert_eq!(known.len(), 12);
    assert!(unknown.map(BatchRow::of_flags).all(|parts| parts.is_none()));
}

proptest! {
    #[test]
    fn each_position_is_new_once(copies in prop::collection::vec(
        prop::collection::vec(0_u32..40, 0..30), 1..6
    )) {
        let origin = origin(None);
        let (mut row, mut stored) = (None, BTreeSet::new());
        for (seq, positions) in (1..).zip(&copies) {
            let planned = plan(row.as_ref(), &incoming(&origin, positions, seq), time(1));
            prop_assert_eq!(planned.is_new.len(), positions.len());
            for (position, is_new) in positions.iter().zip(planned.is_new) {
                prop_assert_eq!(is_new, stored.insert(*position));
            }
            prop_assert!(planned.row.have.runs().flatten().eq(stored.iter().copied()));
            row = Some(planned.row);
        }
    }
}
