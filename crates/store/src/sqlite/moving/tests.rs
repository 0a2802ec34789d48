//! A file of an earlier version, with large texts among its rows.

use super::*;
use crate::budget::Budget;
use crate::sqlite::large::tests::bytes_read;
use crate::sqlite::schema;
use crate::{PageLimit, sqlite::read};
use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use query::Query;
use record::id::{BatchId, RecordId};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Bytes of message and attributes of each record.
const LENGTHS: [(usize, usize); 8] = [
    (3, 0),
    (70_000, 0),
    (20_000, 20_000),
    (0, 65_536),
    (65_535, 0),
    (1_500_000, 10),
    (0, 0),
    (1_500_000, 0),
];
/// Those that are moved.
const MOVED: i64 = 4;

/// A row as it is read.
type Row = (RecordId, String, Option<String>);

/// What an earlier version would have written.
fn file_of_an_earlier_version(rows: usize) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite3");
    let mut writer = schema::create_without_large(&path);
    let transaction = writer.transaction().unwrap();
    for (number, (message, attributes)) in (0..).zip(LENGTHS.iter().cycle().take(rows)) {
        let time = Timestamp::from_nanos(number);
        let id = RecordId::new(time, BatchId::keyed("earlier", b""), 0);
        let attributes = (*attributes > 0).then(|| "a".repeat(*attributes));
        let sql = "INSERT INTO logs VALUES (?1, ?2, 9, NULL, ?3, ?4, 0)";
        let message = "m".repeat(*message);
        transaction
            .execute(sql, params![id.plain(), number, message, attributes])
            .unwrap();
    }
    transaction.commit().unwrap();
    (folder, path)
}

fn open(path: &Path) -> Database {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    Database::open(path.to_owned(), clock).unwrap()
}

fn rows(database: &Database) -> Vec<Row> {
    let query = Arc::new(Query::parse("", Timestamp::from_nanos(0)).unwrap());
    let limit = PageLimit {
        rows: usize::MAX,
        bytes: usize::MAX,
        looked_at: usize::MAX,
        time: Duration::from_secs(600),
        record_time: Duration::from_secs(600),
    };
    let budget = Budget::start(limit, Arc::clone(&database.clock));
    let page = database.with_reader(|reader| read::page(reader, &query, None, budget, || false));
    let page = page.unwrap();
    page.rows()
        .map(|row| {
            let attributes = row.attributes.map(|all| all.json().unwrap().into_owned());
            (row.id, row.message.to_owned(), attributes)
        })
        .collect()
}

fn number(database: &Database, sql: &str) -> i64 {
    let writer = database.writer();
    writer.query_row(sql, [], |row| row.get(0)).unwrap()
}

const KEPT_APART: &str = "SELECT count(*) FROM logs_large";
const LONGEST: &str =
    "SELECT max(octet_length(message) + ifnull(octet_length(attributes), 0)) FROM logs";
const MARKS: &str = "SELECT count(*) FROM logs_meta WHERE name = 'large_texts_behind'";

#[test]
fn a_file_of_an_earlier_version_is_read_as_before_while_its_large_texts_are_moved() {
    let (_folder, path) = file_of_an_earlier_version(LENGTHS.len());
    let database = open(&path);
    let before = rows(&database);
    assert_eq!(number(&database, LONGEST), 1_500_010);
    let lengths: Vec<_> = before
        .iter()
        .map(|(_, message, attributes)| (message.len(), attributes.as_ref().map_or(0, String::len)))
        .collect();
    assert_eq!(lengths, LENGTHS);
    let mut mover = Mover::default();
    // One that has enough bytes ends a step.
    for (goes_on, moved) in [(true, 3), (true, MOVED), (false, MOVED)] {
        assert_eq!(mover.step(&database), Ok(goes_on));
        assert_eq!(number(&database, KEPT_APART), moved);
        assert!(rows(&database) == before);
    }
    assert_eq!(number(&database, LONGEST), MOVED_FROM - 1);
    assert_eq!(number(&database, MARKS), 0);
    drop(database);
    let again = open(&path);
    assert!(rows(&again) == before);
    assert_eq!(Mover::default().step(&again), Ok(false));
}

#[cfg(target_os = "linux")]
#[test]
fn of_rows_that_stay_where_they_are_hardly_more_than_the_lengths_is_read() {
    const ROWS: usize = 200;
    let (_folder, path) = file_of_an_earlier_version(1);
    let database = open(&path);
    let sql = "INSERT INTO logs VALUES (?1, 0, 9, NULL, ?2, ?2, 0)";
    let text = "t".repeat(30_000);
    for place in 0..ROWS {
        let id = u32::try_from(place).unwrap().to_be_bytes();
        let inserted = database.writer().execute(sql, params![id, text]);
        assert_eq!(inserted, Ok(1));
    }
    let before = bytes_read();
    assert_eq!(Mover::default().step(&database), Ok(false));
    let read = bytes_read() - before;
    assert!(read < 1_000_000, "{read} bytes of {}", ROWS * 60_000);
}

#[test]
fn moving_goes_on_after_a_restart_and_goes_through_a_long_file_in_steps() {
    let few = ROWS_IN_A_STEP + 10;
    let (_folder, path) = file_of_an_earlier_version(1);
    let mut insert = Vec::new();
    for place in 0..few {
        insert.push(format!(
            "(x'{:08x}', 0, 9, NULL, 'small', NULL, 0)",
            place + 1
        ));
    }
    insert.push("(x'00ffffff', 0, 9, NULL, hex(zeroblob(40000)), NULL, 0)".to_owned());
    let database = open(&path);
    let sql = format!("INSERT INTO logs VALUES {}", insert.join(","));
    database.writer().execute(&sql, []).unwrap();
    let mut mover = Mover::default();
    assert_eq!(mover.step(&database), Ok(true));
    drop((mover, database));
    let database = open(&path);
    let mut mover = Mover::default();
    assert_eq!(
        (number(&database, MARKS), number(&database, KEPT_APART)),
        (1, 0)
    );
    assert_eq!(mover.step(&database), Ok(true));
    assert_eq!(mover.step(&database), Ok(false));
    assert_eq!(
        (number(&database, MARKS), number(&database, KEPT_APART)),
        (0, 1)
    );
    assert_eq!(number(&database, LONGEST), 15);
}
