//! A file looked at from outside: what is damaged is told, with whose records it had, and what is sound is counted.

use super::*;
use crate::inspected::{Damage, Told, Verified};
use crate::inspection::{Found, InspectionError};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::fs;
use std::path::Path;

/// Three blocks of three batches, in a file that nobody has open.
fn folder() -> TempDir {
    let (store, mut door) = (Store::new(), Door::new());
    store.insert(&door.batch("first", false, &series(0, 10, 1)));
    store.insert(&door.batch("second", true, &series(DAY, 10, 1)));
    store.insert(&door.batch("third", false, &series(DAY + 1_000, 300, 1)));
    store.file.checkpoint().unwrap();
    let Store { file, folder, .. } = store;
    drop(file);
    folder
}

fn verified(folder: &Path) -> Result<(Verified, Vec<Damage>), InspectionError> {
    let mut damages = Vec::new();
    let verified = Found::of(folder)?.verify(&mut |told| {
        if let Told::Damage(damage) = told {
            damages.push(damage);
        }
        Ok(())
    })?;
    Ok((verified, damages))
}

fn changed(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join(crate::blocks::FILE_NAME)).unwrap();
    assert!(connection.execute(sql, []).unwrap() > 0);
}

#[test]
fn a_file_that_is_what_was_written_is_sound() {
    let folder = folder();
    let (found, damages) = verified(folder.path()).unwrap();
    assert!(found.is_sound() && damages.is_empty(), "{damages:?}");
    assert_eq!((found.records, found.blocks, found.batches), (320, 3, 3));
    let ends = [START, START + DAY + 1_299].map(Timestamp::from_nanos);
    assert_eq!(found.times, Some((ends[0], ends[1])));
}

#[test]
fn a_file_that_a_first_start_is_about_to_make_is_no_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(crate::blocks::FILE_NAME);
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; VACUUM")
        .unwrap();
    let told = verified(folder.path()).unwrap_err();
    assert!(matches!(told, InspectionError::Unmade(_)), "{told}");
}

#[test]
fn a_damaged_block_is_told_with_its_batches_and_the_others_are_looked_at() {
    let folder = folder();
    let sql = "UPDATE blocks SET filter = zeroblob(length(filter)) WHERE number = 2";
    changed(folder.path(), sql);
    let (found, damages) = verified(folder.path()).unwrap();
    assert_eq!((found.records, found.blocks, found.damages), (310, 2, 1));
    assert_eq!(found.damaged_records, 10);
    assert_eq!(damages[0].place, "block 2");
    let reasons = ["the filter: the checksum of a block's filter does not fit"];
    assert_eq!(damages[0].reasons, reasons);
    let records = damages[0].records.as_ref().unwrap();
    assert_eq!((records.count, records.first.nanos()), (10, START + DAY));
    let batches = records.batches.as_ref().unwrap();
    assert_eq!(batches.len(), 1);
    assert_eq!(batches[0].batch, BatchId::keyed("second", b"body"));
    assert_eq!(
        (batches[0].positions.as_slice(), batches[0].count),
        (&[0..=9][..], 10)
    );
    assert_eq!(batches[0].received_at.nanos(), START + DAY + 2_000_000_000);
}

#[test]
fn where_ids_cannot_be_read_times_are_told_and_what_is_listed_wrongly_too() {
    for (sql, reason, records, has_batches) in [
        (
            "UPDATE blocks SET columns = zeroblob(length(columns)) WHERE number = 3",
            "the column of times: the checksum of a block's column does not fit",
            300,
            false,
        ),
        (
            "UPDATE blocks SET columns = substr(columns, 1, length(columns) - 1) WHERE number = 3",
            "a block's part is too short or too long",
            300,
            true,
        ),
        (
            "UPDATE blocks SET head = zeroblob(9) WHERE number = 3",
            "the head: this is no block",
            300,
            false,
        ),
        (
            "DELETE FROM blocks WHERE number = 3",
            "it is listed, and is not there",
            300,
            false,
        ),
        (
            "DELETE FROM summaries WHERE number = 3",
            "it is not listed, so that no search finds it",
            300,
            true,
        ),
        (
            "UPDATE summaries SET summary = (SELECT summary FROM summaries WHERE number = 2) WHERE number = 3",
            "it is listed with the summary of another block",
            300,
            true,
        ),
        (
            "UPDATE summaries SET day = 5 WHERE number = 3",
            "it is listed at another day than that of its records",
            300,
            true,
        ),
    ] {
        let folder = folder();
        changed(folder.path(), sql);
        let (found, damages) = verified(folder.path()).unwrap();
        assert_eq!((found.records, damages.len()), (20, 1), "{sql}");
        let told = damages[0].reasons.join("; ");
        assert!(told.contains(reason), "{sql}: {told}");
        let held = damages[0].records.as_ref().unwrap();
        assert_eq!(held.count, records, "{sql}");
        assert_eq!(held.batches.is_some(), has_batches, "{sql}");
    }
}

