//! A feed in memory, written at times of the test's own.

use super::*;
use record::id::BatchId;

const HOUR: i64 = 3_600_000_000_000;
const LIMIT: usize = 1_000;

/// A file, and the life that has it open.
struct Feed {
    connection: Connection,
    writer: EntryWriter,
}

impl Feed {
    fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        create(&connection).unwrap();
        let writer = EntryWriter::new(&connection).unwrap();
        Self { connection, writer }
    }

    fn open_again(&mut self) {
        self.writer = EntryWriter::new(&self.connection).unwrap();
    }

    /// An entry at a time in hours, of one record.
    fn write(&mut self, hours: i64) {
        let at = Timestamp::from_nanos(hours * HOUR);
        let mut announced = Announced::default();
        announced.add(BatchId::from_bytes([7; 8]), 3);
        let mut spans = Spans::default();
        spans.add(at);
        let announcement = Announcement::new(&announced, &spans, at).unwrap();
        self.writer.write(&self.connection, &announcement).unwrap();
    }

    fn numbers(&self) -> Vec<i64> {
        let mut statement = self
            .connection
            .prepare("SELECT n FROM feed ORDER BY n")
            .unwrap();
        let numbers = statement.query_map([], |row| row.get(0)).unwrap();
        numbers.collect::<Result<_, _>>().unwrap()
    }

    fn newest(&self) -> Vector {
        newest(&self.connection).unwrap()
    }

    fn behind(&self, after: &Vector) -> EntriesBehind {
        entries_behind(&self.connection, after, LIMIT).unwrap()
    }
}

fn reached(vector: &Vector) -> Reached {
    *vector.values().next().unwrap()
}

#[test]
fn entries_have_numbers_without_gaps_whoever_has_the_file_open() {
    let mut feed = Feed::new();
    assert_eq!(reached(&feed.newest()).number, 0);
    feed.write(0);
    feed.write(0);
    let first = feed.newest();
    feed.open_again();
    feed.write(1);
    let found = feed.behind(&Vector::new());
    let numbers = found.entries.iter().map(|entry| entry.reached.number);
    assert_eq!(numbers.collect::<Vec<_>>(), [1, 2, 3]);
    let lives: Vec<Life> = found
        .entries
        .iter()
        .map(|entry| entry.reached.life)
        .collect();
    assert!(lives[0] == lives[1] && lives[1] != lives[2]);
    // A reader of the first life goes on in the second.
    let later = feed.behind(&first);
    assert_eq!((later.entries.len(), later.gaps.len()), (1, 0));
    assert_eq!(feed.behind(&feed.newest()), EntriesBehind::default());
}

#[test]
fn where_nothing_is_new_nothing_is_announced() {
    let at = Timestamp::from_nanos(0);
    let none = Announcement::new(&Announced::default(), &Spans::default(), at);
    assert_eq!(none, None);
}

#[test]
fn an_entry_stays_a_day_and_an_hour_after_the_next_and_the_newest_for_good() {
    let mut feed = Feed::new();
    for hour in 0..6 {
        feed.write(hour);
    }
    feed.write(28);
    assert_eq!(
        feed.numbers().len(),
        7,
        "the fifth was written 24 hours ago"
    );
    feed.write(29);
    assert_eq!(feed.numbers(), [5, 6, 7, 8]);
    feed.write(1_000_000);
    feed.write(1_000_025);
    assert_eq!(feed.numbers(), [9, 10]);
    feed.open_again();
    feed.write(2_000_000);
    assert_eq!(feed.numbers(), [9, 10, 11]);
}

#[test]
fn of_many_old_entries_each_portion_removes_a_few() {
    let mut feed = Feed::new();
    for _ in 0..100 {
        feed.write(0);
    }
    for written in 1..=20 {
        feed.write(100);
        assert_eq!(feed.numbers().len(), 100 - 4 * written + written);
    }
}

#[test]
fn a_reader_whose_entry_is_gone_is_told_and_begins_at_the_newest() {
    let mut feed = Feed::new();
    feed.write(0);
    let early = feed.newest();
    for hour in [0, 0, 0, 0, 100, 200] {
        feed.write(hour);
    }
    let id = *early.keys().next().unwrap();
    for gone in [early, Vector::new()] {
        let found = feed.behind(&gone);
        assert_eq!(found.entries, []);
        let newest = reached(&feed.newest());
        assert_eq!(found.gaps, [(id, Gap::Forgotten, newest)]);
        let again = feed.behind(&Vector::from([(id, newest)]));
        assert_eq!(again, EntriesBehind::default());
    }
}

#[test]
fn a_reader_of_a_feed_that_is_not_there_any_more_is_told() {
    let (mut one, mut other) = (Feed::new(), Feed::new());
    one.write(0);
    other.write(0);
    let found = other.behind(&one.newest());
    let id = *one.newest().keys().next().unwrap();
    assert_eq!(found.gaps, [(id, Gap::AnotherHistory, BEFORE_THE_FIRST)]);
    assert_eq!(found.entries.len(), 1, "the other is new to it");
    // Who was told goes on.
    let mut told = other.newest();
    told.insert(id, BEFORE_THE_FIRST);
    assert_eq!(other.behind(&told), EntriesBehind::default());
}

#[test]
fn what_was_written_under_a_clock_that_was_put_back_goes_as_any_other() {
    let mut feed = Feed::new();
    for _ in 0..20 {
        feed.write(1_000_000);
    }
    feed.write(0);
    for hour in 24..60 {
        feed.write(hour);
    }
    assert!(feed.numbers()[0] > 20, "{:?}", feed.numbers());
    assert_eq!(reached(&feed.newest()).number, 57);
}

#[test]
fn entries_are_read_by_parts() {
    let mut feed = Feed::new();
    for _ in 0..5 {
        feed.write(0);
    }
    let (mut after, mut met) = (Vector::new(), Vec::new());
    loop {
        let found = entries_behind(&feed.connection, &after, 2).unwrap();
        for entry in found.entries {
            met.push(entry.reached.number);
            after.insert(entry.feed, entry.reached);
        }
        if !found.more {
            break;
        }
        assert_eq!(met.len() % 2, 0);
    }
    assert_eq!(met, [1, 2, 3, 4, 5]);
}

#[test]
fn a_damaged_entry_is_told() {
    let mut feed = Feed::new();
    feed.write(0);
    let damage = "UPDATE feed SET entry = x'09'";
    feed.connection.execute_batch(damage).unwrap();
    let told = entries_behind(&feed.connection, &Vector::new(), LIMIT);
    assert_eq!(
        told,
        Err(StoreError::Damaged("entry 1 of the feed".to_owned()))
    );
}
