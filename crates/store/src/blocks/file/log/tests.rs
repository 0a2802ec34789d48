//! A log that many pages are committed to, with and without somebody in the background.

use super::super::writer::{Synced, Writer};
use super::*;
use rusqlite::params;
use std::fs;
use tempfile::TempDir;

const PAGE: u64 = 8_192;

/// A file to which values of a hundred pages are written.
struct Written {
    folder: TempDir,
    writer: Writer,
    checkpointer: Checkpointer,
    values: i64,
}

impl Written {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blocks.sqlite3");
        let mut writer = Writer::open(&path).unwrap();
        let checkpointer = writer.checkpointer(&path).unwrap();
        Self {
            folder,
            writer,
            checkpointer,
            values: 0,
        }
    }

    fn write(&mut self, pages: u64) {
        for _ in 0..pages.div_ceil(100) {
            let value = vec![1_u8; usize::try_from(PAGE).unwrap() * 100];
            let add = "INSERT INTO blocks VALUES (?1, x'', x'', ?2)";
            let written = self.writer.write(Synced::Later, |connection, next| {
                let number = next.cast_signed();
                *next += 1;
                connection.execute(add, params![number, value])
            });
            assert_eq!(written, Ok(1));
            self.values += 1;
        }
    }

    /// Pages that there are, at most, in a file.
    fn pages(&self, name: &str) -> u64 {
        let file = self.folder.path().join(name);
        fs::metadata(file).unwrap().len() / PAGE
    }

    fn log(&self) -> u64 {
        self.pages("blocks.sqlite3-wal")
    }

    fn assert_whole(&mut self) {
        let all = "SELECT COUNT(*) FROM blocks WHERE length(columns) = 819200";
        let found = self.writer.write(Synced::Now, |connection, _| {
            connection.query_row(all, [], |row| row.get(0))
        });
        assert_eq!(found, Ok(self.values));
    }
}

#[test]
fn a_log_is_put_into_the_file_in_the_background_and_begins_anew() {
    let mut written = Written::new();
    written.write(500);
    written.checkpointer.step().unwrap();
    assert!(written.pages("blocks.sqlite3") < 100, "it is not due");
    for _ in 0..6 {
        written.write(1_000);
        written.checkpointer.step().unwrap();
    }
    assert!(written.pages("blocks.sqlite3") > 6_000);
    assert!(written.log() < 2_000, "{} pages", written.log());
    written.assert_whole();
}

#[test]
fn a_commit_does_it_when_nobody_else_does() {
    let mut written = Written::new();
    written.write(3_500);
    assert!(
        written.pages("blocks.sqlite3") < 100,
        "others have the time"
    );
    written.write(5_000);
    assert!(written.pages("blocks.sqlite3") > 4_000);
    assert!(written.log() < 4_500, "{} pages", written.log());
    written.assert_whole();
}

#[test]
fn while_somebody_reads_what_stands_there_it_is_tried_now_and_then() {
    let mut turn = Turn::new(1_000);
    let mut tries = |lengths: &[u32]| {
        let tries = lengths.iter().filter(|pages| turn.has_come(**pages));
        tries.copied().collect::<Vec<_>>()
    };
    let one_at_a_time: Vec<u32> = (0..=3_500).collect();
    assert_eq!(tries(&one_at_a_time), [1_000, 2_000, 3_000]);
    // It has begun anew.
    assert_eq!(tries(&[3, 999, 1_500, 2_400, 2_500]), [1_500, 2_500]);
}

#[test]
fn a_reader_holds_up_neither_the_writer_nor_the_checkpoint() {
    let mut written = Written::new();
    written.write(100);
    let reader = crate::database_file::open_reader(&written.folder.path().join("blocks.sqlite3"));
    let reader = reader.unwrap();
    let count = |reader: &Connection| {
        let all = "SELECT COUNT(*) FROM blocks";
        reader.query_row(all, [], |row| row.get::<_, i64>(0))
    };
    reader.execute_batch("BEGIN").unwrap();
    assert_eq!(count(&reader), Ok(1));
    written.write(1_500);
    written.checkpointer.step().unwrap();
    written.write(1_500);
    written.checkpointer.step().unwrap();
    assert_eq!(count(&reader), Ok(1));
    reader.execute_batch("COMMIT").unwrap();
    written.checkpointer.all().unwrap();
    let before = written.log();
    written.write(1_000);
    assert_eq!(written.log(), before, "it begins anew");
    written.assert_whole();
}
