//! The columns of one block, as a search comes to want them: from the cache, or fetched and unpacked.

use super::plan::{is_inside, within};
use crate::StoreError;
use crate::blocks::cache::{BlockCache, Front, Part};
use crate::blocks::storage::{Day, Listed, Place, Snapshot};
use blocks::damaged::Damaged;
use blocks::head::Head;
use blocks::ids::{Ids, Times};
use blocks::levels::Levels;
use blocks::rows::{AttributeColumn, Rows};
use blocks::section::{Column, Unpacker};
use blocks::shapes::Shapes;
use blocks::texts::Texts;
use query::Bounds;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A state of all blocks that several threads read of, one at a time.
pub(in crate::blocks) struct Shared<'a>(Mutex<Box<dyn Snapshot + 'a>>);

impl<'a> Shared<'a> {
    pub(in crate::blocks) fn new(snapshot: Box<dyn Snapshot + 'a>) -> Self {
        Self(Mutex::new(snapshot))
    }

    fn lock(&self) -> MutexGuard<'_, Box<dyn Snapshot + 'a>> {
        // Whoever panicked was reading, and left nothing half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Snapshot for Shared<'_> {
    fn list(&self, days: Range<Day>) -> Result<Vec<Listed>, StoreError> {
        self.lock().list(days)
    }

    fn head(&self, place: Place) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
        self.lock().head(place)
    }

    fn columns(&self, place: Place, parts: &[Range<usize>]) -> Result<Vec<Vec<u8>>, StoreError> {
        self.lock().columns(place, parts)
    }
}

/// Where columns come from.
#[derive(Clone, Copy)]
pub(in crate::blocks) struct Source<'a> {
    pub(in crate::blocks) snapshot: &'a (dyn Snapshot + Sync),
    pub(in crate::blocks) cache: &'a BlockCache,
}

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub(in crate::blocks) enum Unreadable {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Damaged(#[from] Damaged),
}

impl Unreadable {
    /// The store's error about the block there.
    pub(in crate::blocks) fn at(self, place: Place) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Damaged(damaged) => place.damaged(damaged),
        }
    }
}

const MISSING: Damaged = Damaged::Impossible("a column is missing");

impl<'a> Source<'a> {
    /// The head and the filter of a block.
    pub(in crate::blocks) fn front(self, place: Place) -> Result<Front, Unreadable> {
        if let Some(front) = self.cache.front(place) {
            return Ok(front);
        }
        let (head, filter) = self.snapshot.head(place)?;
        let head = Head::read(&head)?;
        let front = Front {
            filter: Arc::new(head.filter(&filter)?),
            head: Arc::new(head),
        };
        self.cache.keep_front(place, front.clone());
        Ok(front)
    }

    /// The columns of a block; nothing but its front is read yet.
    pub(in crate::blocks) fn columns(self, place: Place) -> Result<Columns<'a>, Unreadable> {
        Ok(Columns {
            source: self,
            place,
            front: self.front(place)?,
        })
    }
}

/// One block's columns.
pub(in crate::blocks) struct Columns<'a> {
    pub(super) source: Source<'a>,
    pub(super) place: Place,
    pub(in crate::blocks) front: Front,
}

