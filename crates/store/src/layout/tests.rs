use super::*;
use logs::clock::SystemClock;
use tempfile::TempDir;

const SETTINGS: BlockSettings = BlockSettings {
    cache_bytes: 1024 * 1024,
    min_free_disk: 0,
};
const SPOOL: SpoolAtHand<'_> = SpoolAtHand {
    id: [7; 16],
    nameless_from: None,
    keep: &|| Ok(()),
};
const ROWS: Option<Layout> = Some(Layout::Rows);
const BLOCKS: Option<Layout> = Some(Layout::Blocks);

/// What a start with a wish says: the kind of store, or why there is none.
fn start(folder: &TempDir, wanted: Option<Layout>) -> String {
    let clock = Arc::new(SystemClock::start());
    match open(folder.path(), wanted, clock, SETTINGS, SPOOL) {
        Ok(opened) => opened.store.status().kind.to_owned(),
        Err(error) => error.to_string(),
    }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A folder that was begun with blocks.
fn with_blocks() -> TempDir {
    let folder = folder();
    assert_eq!(start(&folder, BLOCKS), "blocks");
    folder
}

fn path(folder: &TempDir, name: &str) -> std::path::PathBuf {
    folder.path().join(name)
}

fn remove(folder: &TempDir, name: &str) {
    for file in [
        name.to_owned(),
        format!("{name}-wal"),
        format!("{name}-shm"),
    ] {
        if let Err(error) = fs::remove_file(path(folder, &file)) {
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{file}");
        }
    }
}

fn version_of_logs(folder: &TempDir) -> i64 {
    let file = sqlite::open_reader(&path(folder, "logs.sqlite3")).unwrap();
    file.query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_new_folder_gets_the_layout_that_is_wanted_and_keeps_it() {
    for (wanted, kind, other) in [(ROWS, "sqlite", BLOCKS), (BLOCKS, "blocks", ROWS)] {
        let folder = folder();
        for again in [wanted, wanted, None] {
            assert_eq!(start(&folder, again), kind);
        }
        let refused = start(&folder, other);
        let (held, asked) = (wanted.unwrap(), other.unwrap());
        let said = format!(" holds {held}, and LAYOUT asks for {asked}: leave LAYOUT out");
        assert!(refused.contains(&said), "{refused}");
        assert_eq!(start(&folder, None), kind);
    }
    assert_eq!(start(&folder(), None), "blocks");
}

#[test]
fn programs_that_know_rows_alone_refuse_a_folder_with_blocks() {
    let folder = with_blocks();
    let clock = Arc::new(SystemClock::start());
    let refused = SqliteStore::open(folder.path(), clock).err().unwrap();
    let said = "has format version 100, and this version knows 3: use a newer aggregator";
    assert!(refused.to_string().contains(said), "{refused}");
    let there = |name: &str| path(&folder, name).exists();
    assert!(!there("logs.sqlite3-wal") && !there("logs.sqlite3-shm"));
}

#[test]
fn a_start_that_was_cut_off_before_the_blocks_were_whole_is_made_again() {
    let states: [fn(&TempDir); 3] = [
        |folder| fs::write(path(folder, "blocks.sqlite3"), "").unwrap(),
        |folder| {
            let file = Connection::open(path(folder, "blocks.sqlite3")).unwrap();
            file.execute_batch("PRAGMA page_size=8192; PRAGMA journal_mode=WAL;")
                .unwrap();
        },
        |folder| drop(Connection::open(path(folder, "logs.sqlite3")).unwrap()),
    ];
    for (state, cut_off) in states.iter().enumerate() {
        for (wanted, kind) in [(BLOCKS, "blocks"), (ROWS, "sqlite"), (None, "blocks")] {
            let folder = folder();
            cut_off(&folder);
            assert_eq!(start(&folder, wanted), kind, "state {state}");
            assert_eq!(start(&folder, None), kind, "state {state}");
            let version = if kind == "blocks" { MARK } else { 3 };
            assert_eq!(version_of_logs(&folder), version, "state {state}");
        }
    }
}

#[test]
fn a_mark_that_was_not_made_is_made_up() {
    let states: [fn(&TempDir); 4] = [
        |_| {},
        |folder| fs::write(path(folder, "logs.sqlite3"), "").unwrap(),
        |folder| {
            let file = Connection::open(path(folder, "logs.sqlite3")).unwrap();
            file.execute_batch("PRAGMA journal_mode=WAL;").unwrap();
        },
        half_written,
    ];
    for (state, cut_off) in states.iter().enumerate() {
        for wanted in [BLOCKS, None] {
            let folder = with_blocks();
            remove(&folder, "logs.sqlite3");
            cut_off(&folder);
            let refused = start(&folder, ROWS);
            assert!(refused.contains(" holds blocks, "), "{state}: {refused}");
            assert_eq!(start(&folder, wanted), "blocks", "state {state}");
            assert_eq!(version_of_logs(&folder), MARK, "state {state}");
        }
    }
}

/// The first state of a file to be marked whose transaction has reached the file and is not committed.
fn half_written(folder: &TempDir) {
    let other = tempfile::tempdir().unwrap();
    let file = Connection::open(path(&other, "logs.sqlite3")).unwrap();
    file.execute_batch(
        "PRAGMA user_version=0; VACUUM; PRAGMA cache_size=1; BEGIN;
         CREATE TABLE note (text TEXT NOT NULL) STRICT;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
         INSERT INTO note SELECT hex(randomblob(500)) FROM n;
         PRAGMA user_version=100;",
    )
    .unwrap();
    for name in ["logs.sqlite3", "logs.sqlite3-journal"] {
        fs::copy(path(&other, name), path(folder, name)).unwrap();
    }
    let bytes = fs::metadata(path(folder, "logs.sqlite3")).unwrap().len();
    assert!(bytes > 100_000, "{bytes} bytes have reached the file");
}

#[test]
fn where_blocks_are_missing_no_empty_store_is_begun() {
    let states: [fn(&TempDir); 3] = [
        |_| {},
        |folder| fs::write(path(folder, "blocks.sqlite3"), "").unwrap(),
        |folder| drop(Connection::open(path(folder, "blocks.sqlite3")).unwrap()),
    ];
    for state in states {
        let folder = with_blocks();
        remove(&folder, "blocks.sqlite3");
        state(&folder);
        for wanted in [ROWS, BLOCKS, None] {
            let refused = start(&folder, wanted);
            let said = "are in blocks.sqlite3, which is missing there or is not whole: put it back";
            assert!(refused.contains(said), "{refused}");
        }
        remove(&folder, "blocks.sqlite3");
        remove(&folder, "logs.sqlite3");
        assert_eq!(start(&folder, None), "blocks");
    }
}

#[test]
fn two_stores_in_one_folder_are_refused() {
    let (rows, folder) = (folder(), with_blocks());
    assert_eq!(start(&rows, ROWS), "sqlite");
    fs::copy(path(&rows, "logs.sqlite3"), path(&folder, "logs.sqlite3")).unwrap();
    for wanted in [ROWS, BLOCKS, None] {
        let refused = start(&folder, wanted);
        let said = "holds rows (logs.sqlite3) and blocks (blocks.sqlite3)";
        assert!(refused.contains(said), "{refused}");
    }
    remove(&folder, "logs.sqlite3");
    assert_eq!(start(&folder, None), "blocks");
}

#[test]
fn a_file_that_is_no_database_is_told_and_left_alone() {
    for name in ["logs.sqlite3", "blocks.sqlite3"] {
        let folder = folder();
        let content = "someone's notes, ".repeat(100);
        fs::write(path(&folder, name), &content).unwrap();
        for wanted in [ROWS, BLOCKS, None] {
            let refused = start(&folder, wanted);
            let said = format!("cannot open the store {}: ", path(&folder, name).display());
            assert!(refused.starts_with(&said), "{refused}");
        }
        assert_eq!(fs::read_to_string(path(&folder, name)).unwrap(), content);
    }
}
