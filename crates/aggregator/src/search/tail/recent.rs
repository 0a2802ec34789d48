//! The newest entries of the feed, as all readers at the live end share them: bounded, and without waiting for any of them.

use super::place::Place;
use std::collections::VecDeque;
use std::sync::Arc;
use store::feed::{FeedEntry, Vector};

/// Entries that are kept at most, and about how many bytes of them.
const MOST_ENTRIES: usize = 4096;
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What an entry takes, with what holds it; and each batch that it names.
const ENTRY_BYTES: usize = 256;
const BATCH_BYTES: usize = 96;

/// The newest entries.
#[derive(Debug, Default)]
pub(super) struct Recent {
    entries: VecDeque<Kept>,
    /// How many were taken out before those that are here.
    first: u64,
    bytes: usize,
    /// Records that all entries have announced since the first beginning.
    announced: u64,
    /// What of the feeds is before those that are here; `None` while nobody follows them.
    before: Option<Vector>,
    /// What is with them.
    reached: Vector,
    /// How often it was begun.
    beginning: u64,
}

#[derive(Debug)]
struct Kept {
    entry: Arc<FeedEntry>,
    /// Records that were announced before it.
    announced: u64,
}

/// How far somebody has gone through the entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    beginning: u64,
    next: u64,
    announced: u64,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Next {
    /// This entry, and when the newest one was written is [`Recent::age`]'s to tell.
    Entry(Arc<FeedEntry>),
    /// Nothing yet.
    End,
    /// What is not here any more.
    Lost,
    /// The entries were begun anew: what he needs the store has.
    Anew,
}

impl Recent {
    /// Begins anew behind these entries.
    pub(super) fn begin(&mut self, vector: Vector) {
        self.end();
        self.reached.clone_from(&vector);
        self.before = Some(vector);
        self.beginning += 1;
    }

    /// Keeps nothing while nobody follows.
    pub(super) fn end(&mut self) {
        self.first += u64::try_from(self.entries.len()).unwrap_or(0);
        self.entries = VecDeque::new();
        self.bytes = 0;
        self.before = None;
    }

    /// Adds what was written next.
    pub(super) fn add(&mut self, entries: Vec<FeedEntry>) {
        for entry in entries {
            self.reached.insert(entry.feed, entry.reached);
            self.bytes += bytes_of(&entry);
            let announced = self.announced;
            self.announced += entry.announced.records();
            let entry = Arc::new(entry);
            self.entries.push_back(Kept { entry, announced });
        }
        while self.entries.len() > MOST_ENTRIES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.first += 1;
            self.bytes = self.bytes.saturating_sub(bytes_of(&oldest.entry));
            if let Some(before) = &mut self.before {
                before.insert(oldest.entry.feed, oldest.entry.reached);
            }
        }
    }

    /// The newest entry of each feed.
    pub(super) fn reached(&self) -> &Vector {
        &self.reached
    }

    /// Where somebody at this place goes on among them; `None` where entries are missing that he needs.
    pub(super) fn mark(&self, place: &Place) -> Option<Mark> {
        let before = self.before.as_ref()?;
        place.is_behind(before).then_some(Mark {
            beginning: self.beginning,
            next: self.first,
            announced: self
                .entries
                .front()
                .map_or(self.announced, |kept| kept.announced),
        })
    }

    /// The next entry that somebody at this place has not behind him.
    pub(super) fn next(&self, mark: &mut Mark, place: &Place) -> Next {
        if mark.beginning != self.beginning || self.before.is_none() {
            return Next::Anew;
        }
        if mark.next < self.first {
            return Next::Lost;
        }
        loop {
            let position = usize::try_from(mark.next - self.first).unwrap_or(usize::MAX);
            let Some(kept) = self.entries.get(position) else {
                mark.announced = self.announced;
                return Next::End;
            };
            mark.announced = kept.announced;
            let entry = &kept.entry;
            let is_given = place.vector.get(&entry.feed);
            if is_given.is_some_and(|at| at.number >= entry.reached.number) {
                mark.next += 1;
                continue;
            }
            return match place.is_before(entry) {
                true => Next::Entry(Arc::clone(entry)),
                false => Next::Anew,
            };
        }
    }

    /// How much older an entry is than the newest one, in nanoseconds.
    pub(super) fn age(&self, entry: &FeedEntry) -> i64 {
        let newest = self.entries.back().map_or(entry.at, |kept| kept.entry.at);
        newest.nanos().saturating_sub(entry.at.nanos())
    }

    /// Records that were announced from there on.
    pub(super) fn missed(&self, mark: &Mark) -> u64 {
        self.announced.saturating_sub(mark.announced)
    }
}

