//! What is known of batches after a move.

use super::*;

#[tokio::test]
async fn what_comes_again_under_its_key_is_there_and_what_was_not_stored_of_it_is_taken_once() {
    let (folder, mut store, rows) = moved().await;
    let later = Timestamp::from_nanos(MOVED_AT + DAY);
    for round in 0..3_u64 {
        let again = batch("keyed", true, later, 310).documents();
        let report = insert(&store, again).await;
        let new = if round == 0 { 10 } else { 0 };
        assert_eq!(
            (report.stored, report.already_stored.len() as u64),
            (new, 310 - new)
        );
        if round == 1 {
            drop(store);
            store = open(folder.path(), None).unwrap();
        }
    }
    assert_eq!(all(&store).await.0.len(), rows.len() + 10);
    // Another batch that is new, and one without a key that has the name of one of before.
    for (name, is_keyed) in [("another", true), ("keyless", false)] {
        let new = batch(name, is_keyed, later, 60).documents();
        assert_eq!(insert(&store, new).await.stored, 60, "{name}");
    }
}

#[tokio::test]
async fn a_retry_is_dated_as_it_was_before_the_move() {
    let (_folder, store, _) = moved().await;
    let later = Timestamp::from_nanos(MOVED_AT + DAY);
    let asked = ["undated", "keyed", "new"].map(|name| batch(name, true, later, 0).origin);
    for _ in 0..2 {
        let times = store.receipts(asked.to_vec(), PATIENCE).await.unwrap();
        assert_eq!(times, [RECEIVED, RECEIVED, later]);
    }
}

#[tokio::test]
async fn a_dead_letter_of_before_and_a_retry_of_its_batch_are_stored_once_between_them() {
    let (_folder, store, _) = moved().await;
    let later = Timestamp::from_nanos(MOVED_AT + DAY);
    // One that an earlier version kept says nothing of its key.
    let alone = batch("lettered", false, Timestamp::from_nanos(MOVED_AT - DAY), 3);
    let retry = batch("lettered", true, later, 5);
    assert_eq!(insert(&store, alone.documents()).await.stored, 3);
    let report = insert(&store, retry.documents()).await;
    assert_eq!((report.stored, report.already_stored), (2, vec![0, 1, 2]));
    let report = insert(&store, alone.documents()).await;
    assert_eq!((report.stored, report.already_stored), (0, vec![0, 1, 2]));
    // Of one that was stored before, and kept as well.
    let keyless = batch("keyless", false, RECEIVED, 61);
    assert_eq!(insert(&store, keyless.documents()).await.stored, 1);
    // Both in one portion.
    let [alone, retry] = [(false, 6), (true, 7)].map(|(is_keyed, count)| {
        let received_at = if is_keyed { later } else { RECEIVED };
        batch("lettered", is_keyed, received_at, count)
    });
    let both = [alone, retry].map(|batch| {
        let list = batch.documents();
        let bytes: Vec<u8> = list.slices(0..list.len()).flatten().copied().collect();
        let documents = record::documents::Documents::from_encoded(bytes).unwrap();
        let source = Source {
            origin: batch.origin,
            seq: 2,
        };
        (documents, source)
    });
    let report = insert(&store, DocumentList::of_batches(both.into())).await;
    assert_eq!((report.stored, report.already_stored.len()), (2, 11));
}

#[tokio::test]
async fn an_old_copy_of_the_spool_is_not_delivered_below_what_was_moved() {
    let (folder, store, _) = moved().await;
    drop(store);
    let opened = layout::open(folder.path(), None, clock(), SETTINGS, SPOOL).unwrap();
    assert_eq!(opened.forgotten_below, 9);
    drop(opened);
    let other = SpoolAtHand {
        id: [8; 16],
        ..SPOOL
    };
    let opened = layout::open(folder.path(), None, clock(), SETTINGS, other).unwrap();
    assert_eq!(opened.forgotten_below, 0);
}

/// Each a batch of its own, under a key.
const ALONE: u32 = 300;

#[tokio::test]
async fn batches_of_one_record_are_known_each_whatever_part_of_them_was_put_together_before_a_kill()
{
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let store = open(path, Some(layout::Layout::Rows)).unwrap();
    let alone = |number: u32, received_at| batch(&format!("alone {number}"), true, received_at, 1);
    for number in 0..ALONE {
        insert(&store, alone(number, RECEIVED).documents()).await;
    }
    store.close().await;
    drop(store);
    begin(path, &beginning()).unwrap();
    let mut states = Vec::new();
    move_rows(path, 0, &mut |progress| {
        if progress.work == Work::Batches && progress.done % 50 == 0 {
            states.push(copy_of(path));
        }
    })
    .unwrap();
    assert!(states.len() > 1, "{}", states.len());
    states.push(folder);
    for state in states {
        if standing(state.path()).unwrap() == Standing::Moving {
            move_rows(state.path(), 0, &mut |_| {}).unwrap();
        }
        let moved = remove_rows(state.path(), &mut |_| {}).unwrap();
        assert_eq!(moved, u64::from(ALONE));
        let store = open(state.path(), None).unwrap();
        let later = Timestamp::from_nanos(MOVED_AT + DAY);
        for number in 0..ALONE {
            let report = insert(&store, alone(number, later).documents()).await;
            assert_eq!(report.already_stored, [0], "{number}");
        }
    }
}
