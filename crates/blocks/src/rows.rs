//! Records put together again from the columns of a block.

use crate::ids::Ids;
use crate::leaf::Leaf;
use crate::levels::Levels;
use crate::shapes::{Places, Shapes, ShapesWriter, WHOLE_SHAPE};
use crate::texts::Texts;
use crate::values::Values;
use record::id::RecordId;
use std::collections::HashMap;
use std::sync::Arc;

/// The records of a block, whose columns have all been read.
#[derive(Debug)]
pub struct Rows<'a> {
    ids: &'a Ids,
    levels: &'a Levels,
    messages: &'a Texts,
    shapes: &'a Shapes,
    attributes: Vec<AttributeColumn>,
}

/// A column of attributes, and where the values of each record stand in it.
#[derive(Debug, Clone)]
pub struct AttributeColumn {
    /// The path; `None` for attributes that are kept whole.
    pub path: Option<String>,
    /// Its values.
    pub values: Arc<Values>,
    /// Where they stand.
    pub places: Arc<Places>,
}

impl<'a> Rows<'a> {
    /// Those of these columns, each of which is of one block. `attributes` are all that it has, in their order.
    pub fn new(
        (ids, levels, messages): (&'a Ids, &'a Levels, &'a Texts),
        shapes: &'a Shapes,
        attributes: Vec<AttributeColumn>,
    ) -> Self {
        Self {
            ids,
            levels,
            messages,
            shapes,
            attributes,
        }
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
    pub(crate) fn leaves(&self, place: usize) -> impl Iterator<Item = Leaf<'_>> {
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

    /// Bytes of its values, about.
    pub(crate) fn attribute_bytes(&self, place: usize) -> usize {
        let bytes = |leaf: Leaf<'_>| match leaf {
            Leaf::Integer(_) => size_of::<i64>(),
            Leaf::Text(text) | Leaf::Json(text) => text.len(),
        };
        self.leaves(place).map(bytes).sum()
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

/// What is known of the shapes of a block whose records go into another one.
#[derive(Debug, Default)]
pub struct RowSource {
    shapes: HashMap<usize, Option<u16>>,
}

impl RowSource {
    /// The shape that a record has in the other block; `None` without attributes.
    pub(crate) fn shape(
        &mut self,
        rows: &Rows<'_>,
        place: usize,
        other: &mut ShapesWriter,
    ) -> Option<u16> {
        let number = rows.shapes.of_record(place);
        if let Some(shape) = self.shapes.get(&number) {
            return *shape;
        }
        let shape = rows.shapes.shape(number);
        let shape = shape.and_then(|shape| {
            let pieces = rows.shapes.pieces(shape)?;
            let pieces: Vec<Vec<u8>> = pieces.map(|piece| piece.as_bytes().to_vec()).collect();
            let column = |column: &u16| rows.attributes.get(usize::from(*column));
            let paths = shape
                .columns
                .iter()
                .map(|number| column(number)?.path.clone());
            let paths: Option<Vec<String>> = paths.collect();
            Some(paths.map_or(WHOLE_SHAPE, |paths| other.of_pieces(pieces, &paths)))
        });
        self.shapes.insert(number, shape);
        shape
    }
}
