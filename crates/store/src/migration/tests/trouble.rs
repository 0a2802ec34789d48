//! What is in the way of a move is told, and the rows stay.

use super::*;
use crate::inspected::Told;
use crate::inspection::Found;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Writes another byte into the middle of a part of the first block.
fn flipped(part: &str) -> String {
    format!(
        "UPDATE blocks SET {part} = CAST(substr({part}, 1, length({part}) / 2) || x'a5a5'
            || substr({part}, length({part}) / 2 + 3) AS BLOB) WHERE number = 1"
    )
}

/// As a refusal says: the blocks go, and all begins again.
async fn begins_again(path: &Path, rows: &[String]) {
    for name in ["blocks.sqlite3", "blocks.sqlite3-wal", "blocks.sqlite3-shm"] {
        drop(fs::remove_file(path.join(name)));
    }
    finish(path);
    assert_eq!(all(&open(path, None).unwrap()).await.0, rows);
}

#[tokio::test]
async fn rows_stay_where_they_are_when_fewer_come_than_there_are() {
    let (folder, rows) = with_rows().await;
    let path = folder.path();
    begin(path, &beginning()).unwrap();
    // Some are moved.
    assert!(move_rows(path, u64::MAX, &mut |_| {}).is_err());
    let counter = "UPDATE moved SET records = records + 1";
    change(&path.join(blocks::FILE_NAME), counter);
    let refused = move_rows(path, 0, &mut |_| {}).err().unwrap().to_string();
    assert!(refused.contains("360 rows are in "), "{refused}");
    assert_eq!(standing(path).unwrap(), Standing::Moving);
    begins_again(path, &rows).await;
}

/// No block need be in what is missing.
#[tokio::test]
async fn rows_stay_where_they_are_when_sqlite_misses_a_page_of_the_file_of_blocks() {
    const PAGE_BYTES: u64 = 8192;
    let (folder, rows) = with_rows().await;
    let path = folder.path();
    begin(path, &beginning()).unwrap();
    move_rows(path, 0, &mut |_| {}).unwrap();
    let blocks = path.join(blocks::FILE_NAME);
    let file = fs::OpenOptions::new().write(true).open(blocks).unwrap();
    file.set_len(file.metadata().unwrap().len() - PAGE_BYTES)
        .unwrap();
    let refused = remove_rows(path, &mut |_| {}).err();
    assert!(refused.is_some());
    begins_again(path, &rows).await;
}

#[tokio::test]
async fn rows_stay_where_they_are_when_not_every_record_comes_back_from_blocks_as_it_was() {
    // Lists and counters say that all is well.
    for (sql, told) in [
        (
            "DELETE FROM blocks WHERE number = 1",
            "block 1: it is listed, and is not there",
        ),
        (&flipped("columns"), "block 1: "),
        (&flipped("filter"), "block 1: "),
        (&flipped("head"), "block 1: "),
        (
            "DELETE FROM summaries WHERE number = 1",
            " records are there of 360",
        ),
        (
            "UPDATE moved SET sum = zeroblob(16)",
            "some records are not as they were in rows",
        ),
        (
            "UPDATE old_batches SET have = x'80' WHERE id = (SELECT max(id) FROM old_batches)",
            "no set of positions",
        ),
        (
            "DELETE FROM old_batches WHERE id = (SELECT max(id) FROM old_batches WHERE have <> x'')",
            "has not all of its records",
        ),
        (
            "INSERT INTO old_batches SELECT x'0102030405060708', NULL, have FROM old_batches WHERE have <> x'' LIMIT 1",
            "records of batches are known, and 360 are there",
        ),
    ] {
        let (folder, rows) = with_rows().await;
        let path = folder.path();
        begin(path, &beginning()).unwrap();
        move_rows(path, 0, &mut |_| {}).unwrap();
        change(&path.join(blocks::FILE_NAME), sql);
        let refused = remove_rows(path, &mut |_| {}).err().unwrap().to_string();
        let said = "does not come back as it was (";
        assert!(
            refused.contains(said) && refused.contains(told),
            "{sql}: {refused}"
        );
        assert_eq!(standing(path).unwrap(), Standing::Moved);
        begins_again(path, &rows).await;
    }
}

#[tokio::test]
async fn rows_that_are_not_those_that_were_moved_are_left_alone() {
    let (folder, _) = with_rows().await;
    let path = folder.path();
    begin(path, &beginning()).unwrap();
    move_rows(path, 0, &mut |_| {}).unwrap();
    let last = "DELETE FROM logs WHERE id = (SELECT max(id) FROM logs)";
    change(&path.join(sqlite::FILE_NAME), last);
    let refused = remove_rows(path, &mut |_| {}).err().unwrap().to_string();
    let said = "holds 359 rows, and 360 came out of it into blocks.sqlite3";
    assert!(refused.contains(said), "{refused}");
    assert_eq!(standing(path).unwrap(), Standing::Moved);
}

/// What others do to a file.
fn change(path: &Path, sql: &str) {
    let file = rusqlite::Connection::open(path).unwrap();
    assert_eq!(file.execute(sql, []), Ok(1));
}

