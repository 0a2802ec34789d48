//! The records of a block that go into another one.

use super::Rows;
use crate::rows::AttributeColumn;
use crate::shapes::{Found, Pieces, ShapesWriter, WHOLE_SHAPE};
use record::id::RecordId;
use std::ops::Range;

/// The records of a block that go into another one, and what is known of their shapes, levels and columns there.
#[derive(Debug)]
pub struct RowSource<'a> {
    rows: &'a Rows<'a>,
    /// The writer that all numbers are of.
    writer: Option<u64>,
    shapes: Vec<Option<u16>>,
    levels: Vec<Option<u64>>,
    columns: Vec<Option<u16>>,
    /// Whether each of these columns has all its values in one of the writer, and no other has its values there.
    is_plain: bool,
}

impl<'a> RowSource<'a> {
    /// Those of these columns.
    pub fn new(rows: &'a Rows<'a>) -> Self {
        Self {
            rows,
            writer: None,
            shapes: Vec::new(),
            levels: Vec::new(),
            columns: Vec::new(),
            is_plain: true,
        }
    }

    /// All that is known of the records.
    pub fn rows(&self) -> &'a Rows<'a> {
        self.rows
    }

    /// From now on all is about the writer of this number.
    pub(crate) fn is_for(&mut self, writer: u64) {
        if self.writer != Some(writer) {
            self.writer = Some(writer);
            self.shapes.clear();
            self.levels.clear();
            self.columns.clear();
            self.is_plain = true;
        }
    }

    /// The shape that a record would have in the writer whose shapes `other` are; `None` without attributes.
    pub(crate) fn shape(&self, place: usize, other: &ShapesWriter) -> Option<Found> {
        if let Some(shape) = self.known_shape(place) {
            return Some(Found::Known(shape));
        }
        let rows = self.rows;
        let shape = rows.shapes.shape(rows.shapes.of_record(place))?;
        let mut pieces = Pieces::default();
        for piece in rows.shapes.pieces(shape)? {
            pieces.push(piece.as_bytes());
        }
        let path = |column: &u16| {
            let column = rows.attributes.get(usize::from(*column))?;
            column.path().map(str::to_owned)
        };
        let paths: Option<Vec<String>> = shape.columns.iter().map(path).collect();
        let found = paths.map(|paths| other.of_pieces(pieces, &paths));
        Some(found.unwrap_or(Found::Known(WHOLE_SHAPE)))
    }

    /// The same, if it was learnt.
    pub(crate) fn known_shape(&self, place: usize) -> Option<u16> {
        let shape = self.shapes.get(self.rows.shapes.of_record(place));
        shape.copied().flatten()
    }

    /// The record has this shape, with its values in these columns.
    pub(crate) fn learn(&mut self, place: usize, shape: u16, columns: &[u16]) {
        let number = self.rows.shapes.of_record(place);
        set(&mut self.shapes, number, shape);
        let own = self.rows.shapes.shape(number);
        let own = own.map_or(&[][..], |shape| &shape.columns);
        // What is kept whole there only has other values.
        self.is_plain &=
            own.len() == columns.len() && (shape != WHOLE_SHAPE || self.is_whole(place));
        for (own, column) in own.iter().zip(columns) {
            let own = usize::from(*own);
            let known = self.columns.get(own).copied().flatten();
            let is_new = known.is_none() && !self.columns.contains(&Some(*column));
            self.is_plain &= is_new || known == Some(*column);
            set(&mut self.columns, own, *column);
        }
    }

    /// Whether a record is kept whole here.
    fn is_whole(&self, place: usize) -> bool {
        let shapes = self.rows.shapes;
        let shape = shapes.shape(shapes.of_record(place));
        shape.is_some_and(|shape| {
            let mut pieces = shapes.pieces(shape).into_iter().flatten();
            let column = match shape.columns.as_slice() {
                [column] => self.rows.attributes.get(usize::from(*column)),
                _ => None,
            };
            column.is_some_and(|column| column.path().is_none()) && pieces.all(str::is_empty)
        })
    }

    /// Whether whole runs of what was learnt can be appended, column by column.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// The number of a record's level there, if it was learnt.
    pub(crate) fn known_level(&self, place: usize) -> Option<u64> {
        let level = self.levels.get(self.rows.levels.number(place));
        level.copied().flatten()
    }

    pub(crate) fn learn_level(&mut self, place: usize, level: u64) {
        set(&mut self.levels, self.rows.levels.number(place), level);
    }

    /// The columns, with that of the writer for each that was learnt.
    pub(crate) fn columns(&self) -> impl Iterator<Item = (&'a AttributeColumn, u16)> {
        let columns = self.rows.attributes.iter().zip(&self.columns);
        columns.filter_map(|(own, column)| Some((own, (*column)?)))
    }
}

fn set<T: Clone>(known: &mut Vec<Option<T>>, place: usize, value: T) {
    if known.len() <= place {
        known.resize(place + 1, None);
    }
    if let Some(known) = known.get_mut(place) {
        *known = Some(value);
    }
}

/// In which order the records of several blocks follow one another: which block's, and as many of its places as come
/// before any of another block.
pub fn runs(blocks: &[&[RecordId]]) -> impl Iterator<Item = (usize, Range<usize>)> {
    let mut next = vec![0; blocks.len()];
    std::iter::from_fn(move || {
        let rest = blocks.iter().zip(&next);
        let firsts = rest.enumerate().filter_map(|(number, (ids, next))| {
            let id = ids.get(*next)?;
            Some((*id, number))
        });
        let (mut least, mut second) = (None, None);
        for first in firsts {
            if least.is_none_or(|least| first < least) {
                second = least.replace(first);
            } else if second.is_none_or(|second| first < second) {
                second = Some(first);
            }
        }
        let (_, number) = least?;
        let (ids, next) = (blocks.get(number)?, next.get_mut(number)?);
        let start = *next;
        let run = ids.get(start..)?;
        let length = second.map_or(run.len(), |(second, _)| {
            run.partition_point(|id| *id < second)
        });
        // One at least, also where another block has the same id.
        *next += length.max(1);
        Some((number, start..*next))
    })
}
