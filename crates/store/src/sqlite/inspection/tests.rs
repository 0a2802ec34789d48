//! Rows that are counted, and a file of which a part cannot be read.

use crate::inspected::{Damage, Told};
use crate::inspection::Found;
use crate::sqlite::FILE_NAME;
use crate::sqlite::schema::open_writer;
use logs::Timestamp;
use record::id::{BatchId, RecordId};
use rusqlite::params;
use std::path::Path;
use tempfile::TempDir;

const DAY: i64 = 86_400_000_000_000;

/// Records at these times.
fn folder(times: &[i64]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    let mut writer = open_writer(&path, Timestamp::from_nanos(0)).unwrap();
    let transaction = writer.transaction().unwrap();
    for (position, nanos) in (0..).zip(times) {
        let time = Timestamp::from_nanos(*nanos);
        let id = RecordId::new(time, BatchId::from_bytes([7; 8]), position);
        let message = format!("message {position} {}", "x".repeat(50));
        let sql = "INSERT INTO logs (id, time_ns, severity, message, received_ms) VALUES (?1, ?2, 17, ?3, 0)";
        let row = params![id.plain(), nanos, message];
        transaction.execute(sql, row).unwrap();
    }
    transaction.commit().unwrap();
    folder
}

fn damages(folder: &Path) -> (u64, Vec<Damage>) {
    let mut damages = Vec::new();
    let found = Found::of(folder).unwrap();
    let verified = found.verify(&mut |told| {
        if let Told::Damage(damage) = told {
            damages.push(damage);
        }
        Ok(())
    });
    (verified.unwrap().records, damages)
}

#[test]
fn rows_are_counted_by_day() {
    let folder = folder(&[-1, 0, 1, 2 * DAY]);
    let found = Found::of(folder.path()).unwrap().statistics().unwrap();
    let days = found.days.iter();
    let days: Vec<_> = days
        .map(|day| (day.start.unwrap().nanos(), day.records))
        .collect();
    assert_eq!(days, [(-DAY, 1), (0, 2), (2 * DAY, 1)]);
    let (records, damages) = damages(folder.path());
    assert!(records == 4 && damages.is_empty(), "{damages:?}");
}

#[test]
fn a_page_that_is_overwritten_is_told_and_rows_on_both_sides_of_it_are_read() {
    let times: Vec<i64> = (0..1_000).collect();
    let folder = folder(&times);
    let path = folder.path().join(FILE_NAME);
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = |text: &str| {
        let found = bytes
            .windows(text.len())
            .position(|window| window == text.as_bytes());
        found.unwrap() / 4_096 * 4_096
    };
    let page = at("message 500 ");
    assert!(page != at("message 2 ") && page != at("message 999 "));
    bytes[page..page + 4_096].fill(0xff);
    std::fs::write(&path, bytes).unwrap();
    let (records, damages) = damages(folder.path());
    assert!((800..1_000).contains(&records), "{records}");
    let told = format!("{damages:?}");
    assert!(told.contains("the table logs"), "{told}");
}