/// How a column is read of what is stored of it.
type Read = fn(&Columns<'_>, &[u8], &mut Unpacker) -> Result<Part, Unreadable>;

impl Columns<'_> {
    /// Messages.
    pub(in crate::blocks) fn messages(
        &self,
        unpacker: &mut Unpacker,
    ) -> Result<Arc<Texts>, Unreadable> {
        let read: Read = |columns, stored, unpacker| {
            let messages = columns.front.head.messages(stored, unpacker)?;
            Ok(Part::Messages(Arc::new(messages)))
        };
        match self.part(&Column::Messages, read, unpacker)? {
            Part::Messages(messages) => Ok(messages),
            _ => Err(MISSING.into()),
        }
    }

    /// Severities and levels.
    pub(in crate::blocks) fn levels(
        &self,
        unpacker: &mut Unpacker,
    ) -> Result<Arc<Levels>, Unreadable> {
        let read: Read = |columns, stored, unpacker| {
            let levels = columns.front.head.levels(stored, unpacker)?;
            Ok(Part::Levels(Arc::new(levels)))
        };
        match self.part(&Column::Levels, read, unpacker)? {
            Part::Levels(levels) => Ok(levels),
            _ => Err(MISSING.into()),
        }
    }

    /// Which attributes a record has.
    pub(in crate::blocks) fn shapes(
        &self,
        unpacker: &mut Unpacker,
    ) -> Result<Arc<Shapes>, Unreadable> {
        let read: Read = |columns, stored, unpacker| {
            let shapes = columns.front.head.shapes(stored, unpacker)?;
            Ok(Part::Shapes(Arc::new(shapes)))
        };
        match self.part(&Column::Shapes, read, unpacker)? {
            Part::Shapes(shapes) => Ok(shapes),
            _ => Err(MISSING.into()),
        }
    }

    /// Ids, and when records were received.
    pub(in crate::blocks) fn ids(&self, unpacker: &mut Unpacker) -> Result<Arc<Ids>, Unreadable> {
        let read: Read = |columns, stored, unpacker| {
            let times = columns.times(unpacker)?;
            let ids = columns.front.head.ids(&times, stored, unpacker)?;
            Ok(Part::Ids(Arc::new(ids)))
        };
        match self.part(&Column::Tails, read, unpacker)? {
            Part::Ids(ids) => Ok(ids),
            _ => Err(MISSING.into()),
        }
    }

    /// Times alone. They are not kept: ids have them, too.
    pub(in crate::blocks) fn times(&self, unpacker: &mut Unpacker) -> Result<Times, Unreadable> {
        let section = self.front.head.place(&Column::Times).ok_or(MISSING)?;
        let stored = self.stored(&[section])?;
        let stored = stored.first().ok_or(MISSING)?;
        Ok(self.front.head.times(stored, unpacker)?)
    }

    /// The places whose records are within bounds.
    pub(in crate::blocks) fn within(
        &self,
        bounds: &Bounds,
        unpacker: &mut Unpacker,
    ) -> Result<Range<usize>, Unreadable> {
        let head = &self.front.head;
        Ok(match is_inside(bounds, head.first, head.last) {
            true => 0..head.records,
            false => within(self.ids(unpacker)?.as_slice(), bounds),
        })
    }

    /// The columns of attributes at these places among the sections.
    pub(in crate::blocks) fn attributes(
        &self,
        sections: &[usize],
        unpacker: &mut Unpacker,
    ) -> Result<Vec<AttributeColumn>, Unreadable> {
        let cache = self.source.cache;
        let known = |section: &usize| cache.part(self.place, *section);
        let known: Vec<Option<Part>> = sections.iter().map(known).collect();
        let pairs = sections.iter().zip(&known);
        let missing: Vec<usize> = pairs
            .filter(|(_, known)| known.is_none())
            .map(|(section, _)| *section)
            .collect();
        let mut stored = self.stored(&missing)?.into_iter();
        let mut columns = Vec::with_capacity(sections.len());
        for (section, known) in sections.iter().zip(known) {
            if let Some(Part::Attribute(column)) = known {
                columns.push(column);
                continue;
            }
            let stored = stored.next().ok_or(MISSING)?;
            let shapes = self.shapes(unpacker)?;
            let head = &self.front.head;
            let column = head.attribute(*section, &stored, &shapes, unpacker)?;
            cache.keep_part(self.place, *section, Part::Attribute(column.clone()));
            columns.push(column);
        }
        Ok(columns)
    }

    /// All that a record is made of.
    pub(in crate::blocks) fn whole(&self, unpacker: &mut Unpacker) -> Result<Whole, Unreadable> {
        let attributes = self.front.head.attributes();
        let attributes: Vec<usize> = attributes.map(|(section, _)| section).collect();
        Ok(Whole {
            front: self.front.clone(),
            ids: self.ids(unpacker)?,
            levels: self.levels(unpacker)?,
            messages: self.messages(unpacker)?,
            shapes: self.shapes(unpacker)?,
            attributes: self.attributes(&attributes, unpacker)?,
        })
    }

    fn part(
        &self,
        column: &Column,
        read: Read,
        unpacker: &mut Unpacker,
    ) -> Result<Part, Unreadable> {
        let section = self.front.head.place(column).ok_or(MISSING)?;
        let cache = self.source.cache;
        if let Some(part) = cache.part(self.place, section) {
            return Ok(part);
        }
        let stored = self.stored(&[section])?;
        let stored = stored.first().ok_or(MISSING)?;
        let part = read(self, stored, unpacker)?;
        cache.keep_part(self.place, section, part.clone());
        Ok(part)
    }

    /// What is stored of some columns, by their places among the sections.
    pub(super) fn stored(&self, sections: &[usize]) -> Result<Vec<Vec<u8>>, Unreadable> {
        if sections.is_empty() {
            return Ok(Vec::new());
        }
        let ranges: Vec<Range<usize>> = self.front.head.ranges().collect();
        let part = |section: &usize| ranges.get(*section).cloned();
        let parts: Option<Vec<_>> = sections.iter().map(part).collect();
        let parts = parts.ok_or(MISSING)?;
        Ok(self.source.snapshot.columns(self.place, &parts)?)
    }
}

/// All columns of a block.
pub(in crate::blocks) struct Whole {
    front: Front,
    ids: Arc<Ids>,
    levels: Arc<Levels>,
    messages: Arc<Texts>,
    shapes: Arc<Shapes>,
    attributes: Vec<AttributeColumn>,
}

/// The attributes of the record at a place, written to `json`.
pub(super) fn attributes_of<'a>(
    rows: &Rows<'_>,
    place: usize,
    json: &'a mut Vec<u8>,
) -> Option<&'a str> {
    json.clear();
    let has_attributes = rows.write_attributes(place, json);
    // What is written is UTF-8.
    let attributes = std::str::from_utf8(json).ok();
    attributes.filter(|_| has_attributes)
}

impl Whole {
    /// Its records.
    pub(in crate::blocks) fn rows(&self) -> Result<Rows<'_>, Damaged> {
        let columns = (&*self.ids, &*self.levels, &*self.messages);
        let attributes = self.attributes.clone();
        Rows::new(&self.front.head, columns, &self.shapes, attributes)
    }
}