#[test]
fn rows_of_the_ledger_that_are_none_are_named() {
    let folder = folder();
    changed(folder.path(), "UPDATE batches SET flags = 3");
    let (found, damages) = verified(folder.path()).unwrap();
    assert_eq!((found.records, found.batches), (320, 0));
    assert_eq!(
        (damages[0].place.as_str(), damages[0].reasons.len()),
        ("the ledger", 3)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn a_bit_that_flips_anywhere_in_the_file_costs_no_record_in_silence(place: prop::sample::Index, bit in 0_u8..8, is_first_page: bool) {
        let folder = folder();
        let path = folder.path().join(crate::blocks::FILE_NAME);
        let mut bytes = fs::read(&path).unwrap();
        let length = if is_first_page { 8_192 } else { bytes.len() };
        bytes[place.index(length)] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        match verified(folder.path()) {
            Ok((found, damages)) => {
                prop_assert_eq!(found.damages, damages.len() as u64);
                if found.is_sound() {
                    prop_assert_eq!((found.records, found.blocks), (320, 3));
                }
                prop_assert!(found.records <= 320);
            }
            Err(error) => prop_assert!(matches!(error, InspectionError::Newer { .. } | InspectionError::Missing(_)), "{}", error),
        }
    }
}

const ONE_MORE: &str = "BEGIN;
INSERT INTO summaries SELECT day, 77, summary FROM summaries WHERE number = 3;
INSERT INTO blocks SELECT 77, head, filter, columns FROM blocks WHERE number = 3;
COMMIT";

#[test]
fn a_block_that_is_stored_between_the_two_lists_is_no_damage() {
    let folder = folder();
    let path = folder.path().join(crate::blocks::FILE_NAME);
    let mut connection = crate::database_file::open_reader(&path).unwrap();
    let mut writer = Some(Connection::open(&path).unwrap());
    let mut is_listed = false;
    let store = move |context: AuthContext<'_>| {
        match context.action {
            AuthAction::Read {
                table_name: "summaries",
                ..
            } => is_listed = true,
            AuthAction::Read {
                table_name: "blocks",
                ..
            } if is_listed => {
                if let Some(writer) = writer.take() {
                    writer.execute_batch(ONE_MORE).unwrap();
                }
            }
            _ => {}
        }
        Authorization::Allow
    };
    connection.authorizer(Some(store)).unwrap();
    let mut damages = Vec::new();
    let verified = crate::blocks::verify(&connection, Verified::default(), &mut |told| {
        if let Told::Damage(damage) = told {
            damages.push(damage);
        }
        Ok(())
    });
    let Ok(verified) = verified else {
        panic!("it can be looked at");
    };
    assert!(damages.is_empty(), "{damages:?}");
    assert_eq!(verified.blocks, 4);
}

#[test]
fn statistics_count_blocks_by_day_and_size_and_the_ledger() {
    let folder = folder();
    let found = Found::of(folder.path()).unwrap().statistics().unwrap();
    assert_eq!(found.records, 320);
    let days: Vec<_> = found
        .days
        .iter()
        .map(|day| (day.start.unwrap().nanos(), day.records, day.blocks))
        .collect();
    assert_eq!(days, [(START, 10, 1), (START + DAY, 310, 2)]);
    let blocks = found.blocks.unwrap();
    let sizes: Vec<_> = blocks
        .sizes
        .iter()
        .map(|size| (*size.range.start(), size.blocks, size.records))
        .collect();
    assert_eq!(
        sizes,
        [
            (1, 0, 0),
            (8, 2, 20),
            (64, 1, 300),
            (512, 0, 0),
            (4_096, 0, 0)
        ]
    );
    let bytes: u64 = blocks.sizes.iter().map(|size| size.bytes).sum();
    assert_eq!(bytes, found.days.iter().map(|day| day.bytes).sum::<u64>());
    assert!(bytes < found.bytes);
    let ledger = blocks.ledger;
    assert_eq!(
        (ledger.keyless, ledger.content_key, ledger.own_key),
        (2, 0, 1)
    );
    changed(
        folder.path(),
        "UPDATE summaries SET summary = x'00' WHERE number = 3",
    );
    let damaged = Found::of(folder.path()).unwrap().statistics().unwrap_err();
    assert!(
        damaged.to_string().contains("block 3: this is no block"),
        "{damaged}"
    );
}

#[test]
fn a_folder_without_a_store_and_one_of_a_later_version_are_told() {
    let empty = tempfile::tempdir().unwrap();
    let missing = Found::of(empty.path()).unwrap_err();
    assert!(matches!(missing, InspectionError::Missing(_)), "{missing}");
    let folder = folder();
    let path = folder.path().join(crate::blocks::FILE_NAME);
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "user_version", 4).unwrap();
    drop(connection);
    let newer = verified(folder.path()).unwrap_err().to_string();
    assert!(
        newer.contains("has format version 4, and this version knows 3"),
        "{newer}"
    );
}
