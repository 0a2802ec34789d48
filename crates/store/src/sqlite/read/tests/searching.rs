//! Searches of a text: what they find, how far they come, and what they leave behind.

use super::*;
use crate::PageLimit;
use logs::clock::{Clock, SystemClock};
use record::id::BatchId;
use rusqlite::Connection;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

const MILLISECOND: i64 = 1_000_000;
const AT_ONCE: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(600);

/// A file with records, one a millisecond, and a reader of it.
struct Filled {
    reader: Reader,
    writer: Connection,
    _folder: TempDir,
}

impl Filled {
    fn new(rows: impl IntoIterator<Item = (u8, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path: PathBuf = folder.path().join("logs.sqlite3");
        let mut writer = schema::open_writer(&path, Timestamp::from_nanos(0)).unwrap();
        let transaction = writer.transaction().unwrap();
        for (number, (severity, message)) in (0..).zip(rows) {
            let time = Timestamp::from_nanos(number * MILLISECOND);
            let id = RecordId::new(time, BatchId::keyed("searched", b""), 0);
            transaction
                .execute(
                    "INSERT INTO logs VALUES (?1, ?2, ?3, NULL, ?4, NULL, 0)",
                    params![id.plain(), time.nanos(), severity, message],
                )
                .unwrap();
        }
        transaction.commit().unwrap();
        Self {
            reader: Reader::open(&path).unwrap(),
            writer,
            _folder: folder,
        }
    }

    /// Records 0, 1, 2 and so on, of all levels in turn.
    fn numbered(count: u16) -> Self {
        Self::new((0..count).map(|number| {
            let severity = u8::try_from(number % 25).unwrap();
            (severity, format!("record <{number}>"))
        }))
    }

    /// A page of at most so many rows, which is interrupted when SQLite asks for the given time.
    fn page(
        &mut self,
        text: &str,
        after: Option<RecordId>,
        (rows, time): (usize, Duration),
        interrupted_at: usize,
    ) -> Result<Page, ReadError> {
        let query = Query::parse(text, Timestamp::from_nanos(0)).unwrap();
        let limit = PageLimit {
            rows,
            bytes: usize::MAX,
            looked_at: usize::MAX,
            time,
            record_time: LONG,
        };
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let mut asked = 0;
        let is_late = move || {
            asked += 1;
            asked >= interrupted_at
        };
        let budget = Budget::start(limit, clock);
        page(&mut self.reader, &Arc::new(query), after, budget, is_late)
    }

    /// All messages that are found, and the number of pages.
    fn walk(&mut self, text: &str, time: Duration, interrupted_at: usize) -> (Vec<String>, usize) {
        let (mut found, mut after, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = self
                .page(text, after, (usize::MAX, time), interrupted_at)
                .unwrap();
            found.extend(page.rows().map(|row| row.message.to_owned()));
            pages += 1;
            match page.next {
                Some(next) => {
                    let is_first = after.is_none();
                    let advances = match text.contains("order=desc") {
                        true => after.is_none_or(|after| next < after),
                        false => after.is_none_or(|after| next > after),
                    };
                    assert!(
                        is_first || advances,
                        "{text}: {next} comes behind {after:?}"
                    );
                    after = Some(next);
                }
                None => return (found, pages),
            }
        }
    }

    fn all(&mut self, text: &str) -> Vec<String> {
        self.walk(text, LONG, usize::MAX).0
    }

    /// Rows that the filter lets through when nobody searches.
    fn unfiltered(&self) -> i64 {
        let sql = format!("SELECT count(*) FROM logs WHERE {MAY_MATCH}(message)");
        let connection = &self.reader.connection;
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    }
}

/// The place of a record in its file.
fn number_of(id: RecordId) -> i64 {
    id.time().nanos() / MILLISECOND
}

#[test]
fn a_text_behind_a_zero_character_is_found() {
    let message = "before\0the Needle".to_owned();
    let other = "before\0the noodle".to_owned();
    let mut filled = Filled::new([(9, other), (9, message.clone())]);
    for text in [
        "q=needle",
        "q=%00the N&q=Needle&caseSensitive=true",
        "regex=eedle$",
        "q=NEEDLE&logLevel=INFO&order=desc",
    ] {
        assert_eq!(filled.all(text), [message.as_str()], "{text}");
    }
}

#[test]
fn every_message_with_the_text_is_found_in_order_whatever_the_levels() {
    let mut filled = Filled::numbered(1_000);
    for (levels, severities) in [
        ("", 0..=24),
        ("&logLevel=INFO", 9..=12),
        ("&minLevel=INFO", 9..=24),
        ("&minLevel=WARNING", 13..=24),
        ("&logLevel=ERROR", 17..=20),
    ] {
        let mut expected: Vec<String> = (0..1_000)
            .filter(|number| severities.contains(&(number % 25)))
            .map(|number| format!("record <{number}>"))
            .filter(|message| message.contains("9>"))
            .collect();
        assert!(!expected.is_empty(), "{levels}");
        assert_eq!(filled.all(&format!("q=9>{levels}")), expected, "{levels}");
        expected.reverse();
        let newest_first = format!("regex=9>$&order=desc{levels}");
        assert_eq!(filled.all(&newest_first), expected, "{levels}");
    }
}

#[test]
fn a_search_that_finds_nothing_in_no_time_tells_how_far_it_came() {
    let mut filled = Filled::numbered(5_000);
    // Sixty-four rows are looked at; where twelve levels are merged, some of each.
    for (levels, least) in [
        ("", 64),
        ("&logLevel=INFO", 64),
        ("&minLevel=WARNING", 20),
        ("&logLevel=ERROR", 20),
    ] {
        let text = format!("q=nobody{levels}");
        let first = filled
            .page(&text, None, (usize::MAX, AT_ONCE), usize::MAX)
            .unwrap();
        assert!(first.is_empty(), "{text}");
        let next = number_of(first.next.unwrap());
        assert!((least..1_000).contains(&next), "{text}: {next}");
        for order in ["", "&order=desc"] {
            let (found, pages) = filled.walk(&format!("{text}{order}"), AT_ONCE, usize::MAX);
            assert_eq!(found, [""; 0], "{text}");
            assert!((5..300).contains(&pages), "{text}: {pages} pages");
            let last = filled.walk(&format!("q=<4994>{levels}{order}"), AT_ONCE, usize::MAX);
            let is_asked_for = levels != "&logLevel=INFO";
            assert_eq!(last.0.len(), usize::from(is_asked_for), "{levels}");
        }
    }
}

#[test]
fn a_search_through_long_messages_looks_at_the_clock_after_a_few() {
    let long = "x".repeat(40_000);
    let mut filled = Filled::new((0..20).map(|_| (9, long.clone())));
    let first = filled
        .page("q=nobody", None, (usize::MAX, AT_ONCE), usize::MAX)
        .unwrap();
    assert_eq!(first.next.map(number_of), Some(2));
}

#[test]
fn a_search_that_finds_everything_looks_at_the_clock_as_well() {
    let mut filled = Filled::numbered(1_000);
    let (found, pages) = filled.walk("regex=record", AT_ONCE, usize::MAX);
    assert_eq!(found.len(), 1_000);
    assert!((5..300).contains(&pages), "{pages} pages");
}

#[test]
fn an_interrupted_search_goes_on_from_where_it_was() {
    let mut filled = Filled::numbered(5_000);
    for text in ["q=<4999>", "q=<4999>&minLevel=WARNING", "q=<24>&order=desc"] {
        let (found, pages) = filled.walk(text, LONG, 1);
        assert_eq!(found.len(), 1, "{text}");
        assert!((5..300).contains(&pages), "{text}: {pages} pages");
    }
}

#[test]
fn what_was_looked_for_is_forgotten_when_a_search_ends_early() {
    let mut filled = Filled::numbered(500);
    let all = filled.all("");
    assert_eq!(all.len(), 500);
    let full = filled
        .page("q=record", None, (1, LONG), usize::MAX)
        .unwrap();
    assert!(full.len() == 1 && full.next.is_some());
    assert_eq!(filled.unfiltered(), 500);
    assert_eq!(filled.all("q=<250>"), ["record <250>"]);
    assert_eq!(filled.all("q=<251>"), ["record <251>"]);
    assert_eq!(filled.all(""), all);
    let no_id = "INSERT INTO logs VALUES (x'80FFFF', 0, 9, NULL, 'damaged', NULL, 0)";
    filled.writer.execute(no_id, []).unwrap();
    let failed = filled.page("q=damaged", None, (usize::MAX, LONG), usize::MAX);
    assert!(failed.is_err());
    assert_eq!(filled.unfiltered(), 501);
}
