//! What of blocks was read last, unpacked and checked, within a bound of memory.

use super::storage::Place;
use crate::figures::CacheFigures;
use blocks::filter::Filter;
use blocks::head::Head;
use blocks::ids::Ids;
use blocks::levels::Levels;
use blocks::rows::AttributeColumn;
use blocks::shapes::Shapes;
use blocks::texts::Texts;
use blocks::values::counted::Counted;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a head takes for each of its columns, about.
const SECTION_BYTES: usize = 128;
/// What an entry takes beside what it holds.
const ENTRY_BYTES: usize = 96;
/// The share of what is asked for again and again. The rest is for what is new, which a search may come back to: the last
/// block of a page is the first one of the next.
const KEPT_LONG: f64 = 0.5;
/// A usual column, by which the cache's table is made.
const USUAL_BYTES: usize = 64 * 1024;
/// A part of the cache that is locked by itself: it keeps nothing that is larger than its share of what is asked for again
/// and again, and the messages of a block may take 4 MiB.
const SHARD_BYTES: usize = 16 * 1024 * 1024;

/// A column of a block.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Ids(Arc<Ids>),
    Levels(Arc<Levels>),
    Messages(Arc<Texts>),
    Shapes(Arc<Shapes>),
    Attribute(AttributeColumn),
}

impl Part {
    fn memory(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.memory(),
            Self::Levels(levels) => levels.memory(),
            Self::Messages(messages) => messages.memory(),
            Self::Shapes(shapes) => shapes.memory(),
            Self::Attribute(column) => column.memory(),
        }
    }
}

/// What every search looks at first.
#[derive(Debug, Clone)]
pub(super) struct Front {
    pub(super) head: Arc<Head>,
    pub(super) filter: Arc<Filter>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Front(Place),
    /// The column at this place among the sections of the block's head.
    Part(Place, usize),
    /// How often each of its values is there.
    Counted(Place, usize),
}

#[derive(Debug, Clone)]
enum Kept {
    Front(Front),
    Part(Part),
    Counted(Arc<Counted>),
}

#[derive(Debug, Clone)]
struct Bytes;

impl Weighter<Key, Kept> for Bytes {
    fn weight(&self, _: &Key, kept: &Kept) -> u64 {
        let bytes = match kept {
            Kept::Front(front) => front.head.sections.len() * SECTION_BYTES + front.filter.memory(),
            Kept::Part(part) => part.memory(),
            Kept::Counted(counted) => counted.memory(),
        };
        (bytes + ENTRY_BYTES) as u64
    }
}

/// Parts of blocks. A block never changes, so what is here is never wrong; what is of a block that is gone is asked
/// for no more, and makes room by and by.
pub(super) struct BlockCache {
    kept: Cache<Key, Kept, Bytes>,
    hits: AtomicU64,
    misses: AtomicU64,
}

impl BlockCache {
    /// Keeps nothing of what there was.
    pub(super) fn clear(&self) {
        self.kept.clear();
    }

    /// One that takes so many bytes of memory at most, but for what is being read.
    pub(super) fn new(bytes: usize) -> Self {
        let items = (bytes / USUAL_BYTES).max(1);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(items)
            .weight_capacity(bytes as u64)
            .shards((bytes / SHARD_BYTES).max(1))
            .hot_allocation(KEPT_LONG)
            .build();
        let (hashes, lifecycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        let kept = match options {
            Ok(options) => Cache::with_options(options, Bytes, hashes, lifecycle),
            Err(_) => Cache::with(items, bytes as u64, Bytes, hashes, lifecycle),
        };
        Self {
            kept,
            hits: AtomicU64::default(),
            misses: AtomicU64::default(),
        }
    }

    fn look(&self, key: &Key) -> Option<Kept> {
        let found = self.kept.get(key);
        let count = match found {
            Some(_) => &self.hits,
            None => &self.misses,
        };
        count.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(super) fn figures(&self) -> CacheFigures {
        CacheFigures {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            bytes: self.kept.weight(),
            max_bytes: self.kept.capacity(),
        }
    }

    pub(super) fn front(&self, place: Place) -> Option<Front> {
        match self.look(&Key::Front(place)) {
            Some(Kept::Front(front)) => Some(front),
            _ => None,
        }
    }

    pub(super) fn keep_front(&self, place: Place, front: Front) {
        self.kept.insert(Key::Front(place), Kept::Front(front));
    }

    pub(super) fn part(&self, place: Place, section: usize) -> Option<Part> {
        match self.look(&Key::Part(place, section)) {
            Some(Kept::Part(part)) => Some(part),
            _ => None,
        }
    }

    pub(super) fn keep_part(&self, place: Place, section: usize, part: Part) {
        self.kept
            .insert(Key::Part(place, section), Kept::Part(part));
    }

    pub(super) fn counted(&self, place: Place, section: usize) -> Option<Arc<Counted>> {
        match self.look(&Key::Counted(place, section)) {
            Some(Kept::Counted(counted)) => Some(counted),
            _ => None,
        }
    }

    pub(super) fn keep_counted(&self, place: Place, section: usize, counted: Arc<Counted>) {
        let key = Key::Counted(place, section);
        self.kept.insert(key, Kept::Counted(counted));
    }
}
