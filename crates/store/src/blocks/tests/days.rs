//! Days whose blocks are listed one after another, as an answer comes to them.

use super::*;
use crate::blocks::ledger::old_batches::OldBatch;
use crate::blocks::ledger::row::{BatchRow, LedgerKey};
use crate::blocks::storage::{Applied, Change, Place, Readable, Snapshot};
use query::buckets::Buckets;
use query::grid::Grid;
use query::interval::Interval;
use query::shift::Shift;
use query::span::Span;
use query::zone::Zone;
use std::sync::Mutex;

const DAYS: i64 = 30;
const EACH: u32 = 20;

/// Notes which days are listed.
struct Watched {
    file: BlockFile,
    listed: Mutex<Vec<Day>>,
}

struct WatchedSnapshot<'a> {
    inner: Box<dyn Snapshot + 'a>,
    listed: &'a Mutex<Vec<Day>>,
}

impl Storage for Watched {
    fn apply(&self, change: &Change, deadline: Duration) -> Result<Applied, StoreError> {
        self.file.apply(change, deadline)
    }

    fn rows(&self, keys: &[LedgerKey]) -> Result<Vec<Option<BatchRow>>, StoreError> {
        self.file.rows(keys)
    }

    fn old(&self, batches: &[BatchOrigin]) -> Result<Vec<Option<OldBatch>>, StoreError> {
        self.file.old(batches)
    }

    fn spool(&self) -> u32 {
        self.file.spool()
    }
}

impl Readable for Watched {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>, StoreError> {
        Ok(Box::new(WatchedSnapshot {
            inner: self.file.read()?,
            listed: &self.listed,
        }))
    }
}

impl Snapshot for WatchedSnapshot<'_> {
    fn first_day(&self, days: Range<Day>, order: Order) -> Result<Option<Day>, StoreError> {
        self.inner.first_day(days, order)
    }

    fn list(&self, days: Range<Day>) -> Result<Vec<Listed>, StoreError> {
        assert_eq!(days, days.start.only(), "one day at a time");
        self.listed.lock().unwrap().push(days.start);
        self.inner.list(days)
    }

    fn head(&self, place: Place) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        self.inner.head(place)
    }

    fn columns(&self, place: Place, parts: &[Range<usize>]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.inner.columns(place, parts)
    }
}

/// A block of each day, and one of old records of several.
fn of_many_days() -> Store {
    let (store, mut door) = (Store::new(), Door::new());
    for day in 0..DAYS {
        let samples = series(day * DAY, EACH, 1_000_000_000);
        store.insert(&door.batch(&day.to_string(), false, &samples));
    }
    let old = [0, 3, 5, 20, DAYS - 1].map(|day| (day * DAY + 500, 7));
    store.insert(&door.batch("old", false, &old));
    store
}

fn day_of(day: i64) -> Day {
    Day::of(Timestamp::from_nanos(START + day * DAY))
}

impl Watched {
    /// The days that were listed since this was asked last, but for the old ones, which are always.
    fn listed(&self) -> Vec<Day> {
        let mut listed = std::mem::take(&mut *self.listed.lock().unwrap());
        assert_eq!(listed.remove(0), Day::SEVERAL);
        listed
    }
}

#[test]
fn what_comes_to_few_days_lists_no_others() {
    let Store {
        file,
        cache,
        spare,
        clock,
        folder: _folder,
    } = of_many_days();
    let listed = Mutex::default();
    let watched = Watched { file, listed };
    let reading = Reading {
        storage: &watched,
        cache: &cache,
        spare: &spare,
    };
    let clock: Arc<dyn Clock> = clock;
    let at = |day| Timestamp::from_nanos(START + day * DAY);
    for (order, expected) in [
        (Order::Ascending, [10, 11, 12]),
        (Order::Descending, [19, 18, 17]),
    ] {
        let mut query = Query {
            order,
            ..Query::default()
        };
        match order {
            Order::Ascending => query.start = Some(at(10)),
            Order::Descending => query.end = Some(at(20)),
        }
        let rows = EACH as usize + 5;
        let limit = PageLimit { rows, ..ALL };
        let page = reading.page(&query, None, limit, &clock).unwrap();
        assert_eq!(page.len(), rows);
        assert!(page.next.is_some());
        assert_eq!(watched.listed(), expected.map(day_of), "{order:?}");
        let span = Span {
            first: at(0),
            last: at(DAYS),
        };
        let interval = Interval::parse("1d").unwrap();
        let grid = Grid::new(interval, Shift::default(), Zone::parse("UTC").unwrap());
        let buckets = Arc::new(Buckets::new(span, &grid).unwrap());
        let counted = reading.counts(&query, None, &buckets, || true, &|| true);
        assert!(counted.unwrap().unwrap().next.is_some());
        let listed = watched.listed();
        assert!(!listed.is_empty());
        assert_eq!(
            listed,
            expected[..listed.len()]
                .iter()
                .map(|day| day_of(*day))
                .collect::<Vec<_>>()
        );
    }
}

#[test]
fn all_records_of_many_days_come_in_order() {
    let store = of_many_days();
    let all = store.all();
    let expected = usize::try_from(DAYS).unwrap() * EACH as usize + 5;
    assert_eq!(all.len(), expected);
    assert!(all.is_sorted_by(|one, next| one.0 < next.0));
    let severals = store.blocks();
    let severals = severals
        .iter()
        .filter(|block| block.place.day == Day::SEVERAL);
    assert_eq!(severals.count(), 1);
    for rows in [1, 7, 33, 5_000] {
        let limit = PageLimit { rows, ..ALL };
        assert_eq!(store.walk(&Query::default(), limit), all);
        let query = Query {
            order: Order::Descending,
            ..Query::default()
        };
        let mut backwards = store.walk(&query, limit);
        backwards.reverse();
        assert_eq!(backwards, all);
    }
}
