//! A block that is not what was written, and a disk without room.

use super::*;
use rusqlite::Connection;

#[test]
fn a_damaged_block_is_told_and_what_is_in_others_is_read() {
    let (store, mut door) = (Store::new(), Door::new());
    store.insert(&door.batch("first", false, &series(0, 10, 1)));
    store.insert(&door.batch("second", false, &series(DAY, 10, 1)));
    store.insert(&door.batch("third", false, &series(DAY + 1_000, 10, 1)));
    let path = store.file.path.clone();
    let number = store.blocks().iter().map(|block| block.place.number).max();
    let damage = Connection::open(path).unwrap();
    let sql = "UPDATE blocks SET columns = zeroblob(length(columns)) WHERE number = ?1";
    damage
        .execute(sql, [number.unwrap().cast_signed()])
        .unwrap();
    let told = store.page(&Query::default(), None, ALL).unwrap_err();
    assert!(matches!(&told, StoreError::Damaged(_)), "{told}");
    assert!(told.to_string().contains("block 3"), "{told}");
    let query = Query {
        end: Some(Timestamp::from_nanos(START + DAY)),
        ..Query::default()
    };
    assert_eq!(store.walk(&query, ALL).len(), 10);
    // It is merged with nothing, and stays for whoever can mend it.
    merge_all(&store.file);
    assert_eq!(store.blocks().len(), 3);
}

#[test]
fn on_a_full_disk_nothing_is_stored_and_reads_go_on() {
    let (store, mut door) = (Store::new(), Door::new());
    store.insert(&door.batch("first", false, &series(0, 10, 1)));
    let Store { file, folder, .. } = store;
    drop(file);
    let store = Store::opened(folder, u64::MAX);
    let second = door.batch("second", false, &series(0, 10, 1));
    let refused = store.try_insert(&second, 0..10).unwrap_err();
    assert!(matches!(&refused, StoreError::Unavailable(_)), "{refused}");
    assert!(store.file.problem.borrow().is_some());
    assert_eq!(store.all().len(), 10);
}
