//! Where a reader of a tail is, and what of pages and of the feed's entries is given to him: every matching record once,
//! whenever it is stored. Pure.
//!
//! A reader at `{after, vector}` was given all records that match with an id up to `after` of which the entries up to
//! `vector` tell, or no entry; nothing else. Two steps keep that so:
//!
//! - *An entry*, the next one of its feed: its records with ids up to `after` are given, in the order of ids, and the
//!   vector goes on by it. Those behind `after` are left to the pages.
//! - *A page*, the next records behind `after` up to some id: those that no entry announces that was written up to when the
//!   page had been read, but behind `vector`, are given, and `after` goes on. Those that one does follow with it.
//!
//! At the live end `after` is behind all records: entries alone go on. A place in the midst of an entry says which of its
//! records was given last.

use logs::Timestamp;
use record::id::{RECORD_ID_BYTES, RecordId};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::feed::{FeedEntry, FeedId, Life, Reached, Vector};

/// Feeds whose places go into an id: an id stays bounded.
pub const MOST_FEEDS: usize = 64;

const HAS_AFTER: u8 = 1;
const HAS_WITHIN: u8 = 2;
const HAS_NOW: u8 = 4;
const LACKS_FEEDS: u8 = 8;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The records up to here were given; `None` at the live end.
    pub after: Option<RecordId>,
    /// Up to these entries.
    pub vector: Vector,
    /// In the next entry of this feed, the records up to here were given as well.
    pub within: Option<(FeedId, RecordId)>,
    /// When the question was asked first, if it has times that count from there.
    pub now: Option<Timestamp>,
    /// Whether there were more feeds than fit: of those that are not in it nothing is known.
    pub lacks_feeds: bool,
}

/// A place as bytes in front of the id of a record that was given last, which alone differs between the records of one page
/// or of one entry.
#[derive(Debug, Clone)]
pub struct Places(Vec<u8>);

impl Place {
    /// Before all records with ids behind `after`, or at the live end without it.
    pub fn at(after: Option<RecordId>, vector: Vector, now: Option<Timestamp>) -> Self {
        Self {
            after,
            vector,
            within: None,
            now,
            lacks_feeds: false,
        }
    }

    /// Whether this is the next entry of its feed.
    pub fn is_before(&self, entry: &FeedEntry) -> bool {
        let number = self.vector.get(&entry.feed).map_or(0, |at| at.number);
        number.checked_add(1) == Some(entry.reached.number)
    }

    /// The last record of an entry that was given, if one was.
    pub fn within(&self, entry: &FeedEntry) -> Option<RecordId> {
        let within = self.within.filter(|(feed, _)| *feed == entry.feed);
        within.map(|(_, last)| last)
    }

    /// Whether a record that matches is given with the next entry of a feed.
    pub fn takes(&self, entry: &FeedEntry, id: &RecordId) -> bool {
        entry.announced.has(id)
            && self.after.is_none_or(|after| *id <= after)
            && self.within(entry).is_none_or(|last| *id > last)
    }

    /// The same place when this entry's records were given.
    pub fn pass(&mut self, entry: &FeedEntry) {
        self.vector.insert(entry.feed, entry.reached);
        if self.within(entry).is_some() {
            self.within = None;
        }
    }

    /// Whether all entries up to `vector` are behind it.
    pub fn is_behind(&self, vector: &Vector) -> bool {
        let number = |feed| self.vector.get(feed).map_or(0, |at: &Reached| at.number);
        vector.iter().all(|(feed, at)| number(feed) >= at.number)
    }

    /// Its bytes, as [`Place::read`] takes them.
    pub fn bytes(&self) -> Vec<u8> {
        let last = self.within.map(|(_, last)| last).or(self.after);
        self.places().at(last)
    }

