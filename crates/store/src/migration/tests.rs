//! Moves of real files that are cut off after each step.

mod keys;
mod trouble;

use super::*;
use crate::blocks::BlockSettings;
use crate::layout::{LayoutError, SpoolAtHand};
use crate::page_reply::PageReply;
use crate::{InsertReport, PageLimit, Store};
use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use query::Query;
use record::batch::{BatchBuilder, BatchOrigin};
use record::documents::{DocumentList, Source};
use record::id::{BatchId, KeyDigest, RecordId};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const SETTINGS: BlockSettings = BlockSettings {
    cache_bytes: 1 << 20,
    min_free_disk: 0,
};
const ALL: PageLimit = PageLimit {
    rows: 1_000_000,
    bytes: 1 << 30,
    looked_at: 1 << 30,
    time: PATIENCE,
    record_time: PATIENCE,
};
const SPOOL: SpoolAtHand<'_> = SpoolAtHand {
    id: [7; 16],
    nameless_from: None,
    keep: &|| Ok(()),
};
const DAY: i64 = 86_400_000_000_000;
/// When all that is there before a move was received.
const RECEIVED: Timestamp = Timestamp::from_nanos(1_000 * DAY + 5);
/// When moves begin.
const MOVED_AT: i64 = 1_001 * DAY;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::start())
}

fn open(folder: &Path, wanted: Option<layout::Layout>) -> Result<Arc<dyn Store>, LayoutError> {
    layout::open(folder, wanted, clock(), SETTINGS, SPOOL).map(|opened| opened.store)
}

/// A batch with this key, or none; each record has the time of its position on one of so many days.
fn batch(name: &str, is_keyed: bool, received_at: Timestamp, positions: u32) -> BatchOfOne {
    let origin = BatchOrigin {
        id: BatchId::keyed(name, b""),
        key: is_keyed.then(|| KeyDigest::of(name)),
        content_key: false,
        received_at,
    };
    BatchOfOne { origin, positions }
}

#[derive(Clone, Copy)]
struct BatchOfOne {
    origin: BatchOrigin,
    positions: u32,
}

impl BatchOfOne {
    fn documents(self) -> DocumentList {
        let BatchOrigin {
            id,
            key,
            received_at,
            ..
        } = self.origin;
        let mut builder = BatchBuilder::new(id, key, received_at, usize::MAX);
        for number in 0..self.positions {
            let time = i64::from(number % 11) * DAY + i64::from(number);
            let level = ["INFO", "WARN", "Straße"].get(number as usize % 4);
            let length = if number % 40 == 7 { 20_000 } else { 3 };
            let message = format!("{number} {}", "é".repeat(length));
            let time = Some(Timestamp::from_nanos(time));
            builder.record(time, level.copied(), &message, |writer| {
                if number % 3 > 0 {
                    writer.integer("number", i64::from(number));
                    writer.string(["a", "b.c", "ä\""][number as usize % 3], "value\n");
                }
                Ok(())
            });
        }
        let source = Source {
            origin: self.origin,
            seq: 1,
        };
        DocumentList::of_batches(vec![(builder.finish().0.documents, source)])
    }
}

async fn insert(store: &Arc<dyn Store>, list: DocumentList) -> InsertReport {
    let length = list.len();
    let inserted = store.insert(Arc::new(list), 0..length, PATIENCE).await;
    inserted.unwrap()
}

/// All records as readers get them, and the last of their ids.
async fn all(store: &Arc<dyn Store>) -> (Vec<String>, Option<RecordId>) {
    let query = Query::default();
    let PageReply::Page(page) = store.page(&query, None, ALL, PATIENCE).await.unwrap() else {
        panic!("rows are looked at one by one");
    };
    let mut last = None;
    let rows = page.rows().map(|row| {
        let mut json = Vec::new();
        row.write_json(&mut json).unwrap();
        last = Some(row.id);
        String::from_utf8(json).unwrap()
    });
    (rows.collect(), last)
}

