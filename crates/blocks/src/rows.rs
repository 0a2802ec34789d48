//! Records put together again from the columns of a block.

mod json;
mod source;

pub use json::AttributesWriter;
pub use source::{RowSource, runs};

use crate::damaged::Damaged;
use crate::head::Head;
use crate::ids::Ids;
use crate::leaf::Leaf;
use crate::levels::Levels;
use crate::section::Column;
use crate::shapes::{Places, Shapes};
use crate::texts::Texts;
use crate::values::Values;
use record::id::RecordId;
use std::ops::Range;
use std::sync::Arc;

/// The records of a block, whose columns have all been read.
#[derive(Debug)]
pub struct Rows<'a> {
    pub(crate) ids: &'a Ids,
    pub(crate) levels: &'a Levels,
    pub(crate) messages: &'a Texts,
    pub(crate) shapes: &'a Shapes,
    attributes: Vec<AttributeColumn>,
    /// What counts against [`MOST_TEXT`](crate::MOST_TEXT).
    pub(crate) text: usize,
}

/// A column of attributes, and where the values of each record stand in it; see
/// [`Head::attribute`](crate::head::Head::attribute).
#[derive(Debug, Clone)]
pub struct AttributeColumn {
    /// Among the sections of its head.
    place: usize,
    path: Option<Arc<str>>,
    values: Arc<Values>,
    places: Arc<Places>,
}

impl AttributeColumn {
    pub(crate) fn new(place: usize, column: &Column, values: Values, places: Places) -> Self {
        Self {
            place,
            path: match column {
                Column::Attribute(path) => Some(path.as_str().into()),
                _ => None,
            },
            values: Arc::new(values),
            places: Arc::new(places),
        }
    }

    /// Its place among the sections of its block's head.
    pub fn place(&self) -> usize {
        self.place
    }

    /// The path; `None` for attributes that are kept whole.
    pub fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Its values.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Where the values of the records at some places stand among them.
    pub(crate) fn places_of(&self, records: Range<usize>) -> Range<usize> {
        self.places.run(records)
    }

    /// Where the value of a record stands among them, if it has one.
    #[inline]
    pub fn place_of(&self, record: usize) -> Option<usize> {
        self.places.of(record)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let path = self.path.as_ref().map_or(0, |path| path.len());
        path + self.values.memory() + self.places.memory()
    }
}

impl<'a> Rows<'a> {
    /// Those of a block with this head. `attributes` are all columns that it has of them, in their order.
    ///
    /// # Errors
    /// [`Damaged`] when there are more or fewer columns, or when one is of another block, as far as it can be told:
    /// records would come back with others' values.
    pub fn new(
        head: &Head,
        (ids, levels, messages): (&'a Ids, &'a Levels, &'a Texts),
        shapes: &'a Shapes,
        attributes: Vec<AttributeColumn>,
    ) -> Result<Self, Damaged> {
        let all = ids.as_slice();
        let is_of_head = all.first() == Some(&head.first) && all.last() == Some(&head.last);
        let lengths = [all.len(), levels.len(), messages.len(), shapes.len()];
        let is_all = lengths.iter().all(|length| *length == head.records);
        let expected = head
            .attributes()
            .map(|(place, section)| (place, section.values));
        let given = attributes
            .iter()
            .map(|column| (column.place, column.values.len()));
        let is_whole = expected.eq(given)
            && attributes
                .iter()
                .all(|column| column.places.is_of(head.records));
        match is_of_head && is_all && is_whole {
            true => Ok(Self {
                ids,
                levels,
                messages,
                shapes,
                attributes,
                text: head.text,
            }),
            false => Err(Damaged::Impossible("columns of different blocks")),
        }
    }

    /// The ids of all records, in their order.
    pub fn ids(&self) -> &'a [RecordId] {
        self.ids.as_slice()
    }

    /// The id of the record at a place.
    #[inline]
    pub fn id(&self, place: usize) -> Option<RecordId> {
        self.ids.as_slice().get(place).copied()
    }

    /// When it was received, in milliseconds since 1970.
    pub fn received(&self, place: usize) -> i64 {
        self.ids.received(place)
    }

    /// Its severity.
    pub fn severity(&self, place: usize) -> u8 {
        self.levels.severity(place)
    }

    /// Its level as it was sent.
    pub fn level(&self, place: usize) -> Option<&'a str> {
        self.levels.text(place)
    }

    /// Its text.
    #[inline]
    pub fn message(&self, place: usize) -> &'a str {
        self.messages.get(place)
    }

    /// The values of its attributes, in their order.
    pub(crate) fn leaves(&self, place: usize) -> impl Iterator<Item = Leaf<'_>> + Clone {
        let shape = self.shapes.shape(self.shapes.of_record(place));
        let columns = shape.map_or(&[][..], |shape| &shape.columns);
        columns.iter().map(move |column| self.leaf(*column, place))
    }

    #[inline]
    fn leaf(&self, column: u16, record: usize) -> Leaf<'_> {
        let column = self.attributes.get(usize::from(column));
        let leaf = column.and_then(|column| Some(column.values.get(column.places.of(record)?)));
        leaf.unwrap_or(Leaf::Text(""))
    }

    /// Appends its attributes as a JSON object, if it has any.
    pub fn write_attributes(&self, place: usize, out: &mut Vec<u8>) -> bool {
        let Some(shape) = self.shapes.shape(self.shapes.of_record(place)) else {
            return false;
        };
        let Some(pieces) = self.shapes.pieces(shape) else {
            return false;
        };
        let mut columns = shape.columns.iter();
        for piece in pieces {
            out.extend_from_slice(piece.as_bytes());
            if let Some(column) = columns.next() {
                self.leaf(*column, place).write_json(out);
            }
        }
        true
    }
}