    /// Places that differ from this one by the record that was given last alone: of an entry if this is a place within
    /// one, else of a page.
    pub fn places(&self) -> Places {
        let mut bytes = Vec::with_capacity(128);
        let mut flags = 0;
        let mut set = |is_so: bool, flag| flags |= if is_so { flag } else { 0 };
        set(self.after.is_some(), HAS_AFTER);
        set(self.within.is_some(), HAS_WITHIN);
        set(self.now.is_some(), HAS_NOW);
        set(
            self.lacks_feeds || self.vector.len() > MOST_FEEDS,
            LACKS_FEEDS,
        );
        bytes.push(flags);
        if let Some(now) = self.now {
            bytes.extend_from_slice(&now.nanos().to_be_bytes());
        }
        let feeds = self.feeds();
        bytes.push(u8::try_from(feeds.len()).unwrap_or(u8::MAX));
        for (feed, at) in &feeds {
            bytes.extend_from_slice(&feed.0);
            bytes.extend_from_slice(&at.number.to_be_bytes());
            bytes.extend_from_slice(&at.life.0);
        }
        if let Some((feed, _)) = self.within {
            bytes.extend_from_slice(&feed.0);
            if let Some(after) = self.after {
                bytes.extend_from_slice(after.as_bytes());
            }
        }
        Places(bytes)
    }

    /// Those of its feeds that fit; one of whose entries a part was given is among them.
    fn feeds(&self) -> Vec<(FeedId, Reached)> {
        let within = self.within.map(|(feed, _)| feed);
        let (first, rest): (Vec<_>, Vec<_>) = self
            .vector
            .iter()
            .partition(|(feed, _)| Some(**feed) == within);
        let all = first.into_iter().chain(rest).take(MOST_FEEDS);
        all.map(|(feed, at)| (*feed, *at)).collect()
    }

    /// The place that has these bytes.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes;
        let [flags] = take(&mut rest)?;
        let has = |flag| flags & flag != 0;
        let now = match has(HAS_NOW) {
            true => Some(Timestamp::from_nanos(i64::from_be_bytes(take(&mut rest)?))),
            false => None,
        };
        let [feeds] = take(&mut rest)?;
        let mut vector = Vector::new();
        for _ in 0..feeds {
            let feed = FeedId(take(&mut rest)?);
            let number = u64::from_be_bytes(take(&mut rest)?);
            let life = Life(take(&mut rest)?);
            vector.insert(feed, Reached { number, life });
        }
        let feed = match has(HAS_WITHIN) {
            true => Some(FeedId(take(&mut rest)?)),
            false => None,
        };
        let after = match has(HAS_AFTER) {
            true => Some(take_id(&mut rest)?),
            false => None,
        };
        let within = match feed {
            Some(feed) => Some((feed, take_id(&mut rest)?)),
            None => None,
        };
        let place = Self {
            after,
            vector,
            within,
            now,
            lacks_feeds: has(LACKS_FEEDS),
        };
        rest.is_empty().then_some(place)
    }
}

impl Places {
    /// The place at which this record was given last.
    pub fn at(&self, last: Option<RecordId>) -> Vec<u8> {
        let mut bytes = self.0.clone();
        if let Some(last) = last {
            bytes.extend_from_slice(last.as_bytes());
        }
        bytes
    }

    /// The same in place of what is in `bytes`.
    pub fn put(&self, last: RecordId, bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.extend_from_slice(&self.0);
        bytes.extend_from_slice(last.as_bytes());
    }
}

/// Which of a page's records are not given with it, since an entry gives them that was written while it was read.
#[derive(Debug, Default)]
pub struct Later {
    entries: Vec<Arc<FeedEntry>>,
    /// Most records of a page are in none of them.
    batches: BTreeSet<[u8; 8]>,
}

impl Later {
    /// What these entries announce.
    pub fn of(entries: Vec<Arc<FeedEntry>>) -> Self {
        let batches = entries.iter().flat_map(|entry| entry.announced.batches());
        Self {
            batches: batches.map(|(batch, _)| *batch.as_bytes()).collect(),
            entries,
        }
    }

    /// Whether an entry gives this record.
    pub fn has(&self, id: &RecordId) -> bool {
        let is_announced = |entry: &Arc<FeedEntry>| entry.announced.has(id);
        self.batches.contains(id.batch().as_bytes()) && self.entries.iter().any(is_announced)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

fn take_id(bytes: &mut &[u8]) -> Option<RecordId> {
    RecordId::from_slice(&take::<RECORD_ID_BYTES>(bytes)?)
}

#[cfg(test)]
mod tests;