/// A folder with rows: 300 of a batch with a key and 60 of one without, and two markers of receipt.
async fn with_rows() -> (TempDir, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), Some(layout::Layout::Rows)).unwrap();
    for (name, is_keyed, count) in [("keyed", true, 300), ("keyless", false, 60)] {
        let batch = batch(name, is_keyed, RECEIVED, count);
        let report = insert(&store, batch.documents()).await;
        assert_eq!(report.stored, u64::from(count));
    }
    let undated = ["undated", "keyed"].map(|name| batch(name, true, RECEIVED, 0).origin);
    store.receipts(undated.to_vec(), PATIENCE).await.unwrap();
    let (rows, _) = all(&store).await;
    assert_eq!(rows.len(), 360);
    store.close().await;
    drop(store);
    (folder, rows)
}

fn beginning() -> Beginning {
    Beginning {
        spool: SPOOL.id,
        next_seq: 9,
        lettered: vec![*batch("lettered", true, RECEIVED, 0).origin.id.as_bytes()],
        before_ns: MOVED_AT,
    }
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}

/// Goes on from whatever is there, as the command does.
fn finish(folder: &Path) {
    for _ in 0..5 {
        match standing(folder).unwrap() {
            Standing::Rows => begin(folder, &beginning()).unwrap(),
            Standing::Marked => forget(folder).unwrap(),
            Standing::Moving => move_rows(folder, 0, &mut |_| {}).unwrap(),
            Standing::Moved => assert_eq!(remove_rows(folder, &mut |_| {}).unwrap(), 360),
            Standing::Empty => panic!("the records are gone"),
            Standing::Blocks { marked } => {
                assert!(marked);
                return;
            }
        }
    }
    panic!("it does not come to its end");
}

/// A store of blocks that was moved.
async fn moved() -> (TempDir, Arc<dyn Store>, Vec<String>) {
    let (folder, rows) = with_rows().await;
    finish(folder.path());
    let store = open(folder.path(), None).unwrap();
    (folder, store, rows)
}

fn no_service_starts_on(folder: &Path) {
    for wanted in [
        None,
        Some(layout::Layout::Rows),
        Some(layout::Layout::Blocks),
    ] {
        let refused = open(folder, wanted).err().unwrap().to_string();
        assert!(refused.contains("run `aggregator migrate`"), "{refused}");
    }
    let refused = sqlite::SqliteStore::open(folder, clock()).err().unwrap();
    let refused = refused.to_string();
    assert!(refused.contains("has format version 99"), "{refused}");
}

#[tokio::test]
async fn cut_off_after_any_step_it_goes_on_and_every_record_is_there_once_with_its_id() {
    let (folder, rows) = with_rows().await;
    let path = folder.path();
    let mut states = vec![copy_of(path)];
    all_rows::mark(&path.join(sqlite::FILE_NAME)).unwrap();
    states.push(copy_of(path));
    begin(path, &beginning()).unwrap();
    let mut told = Vec::new();
    move_rows(path, 0, &mut |progress| {
        told.push(progress);
        states.push(copy_of(path));
    })
    .unwrap();
    states.push(copy_of(path));
    layout::mark(&path.join(NEW_MARK)).unwrap();
    states.push(copy_of(path));
    remove_rows(path, &mut |_| {}).unwrap();
    states.push(copy_of(path));

    assert!(told.len() > 5, "{told:?}");
    let work = |work| move |progress: &Progress| (progress.work == work).then_some(progress.done);
    for kind in [Work::Moving, Work::Batches] {
        assert!(told.iter().filter_map(work(kind)).is_sorted(), "{told:?}");
    }
    let last = told.last().unwrap();
    assert_eq!((last.of, last.work), (PARTS, Work::Batches));
    let mut moved = told.iter().filter(|progress| progress.work == Work::Moving);
    let moved = moved.next_back().map(|last| (last.done, last.of));
    assert_eq!(moved, Some((360, 360)));
    let mut kinds = Vec::new();
    for state in &states {
        let found = standing(state.path()).unwrap();
        kinds.push(found);
        if matches!(found, Standing::Marked | Standing::Moving | Standing::Moved) {
            no_service_starts_on(state.path());
        }
        finish(state.path());
        let store = open(state.path(), None).unwrap();
        assert_eq!(store.status().kind, "blocks");
        assert_eq!(all(&store).await.0, rows, "{found:?}");
        assert!(!state.path().join(NEW_MARK).exists());
    }
    kinds.dedup();
    let expected = [
        Standing::Rows,
        Standing::Marked,
        Standing::Moving,
        Standing::Moved,
        Standing::Blocks { marked: true },
    ];
    assert_eq!(kinds, expected);
}