fn bytes_of(entry: &FeedEntry) -> usize {
    ENTRY_BYTES + BATCH_BYTES * entry.announced.batches().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use record::id::BatchId;
    use store::feed::{Announced, FeedId, Life, Reached};

    fn reached(number: u64) -> Reached {
        let life = Life([1; 8]);
        Reached { number, life }
    }

    fn entry(feed: u8, number: u64, records: u32) -> FeedEntry {
        let mut announced = Announced::default();
        let number_bytes = number.to_be_bytes();
        (0..records)
            .for_each(|position| announced.add(BatchId::from_bytes(number_bytes), position));
        FeedEntry {
            feed: FeedId([feed; 8]),
            reached: reached(number),
            at: Timestamp::from_nanos(i64::try_from(number).unwrap()),
            announced,
            spans: Vec::new(),
        }
    }

    fn place(feed: u8, number: u64) -> Place {
        let vector = Vector::from([(FeedId([feed; 8]), reached(number))]);
        Place::at(None, vector, None)
    }

    fn rest(recent: &Recent, place: &mut Place, mark: &mut Mark) -> Vec<u64> {
        let mut numbers = Vec::new();
        while let Next::Entry(entry) = recent.next(mark, place) {
            numbers.push(entry.reached.number);
            place.pass(&entry);
        }
        numbers
    }

    #[test]
    fn whoever_is_among_the_entries_gets_what_is_behind_him_and_knows_how_much_he_missed() {
        let mut recent = Recent::default();
        assert!(recent.mark(&place(1, 9)).is_none(), "nobody follows yet");
        recent.begin(place(1, 4).vector);
        recent.add((5..9).map(|number| entry(1, number, 10)).collect());
        assert!(recent.mark(&place(1, 3)).is_none());
        let mut reader = place(1, 6);
        let mut mark = recent.mark(&reader).unwrap();
        assert!(matches!(recent.next(&mut mark, &reader), Next::Entry(_)));
        assert_eq!(recent.missed(&mark), 20);
        assert_eq!(rest(&recent, &mut reader, &mut mark), [7, 8]);
        assert_eq!(recent.missed(&mark), 0);
        recent.add(vec![entry(2, 1, 5), entry(1, 9, 1)]);
        assert_eq!(rest(&recent, &mut reader, &mut mark), [1, 9]);
        recent.begin(reader.vector.clone());
        assert!(matches!(recent.next(&mut mark, &reader), Next::Anew));
        recent.end();
        assert!(recent.mark(&reader).is_none());
    }

    #[test]
    fn entries_are_bounded_and_whoever_is_too_far_behind_is_told() {
        let mut recent = Recent::default();
        recent.begin(place(1, 0).vector);
        let mut reader = place(1, 0);
        let mut mark = recent.mark(&reader).unwrap();
        let all = u64::try_from(MOST_ENTRIES).unwrap() + 5;
        recent.add((1..=all).map(|number| entry(1, number, 1)).collect());
        assert_eq!(recent.entries.len(), MOST_ENTRIES);
        assert!(matches!(recent.next(&mut mark, &reader), Next::Lost));
        assert_eq!(recent.missed(&mark), all);
        assert!(recent.mark(&reader).is_none());
        reader = place(1, 5);
        let mut mark = recent.mark(&reader).unwrap();
        assert_eq!(rest(&recent, &mut reader, &mut mark).len(), MOST_ENTRIES);
    }

    #[test]
    fn large_entries_are_bounded_by_what_they_take() {
        let mut recent = Recent::default();
        recent.begin(Vector::new());
        for number in 1..=40 {
            let mut large = entry(1, number, 0);
            for batch in 0..10_000_u64 {
                large
                    .announced
                    .add(BatchId::from_bytes(batch.to_be_bytes()), 0);
            }
            recent.add(vec![large]);
        }
        assert!(recent.bytes <= MOST_BYTES);
        assert!((2..40).contains(&recent.entries.len()));
    }
}
