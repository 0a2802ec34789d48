//! What a large record costs those beside it.

use super::*;
use crate::sqlite::{schema, write};
use logs::Timestamp;
use record::batch::BatchBuilder;
use record::documents::DocumentList;
use record::id::BatchId;

const SECOND: i64 = 1_000_000_000;

/// One batch of records with these times and messages.
pub(in crate::sqlite) fn documents<'a>(
    key: &str,
    records: impl IntoIterator<Item = (i64, &'a str)>,
) -> DocumentList {
    let now = Timestamp::from_nanos(0);
    let mut builder = BatchBuilder::new(BatchId::keyed(key, b""), None, now, usize::MAX);
    for (time, message) in records {
        let time = Some(Timestamp::from_nanos(time));
        builder.record(time, Some("INFO"), message, |_| Ok(()));
    }
    builder.finish().0.documents.into()
}

/// Stores all of them; how many were new.
pub(in crate::sqlite) fn insert(connection: &mut Connection, documents: &DocumentList) -> u64 {
    let rows = write::Rows::new(documents, 0..documents.len());
    let report = write::insert(connection, &rows, || false, |_, _| Ok(())).unwrap();
    assert_eq!((report.refused.len(), report.undone), (0, None));
    report.stored
}

/// What this thread has read from files.
#[cfg(target_os = "linux")]
pub(in crate::sqlite) fn bytes_read() -> u64 {
    let io = std::fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("rchar: "));
    line.unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn small_records_between_large_ones_are_stored_and_read_without_reading_those() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite3");
    let mut writer = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
    let mut add = |key: &str, records: Vec<(i64, &str)>| {
        let count = records.len() as u64;
        assert_eq!(insert(&mut writer, &documents(key, records)), count);
    };
    add(
        "before",
        (0..2_000).map(|number| (number, "small")).collect(),
    );
    let large = "x".repeat(7_000_000);
    for number in 1..5 {
        add(&number.to_string(), vec![(number * SECOND, &large)]);
    }
    let before = bytes_read();
    let times = (0..400).map(|small| ((small % 4 + 1) * SECOND + small - 200, "between"));
    add("between", times.collect());
    // Where all of them stand in one table, it is 1.9 GB.
    let read = bytes_read() - before;
    assert!(read < 4_000_000, "{read} bytes");
    let before = bytes_read();
    let reader = crate::database_file::open_reader(&path).unwrap();
    for order in ["ASC", "DESC"] {
        let one =
            format!("SELECT severity FROM logs WHERE id > ?1 AND id < ?2 ORDER BY id {order}");
        for number in 1..500 {
            let [from, before] = [number, number + 1].map(|tenth| {
                let time = Timestamp::from_nanos(tenth * SECOND / 100);
                RecordId::new(time, BatchId::keyed("", b""), 0)
            });
            let mut statement = reader.prepare_cached(&one).unwrap();
            let mut rows = statement
                .query(params![from.plain(), before.plain()])
                .unwrap();
            while rows.next().unwrap().is_some() {}
        }
    }
    let read = bytes_read() - before;
    assert!(read < 4_000_000, "{read} bytes");
}

#[test]
fn a_record_that_is_removed_by_hand_leaves_no_text_behind() {
    let mut writer = Connection::open_in_memory().unwrap();
    schema::create_tables(&writer).unwrap();
    let large = "x".repeat(LARGE_FROM);
    insert(
        &mut writer,
        &documents("a", [(1, &*large), (2, &*large), (3, "small")]),
    );
    let count = |writer: &Connection| -> i64 {
        let sql = "SELECT count(*) FROM logs_large";
        writer.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&writer), 2);
    writer
        .execute("DELETE FROM logs WHERE time_ns = 1", [])
        .unwrap();
    assert_eq!(count(&writer), 1);
    writer.execute("DELETE FROM logs", []).unwrap();
    assert_eq!(count(&writer), 0);
}

#[test]
fn texts_just_below_the_bound_stay_in_their_row() {
    let mut writer = Connection::open_in_memory().unwrap();
    schema::create_tables(&writer).unwrap();
    let lengths = [LARGE_FROM - 1, LARGE_FROM];
    let texts = lengths.map(|length| "x".repeat(length));
    insert(
        &mut writer,
        &documents("a", (1..).zip(texts.iter().map(String::as_str))),
    );
    let mut statement = writer
        .prepare("SELECT message FROM logs ORDER BY id")
        .unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    let messages: Vec<String> = rows.map(Result::unwrap).collect();
    assert_eq!(messages, [texts[0].as_str(), STAND_IN]);
    assert!(TABLE.contains(STAND_IN), "what follows a removal knows it");
}
