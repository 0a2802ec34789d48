//! Rows that were deleted on purpose stay so, whatever comes again: against a model, with everything in any order.

use super::*;
use crate::sqlite::large::tests::documents;
use crate::sqlite::schema;
use crate::sqlite::write::{Rows, insert};
use logs::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::collections::BTreeSet;

const BATCHES: [&str; 5] = ["a", "b", "c", "d", "e"];
const POSITIONS: u32 = 12;

fn delete(writer: &mut Connection, ids: &[RecordId]) {
    let transaction = writer.transaction().unwrap();
    remember(&transaction, ids.iter().copied()).unwrap();
    for id in ids {
        let sql = "DELETE FROM logs WHERE id = ?1";
        transaction.execute(sql, [id.plain()]).unwrap();
    }
    transaction.commit().unwrap();
}

/// Rows have no order in their ids.
fn plain(id: RecordId) -> RecordId {
    RecordId::from_slice(&id.plain()).unwrap()
}

fn stored(connection: &Connection) -> BTreeSet<RecordId> {
    let mut statement = connection.prepare("SELECT id FROM logs").unwrap();
    let ids = statement.query_map([], |row| row.get::<_, Vec<u8>>(0));
    ids.unwrap()
        .map(|id| RecordId::from_slice(&id.unwrap()).unwrap())
        .collect()
}

#[test]
fn no_record_that_was_deleted_comes_back_and_none_other_is_lost_in_any_order_of_inserts_and_kills()
{
    for seed in 0..60 {
        let mut random = StdRng::seed_from_u64(seed);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs.sqlite3");
        let open = || schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
        let (mut writer, mut model, mut gone) = (open(), BTreeSet::new(), BTreeSet::new());
        for _ in 0..60 {
            match random.random_range(0..10) {
                0..6 => {
                    let name = BATCHES[random.random_range(0..BATCHES.len())];
                    let list =
                        documents(name, (0..POSITIONS).map(|at| (i64::from(at) * 7, "text")));
                    let first = random.random_range(0..list.len());
                    let range = first..random.random_range(first..list.len()) + 1;
                    let ids: Vec<RecordId> = list
                        .slices(range.clone())
                        .map(|bytes| plain(record::document::encoded_id(bytes).unwrap()))
                        .collect();
                    let rows = Rows::new(&list, range.clone());
                    let report = insert(&mut writer, &rows, || false, |_, _| Ok(())).unwrap();
                    let known = |id: &RecordId| model.contains(id) || gone.contains(id);
                    let new = ids.iter().filter(|id| !known(id)).count();
                    assert_eq!(report.stored, new as u64, "seed {seed}");
                    assert_eq!(report.already_stored.len(), ids.len() - new, "seed {seed}");
                    model.extend(ids.into_iter().filter(|id| !gone.contains(id)));
                }
                6..9 => {
                    let chosen: Vec<RecordId> = model
                        .iter()
                        .copied()
                        .filter(|_| random.random_bool(0.3))
                        .collect();
                    delete(&mut writer, &chosen);
                    for id in chosen {
                        model.remove(&id);
                        gone.insert(id);
                    }
                }
                _ => {
                    drop(writer);
                    writer = open();
                }
            }
            assert_eq!(stored(&writer), model, "seed {seed}");
        }
        assert!(!gone.is_empty(), "seed {seed}");
    }
}

#[test]
fn a_record_of_another_time_is_another_record() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite3");
    let mut writer = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
    let put = |writer: &mut Connection, time| {
        let list = documents("a", [(time, "text")]);
        insert(writer, &Rows::new(&list, 0..1), || false, |_, _| Ok(()))
            .unwrap()
            .stored
    };
    assert_eq!(put(&mut writer, 5), 1);
    let all: Vec<RecordId> = stored(&writer).into_iter().collect();
    delete(&mut writer, &all);
    assert_eq!((put(&mut writer, 5), put(&mut writer, 6)), (0, 1));
}
