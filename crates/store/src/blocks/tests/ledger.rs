//! A record is stored once, whatever is sent again and however it is cut.

use super::*;
use crate::blocks::ledger::old_batches::OldBatch;
use crate::blocks::ledger::row::{BatchRow, LedgerKey};
use crate::blocks::storage::{Applied, Change, Readable, Snapshot};
use std::sync::Mutex;

#[test]
fn a_batch_that_comes_again_under_its_key_is_stored_once_with_its_first_order() {
    let (store, mut door) = (Store::new(), Door::new());
    let samples = series(0, 100, 0);
    let first = door.batch("key", true, &samples);
    assert_eq!(store.insert(&first), (100, vec![]));
    let before = store.all();
    let again = door.batch("key", true, &samples);
    assert_eq!(store.insert(&again), (0, (0..100).collect()));
    assert_eq!(store.again().all(), before);
}

#[test]
fn parts_of_a_batch_that_come_at_different_times_have_one_order() {
    let (store, mut door) = (Store::new(), Door::new());
    let samples = series(0, 90, 0);
    let first = door.batch("key", true, &samples);
    assert_eq!(store.try_insert(&first, 0..30).unwrap().stored, 30);
    let other = door.batch("other", true, &series(0, 5, 0));
    store.insert(&other);
    let again = door.batch("key", true, &samples);
    let report = store.try_insert(&again, 20..90).unwrap();
    assert_eq!(
        (report.stored, report.already_stored),
        (60, (20..30).collect())
    );
    let messages: Vec<String> = store.all().into_iter().map(|row| row.2).collect();
    let numbers = (0..90).chain(0..5);
    let expected: Vec<String> = numbers
        .map(|number| format!("message {number} of {}", number % 7))
        .collect();
    assert_eq!(messages, expected, "the first request's records come first");
}

#[test]
fn requests_of_one_time_come_back_in_the_order_in_which_they_were_sent() {
    for has_key in [false, true] {
        let (store, mut door) = (Store::new(), Door::new());
        for step in 0..12 {
            let batch = door.batch(&format!("{has_key} {step}"), has_key, &[(0, step)]);
            assert_eq!(store.insert(&batch), (1, vec![]));
        }
        let numbers: Vec<String> = store.all().into_iter().map(|row| row.2).collect();
        let expected = (0..12).map(|step| format!("message {step} of {}", step % 7));
        assert_eq!(numbers, expected.collect::<Vec<_>>());
        merge_all(&store.file);
        assert_eq!(store.blocks().len(), 1);
        let merged: Vec<String> = store.all().into_iter().map(|row| row.2).collect();
        assert_eq!(merged, numbers);
    }
}

/// Rows as they were before the last portion, once.
struct Stale<'a> {
    file: &'a BlockFile,
    rows: Mutex<Option<Vec<Option<BatchRow>>>>,
}

impl Storage for Stale<'static> {
    fn old(&self, batches: &[BatchOrigin]) -> Result<Vec<Option<OldBatch>>, StoreError> {
        self.file.old(batches)
    }

    fn spool(&self) -> u32 {
        0
    }

    fn apply(&self, change: &Change, deadline: Duration) -> Result<Applied, StoreError> {
        self.file.apply(change, deadline)
    }

    fn rows(&self, keys: &[LedgerKey]) -> Result<Vec<Option<BatchRow>>, StoreError> {
        match self.rows.lock().unwrap().take() {
            Some(rows) => Ok(rows),
            None => self.file.rows(keys),
        }
    }
}

impl Readable for Stale<'static> {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        self.file.read()
    }
}

#[test]
fn a_portion_is_built_anew_when_another_has_stored_some_of_its_batch_meanwhile() {
    let (store, mut door) = (Store::new(), Door::new());
    let batch = door.batch("key", true, &series(0, 50, 1_000));
    store.try_insert(&batch, 0..20).unwrap();
    let file: &'static BlockFile = Box::leak(Box::new(store.file));
    let stale = Stale {
        file,
        rows: Mutex::new(Some(vec![None])),
    };
    let deadline = store.clock.elapsed() + PATIENCE;
    let portion = Portion::read(&batch, 10..50);
    let (report, _) = portion.store(&stale, &*store.clock, deadline).unwrap();
    assert_eq!(
        (report.stored, report.already_stored),
        (30, (10..20).collect())
    );
}
