//! Inserts that have little time.

use super::*;
use crate::StoreError;
use crate::sqlite::database::Database;
use crate::sqlite::large::tests::documents;
use crate::sqlite::schema;
use logs::Timestamp;
use std::cell::Cell;
use std::sync::Arc;

/// A clock that stands still.
struct Still(Duration);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(0)
    }

    fn elapsed(&self) -> Duration {
        self.0
    }
}

const AT: Duration = Duration::from_secs(100);

#[test]
fn an_insert_without_time_comes_further_each_time_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite3");
    let mut writer = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
    let documents = documents("a", (0..10).map(|time| (time, "message")));
    let mut insert = |range: Range<usize>, looks: u32| {
        let (rows, left) = (Rows::new(&documents, range), Cell::new(looks));
        let is_over = || left.replace(left.get().saturating_sub(1)) == 0;
        super::insert(&mut writer, &rows, is_over, |_, _| Ok(())).unwrap()
    };
    let first = insert(0..10, 3);
    assert_eq!((first.stored, first.undone), (4, Some(4)));
    // One is always done.
    let second = insert(4..10, 0);
    assert_eq!((second.stored, second.undone), (1, Some(5)));
    let all = insert(0..10, u32::MAX);
    assert_eq!((all.stored, all.undone), (5, None));
    assert_eq!(all.already_stored, [0, 1, 2, 3, 4]);
}

#[test]
fn a_turn_ends_well_before_the_deadline_and_is_never_long() {
    let end = |left: Duration| end_of_turn(&Still(AT), AT + left);
    assert_eq!(end(Duration::from_secs(10)), AT + LONGEST_TURN);
    let little = Duration::from_millis(50);
    assert_eq!(end(little * 2), AT + little);
    assert_eq!(end_of_turn(&Still(AT), Duration::ZERO), AT);
}

#[test]
fn what_waited_for_its_turn_past_its_deadline_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("logs.sqlite3");
    let database = Database::open(path, Arc::new(Still(AT))).unwrap();
    let begun = Cell::new(0);
    let work = |_: &mut Connection| {
        begun.set(begun.get() + 1);
        Ok(())
    };
    assert_eq!(database.write(AT, work), Err(StoreError::Timeout));
    assert_eq!(begun.get(), 0);
    let later = AT + Duration::from_nanos(1);
    assert_eq!((database.write(later, work), begun.get()), (Ok(()), 1));
}
