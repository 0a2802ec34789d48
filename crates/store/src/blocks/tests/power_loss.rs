//! A machine that loses its power: of what was written to the log since it was synced last, any part may be gone.

use super::*;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::fs;

/// What a disk writes whole.
const SECTOR: usize = 4_096;

/// The bytes of the file and of its log.
pub(super) struct OnDisk {
    file: Vec<u8>,
    log: Vec<u8>,
}

impl OnDisk {
    pub(super) fn of(store: &Store) -> Self {
        let read = |suffix: &str| {
            let path = format!("{}{suffix}", store.file.path.display());
            fs::read(path).unwrap()
        };
        Self {
            file: read(""),
            log: read("-wal"),
        }
    }

    /// The same with the log of a later time, of which some sectors came to the disk and others did not.
    pub(super) fn torn(&self, later: &Self, random: &mut StdRng) -> Self {
        assert!(self.file == later.file, "the file itself is as it was");
        let kept = [0.0, 0.5, 0.9, 1.0, 1.0, 1.0][random.random_range(0..6)];
        let length = match random.random_bool(0.5) {
            true => later.log.len(),
            false => random.random_range(self.log.len()..=later.log.len()),
        };
        let log = later.log[..length].chunks(SECTOR).enumerate();
        let log = log.flat_map(|(number, after)| {
            let start = number * SECTOR;
            let before = self.log.get(start..).unwrap_or_default();
            let is_kept = random.random_bool(kept);
            let old = before.iter().copied().chain(std::iter::repeat(0));
            match is_kept {
                true => after.to_vec(),
                false => old.take(after.len()).collect(),
            }
        });
        Self {
            file: self.file.clone(),
            log: log.collect(),
        }
    }

    pub(super) fn opened(&self) -> Store {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        write("blocks.sqlite3", &self.file);
        write("blocks.sqlite3-wal", &self.log);
        Store::opened(folder, 0)
    }
}

/// All that was sent is there once, and is known when it comes again.
fn assert_whole(store: &Store, sent: &[DocumentList], expected: &[Row]) {
    assert_eq!(store.all(), expected);
    for list in sent {
        let all: Vec<usize> = (0..list.len()).collect();
        assert_eq!(store.insert(list), (0, all));
    }
    assert_eq!(store.all(), expected);
}

#[test]
fn what_was_stored_is_there_once_whatever_of_a_merge_came_to_the_disk() {
    let (mut undone, mut kept) = (0, 0);
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let (store, mut door) = (Store::new(), Door::new());
        let mut sent = Vec::new();
        for round in 0..random.random_range(1..4) {
            for batch in 0..random.random_range(2..10) {
                let records = random.random_range(1..150);
                let after = random.random_range(0..DAY / 2_000) * 1_000;
                let name = format!("{round} {batch}");
                let list = door.batch(&name, batch % 2 == 0, &series(after, records, 1_000));
                store.insert(&list);
                sent.push(list);
            }
            let synced = OnDisk::of(&store);
            let many = store.blocks().len();
            merge_all(&store.file);
            let expected = store.all();
            let records: usize = sent.iter().map(DocumentList::len).sum();
            assert_eq!(expected.len(), records);
            let torn = synced.torn(&OnDisk::of(&store), &mut random).opened();
            let blocks = torn.blocks().len();
            assert!(blocks <= many, "{blocks} of {many}, seed {seed}");
            if blocks == many {
                undone += 1;
            } else {
                kept += 1;
            }
            assert_whole(&torn, &sent, &expected);
            merge_all(&torn.file);
            assert_whole(&torn, &sent, &expected);
            if random.random_bool(0.5) {
                store.file.checkpoint().unwrap();
            }
        }
    }
    // Both, or nothing was tried.
    assert!(undone > 10 && kept > 10, "{undone} undone, {kept} kept");
}

#[test]
fn what_is_stored_waits_for_the_disk_and_what_is_only_kept_in_another_way_does_not() {
    let (store, mut door) = (Store::new(), Door::new());
    let synced = || store.file.writer().setting();
    for batch in 0..10 {
        store.insert(&door.batch(&format!("{batch}"), true, &series(batch, 10, 1)));
        assert_eq!(synced(), 2);
    }
    merge_all(&store.file);
    assert_eq!(store.blocks().len(), 1);
    assert_eq!(synced(), 1, "merged");
    store.file.meet_spool([1; 16]).unwrap();
    assert_eq!(synced(), 2);
}