#[tokio::test]
async fn where_the_rows_are_gone_in_the_middle_nothing_is_served_and_nothing_is_moved() {
    let (folder, _) = with_rows().await;
    let path = folder.path();
    begin(path, &beginning()).unwrap();
    fs::remove_file(path.join(sqlite::FILE_NAME)).unwrap();
    let refused = open(path, None).err().unwrap().to_string();
    assert!(
        refused.contains("logs.sqlite3 is missing there"),
        "{refused}"
    );
    assert_eq!(standing(path).unwrap_err().to_string(), refused);
}

#[tokio::test]
async fn a_row_that_is_none_of_ours_is_named_and_a_full_disk_is_told() {
    let (folder, _) = with_rows().await;
    let path = folder.path();
    let logs = path.join(sqlite::FILE_NAME);
    let spoil = "UPDATE logs SET attributes = '{' WHERE id = (SELECT max(id) FROM logs)";
    change(&logs, spoil);
    begin(path, &beginning()).unwrap();
    let full = move_rows(path, u64::MAX, &mut |_| {})
        .err()
        .unwrap()
        .to_string();
    assert!(
        full.contains("are to stay free (STORE_MIN_FREE_DISK)"),
        "{full}"
    );
    let refused = move_rows(path, 0, &mut |_| {}).err().unwrap().to_string();
    assert!(
        refused.contains("cannot be moved (the attributes are no JSON object)"),
        "{refused}"
    );
    change(
        &logs,
        "UPDATE logs SET attributes = NULL WHERE attributes = '{'",
    );
    finish(path);
}

#[tokio::test]
async fn a_row_with_a_severity_or_a_text_that_is_none_is_named_and_without_it_the_move_goes_on() {
    let (folder, rows) = with_rows().await;
    let path = folder.path();
    begin(path, &beginning()).unwrap();
    for (spoil, told) in [
        ("severity = 300", "out of range"),
        ("level = CAST(x'ff' AS TEXT)", "utf-8"),
        ("message = CAST(x'ff' AS TEXT)", "utf-8"),
    ] {
        let last = "WHERE id = (SELECT max(id) FROM logs)";
        let file = rusqlite::Connection::open(path.join(sqlite::FILE_NAME)).unwrap();
        let spoil = format!("UPDATE logs SET {spoil} {last}");
        assert_eq!(file.execute(&spoil, []), Ok(1));
        let id: Vec<u8> = file
            .query_row("SELECT max(id) FROM logs", [], |row| row.get(0))
            .unwrap();
        let id = RecordId::from_slice(&id).unwrap().to_string();
        let refused = move_rows(path, 0, &mut |_| {}).err().unwrap().to_string();
        let named = format!("the row with the id {id} cannot be moved (");
        assert!(
            refused.starts_with(&named) && refused.contains(told),
            "{refused}"
        );
        // As the sentence says; how many there are was counted before.
        let remove = format!("DELETE FROM logs {last}");
        assert_eq!(file.execute(&remove, []), Ok(1));
    }
    move_rows(path, 0, &mut |_| {}).unwrap();
    assert_eq!(remove_rows(path, &mut |_| {}).unwrap(), 357);
    let store = open(path, None).unwrap();
    assert_eq!(all(&store).await.0, rows[..357]);
}

#[tokio::test]
async fn one_transaction_is_bounded_in_bytes_where_nothing_can_be_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let store = open(path, Some(layout::Layout::Rows)).unwrap();
    drop(store);
    let mut random = StdRng::seed_from_u64(1);
    let file = rusqlite::Connection::open(path.join(sqlite::FILE_NAME)).unwrap();
    // Each of a day of its own: a block.
    for number in 0..40_i64 {
        let time = Timestamp::from_nanos(number * DAY);
        let id = RecordId::new(time, BatchId::keyed("key", b""), 7).plain();
        let text: String = (0..20_000)
            .map(|_| random.random_range('!'..='~'))
            .collect();
        let insert = "INSERT INTO logs VALUES (?1, ?2, 9, NULL, ?3, NULL, 5)";
        file.execute(insert, (id, time.nanos(), text)).unwrap();
    }
    drop(file);
    begin(path, &beginning()).unwrap();
    let mut told = vec![0];
    move_rows(path, 0, &mut |progress| {
        if progress.work == Work::Moving {
            told.push(progress.done);
        }
    })
    .unwrap();
    let most = told.windows(2).map(|pair| pair[1] - pair[0]).max();
    // What makes it full is the third.
    assert!(most <= Some(3), "{told:?}");
    assert_eq!(remove_rows(path, &mut |_| {}).unwrap(), 40);
}

#[tokio::test]
async fn whoever_looks_into_a_folder_is_told_that_the_move_is_not_finished_and_after_it_all_is_sound()
 {
    let (folder, _) = with_rows().await;
    let path = folder.path();
    begin(path, &beginning()).unwrap();
    let refused = Found::of(path).err().unwrap().to_string();
    assert!(refused.ends_with("run `aggregator migrate`"), "{refused}");
    finish(path);
    let mut damages = Vec::new();
    for spoil in [
        None,
        Some("UPDATE old_batches SET have = x'80' WHERE id = (SELECT max(id) FROM old_batches)"),
    ] {
        if let Some(spoil) = spoil {
            change(&path.join(blocks::FILE_NAME), spoil);
        }
        let verified = Found::of(path).unwrap().verify(&mut |told| {
            if let Told::Damage(damage) = told {
                damages.push(damage.place);
            }
            Ok(())
        });
        assert_eq!(verified.unwrap().records, 360);
    }
    assert_eq!(damages, ["what is known of batches from before"]);
}
