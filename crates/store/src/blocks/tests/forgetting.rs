//! Rows of the ledger that go, and spools that come and go.

use super::*;
use crate::blocks::ledger::have::Have;
use crate::blocks::ledger::remembering::{BatchMemory, Beginning, Removal};
use crate::blocks::marking;
use std::collections::HashSet;

/// A round of the spool that is at hand, of which all below `below` was done when it began.
fn removal(store: &Store, below: u64, kept: &[BatchOrigin]) -> Removal {
    let beginning = Beginning {
        spool: store.file.spool(),
        done_below: below,
        now: store.clock.now(),
        last_left_at: store.file.last_left_at(),
        memory: BatchMemory {
            own_keys: None,
            under_way: Duration::ZERO,
        },
    };
    let kept: HashSet<_> = kept.iter().map(BatchOrigin::ledger_key).collect();
    let round = beginning.letters(kept).up_to(below);
    round.go_on(below).unwrap()
}

fn origin(number: u8) -> BatchOrigin {
    BatchOrigin {
        id: BatchId::from_bytes([number; 8]),
        key: None,
        content_key: false,
        received_at: Timestamp::from_nanos(i64::from(number)),
    }
}

/// Stores one record of a batch.
fn put(store: &Store, number: u8, seq: u64) -> InsertReport {
    let origin = origin(number);
    let time = Timestamp::from_nanos(START);
    let mut builder = BatchBuilder::new(origin.id, None, origin.received_at, usize::MAX);
    builder.record(Some(time), None, "text", |_| Ok(()));
    let documents = builder.finish().0.documents;
    let list = DocumentList::of_batches(vec![(documents, Source { origin, seq })]);
    let portion = Portion::read(&list, 0..1);
    portion
        .store(&store.file, &*store.clock, PATIENCE)
        .unwrap()
        .0
}

#[test]
fn rows_go_in_steps_and_with_them_what_the_spool_is_told_at_a_start() {
    let store = Store::new();
    let first = store.file.meet_spool([1; 16]).unwrap();
    assert_eq!((first.number, first.forgotten_below), (1, 0));
    for number in 0..10 {
        assert_eq!(put(&store, number, 1 + u64::from(number)).stored, 1);
    }
    let kept = origin(3);
    let has_letters = |key: &[u8; 16]| *key == origin(4).ledger_key();
    let removal = removal(&store, 9, &[kept]);
    let (mut behind, mut removed, mut steps) = (None, 0, 0);
    loop {
        let step = store
            .file
            .forget(&removal, behind, 3, &has_letters)
            .unwrap();
        removed += step.removed;
        steps += 1;
        behind = step.next;
        if behind.is_none() {
            break;
        }
    }
    // All but the two with dead letters and the two that were not done.
    assert_eq!((removed, steps), (6, 4));
    for number in 0..10 {
        let stays = [3, 4, 8, 9].contains(&number);
        let report = put(&store, number, 20);
        assert_eq!(report.already_stored.len(), usize::from(stays), "{number}");
    }
    let again = store.file.meet_spool([1; 16]).unwrap();
    assert_eq!((again.number, again.forgotten_below), (1, 9));
}

#[test]
fn rows_of_a_spool_that_is_away_stay() {
    let store = Store::new();
    store.file.meet_spool([1; 16]).unwrap();
    put(&store, 1, 5);
    let other = store.file.meet_spool([2; 16]).unwrap();
    assert_eq!((other.number, other.forgotten_below), (2, 0));
    put(&store, 2, 5);
    let step = store
        .file
        .forget(&removal(&store, 9, &[]), None, 100, &|_| false);
    assert_eq!(step.unwrap().removed, 1);
    assert_eq!(store.file.meet_spool([1; 16]).unwrap().number, 1);
    assert_eq!(put(&store, 1, 5).already_stored, [0]);
    let step = store
        .file
        .forget(&removal(&store, 9, &[]), None, 100, &|_| false);
    assert_eq!(step.unwrap().removed, 1);
}

#[test]
fn a_batch_of_which_a_record_is_about_to_be_kept_elsewhere_is_not_forgotten_when_it_is_done() {
    let store = Store::new();
    store.file.meet_spool([1; 16]).unwrap();
    let mut door = Door::new();
    let mark = |list: &DocumentList, positions: &[usize]| {
        let deadline = store.clock.elapsed() + PATIENCE;
        marking::note(
            marking::Noted::SetAside,
            &store.file,
            &*store.clock,
            (list, positions),
            deadline,
        )
        .unwrap();
    };
    let row = |list: &DocumentList| {
        let (source, _) = list.by_batch(0..1).next().unwrap();
        let key = source.unwrap().origin.ledger_key();
        store.file.rows(&[key]).unwrap().remove(0)
    };
    // Of one nothing is stored, of the other a part.
    let (none, part) = (
        door.batch("none", false, &series(0, 3, 1)),
        door.batch("part", false, &series(0, 3, 1)),
    );
    assert_eq!(store.try_insert(&part, 0..2).unwrap().stored, 2);
    mark(&none, &[0, 2]);
    mark(&part, &[2]);
    let marked = row(&none).unwrap();
    assert!(marked.mark && marked.have == Have::new());
    assert!(row(&part).unwrap().mark);

    // It is written once.
    mark(&none, &[0]);
    assert_eq!(row(&none).unwrap(), marked);
    let forgotten = removal(&store, 9, &[]);
    let step = store.file.forget(&forgotten, None, 100, &|_| false);
    assert_eq!(step.unwrap().removed, 0);
    // What comes back of it is stored, and the rest is there already.
    assert_eq!(store.insert(&none), (3, vec![]));
    assert_eq!(store.insert(&part), (1, vec![0, 1]));
}

#[test]
fn each_batch_of_the_documents_is_marked() {
    let store = Store::new();
    store.file.meet_spool([1; 16]).unwrap();
    let origins: Vec<BatchOrigin> = (0..5).map(origin).collect();
    let batches = origins.iter().map(|origin| {
        let mut builder = BatchBuilder::new(origin.id, None, origin.received_at, usize::MAX);
        for text in ["a", "b"] {
            builder.record(Some(Timestamp::from_nanos(START)), None, text, |_| Ok(()));
        }
        let source = Source {
            origin: *origin,
            seq: 1,
        };
        (builder.finish().0.documents, source)
    });
    let list = DocumentList::of_batches(batches.collect());
    let positions: Vec<usize> = (0..list.len()).collect();
    let deadline = store.clock.elapsed() + PATIENCE;
    let refused = (&list, &positions[..]);
    marking::note(
        marking::Noted::SetAside,
        &store.file,
        &*store.clock,
        refused,
        deadline,
    )
    .unwrap();
    let keys: Vec<_> = origins.iter().map(BatchOrigin::ledger_key).collect();
    let rows = store.file.rows(&keys).unwrap();
    assert!(
        rows.iter()
            .all(|row| row.as_ref().is_some_and(|row| row.mark))
    );
}
