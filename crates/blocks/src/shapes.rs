//! The shape of attributes: their JSON text without the values, which stand in columns of their own.
//!
//! `{"http":{"status":503},"service":"a"}` is of the shape `{"http":{"status":` ‖ `},"service":` ‖ `}`, with the columns
//! `http.status` and `service` between its pieces. Records of one program have few shapes, and putting pieces
//! and values together again gives the text that there was, to the byte.
//!
//! ```text
//! number of shapes ‖ of each: columns + 1, or 0 for no attributes at all (varint), the columns (varints) ‖
//! the shape of each record (numbers) ‖ the pieces of all shapes (texts)
//! ```

mod drawn;
mod writer;

pub(crate) use drawn::Pieces;
pub(crate) use writer::{Found, ShapesWriter, WHOLE_SHAPE};

use crate::damaged::Damaged;
use crate::input::Input;
use crate::numbers;
use crate::texts::Texts;

/// The shapes of a block, and which one each record has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shapes {
    different: Vec<Shape>,
    /// Which columns each has, a bit for each column.
    has: Vec<u64>,
    /// Words of these for each shape.
    words: usize,
    pieces: Texts,
    of: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The first of its pieces: one more than it has columns. None where there are no attributes.
    first: Option<usize>,
    pub(crate) columns: Vec<u16>,
}

/// Where the values of an attribute stand in its column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places(Option<Vec<u32>>);

const NOWHERE: u32 = u32::MAX;
const WORD: usize = u64::BITS as usize;

impl Places {
    /// Whether they are those of so many records.
    pub(crate) fn is_of(&self, records: usize) -> bool {
        self.0.as_ref().is_none_or(|places| places.len() == records)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.0
            .as_ref()
            .map_or(0, |places| size_of_val(places.as_slice()))
    }

    /// Where the values of the records at some places stand.
    pub(crate) fn run(&self, records: std::ops::Range<usize>) -> std::ops::Range<usize> {
        let Some(places) = &self.0 else {
            return records;
        };
        let places = places.get(records).unwrap_or_default();
        let mut there = places.iter().filter(|place| **place != NOWHERE);
        let first = there.next().copied();
        let last = there.next_back().copied().or(first);
        let range = first.zip(last);
        range.map_or(0..0, |(first, last)| first as usize..last as usize + 1)
    }

    /// The place of a record's value, if it has one.
    #[inline]
    pub fn of(&self, record: usize) -> Option<usize> {
        match &self.0 {
            None => Some(record),
            Some(places) => {
                let place = places
                    .get(record)
                    .copied()
                    .filter(|place| *place != NOWHERE);
                place.map(|place| place as usize)
            }
        }
    }
}

impl Shapes {
    /// `values` says how many each of the columns has.
    pub(crate) fn read(
        mut input: Input<'_>,
        records: usize,
        values: &[usize],
    ) -> Result<Self, Damaged> {
        let count = input.count(records + usize::from(WHOLE_SHAPE) + 1)?;
        let (mut shapes, mut pieces) = (Vec::with_capacity(count), 0);
        for _ in 0..count {
            let shape = Shape::read(&mut input, pieces, values.len())?;
            pieces += shape.first.map_or(0, |_| shape.columns.len() + 1);
            shapes.push(shape);
        }
        let of = numbers::read::<u16>(&mut input, records)?;
        let pieces = Texts::read(input.rest().to_vec(), pieces)?;
        let mut of_shape = vec![0_usize; shapes.len()];
        for number in &of {
            let count = of_shape.get_mut(usize::from(*number));
            *count.ok_or(Damaged::Impossible("a shape that is not there"))? += 1;
        }
        let mut counts = vec![0_usize; values.len()];
        for (shape, records) in shapes.iter().zip(of_shape) {
            for column in &shape.columns {
                if let Some(count) = counts.get_mut(usize::from(*column)) {
                    *count += records;
                }
            }
        }
        if counts != values {
            return Err(Damaged::Impossible(
                "more or fewer values than records that have one",
            ));
        }
        let words = values.len().div_ceil(WORD);
        let mut has = vec![0_u64; shapes.len() * words];
        for (number, shape) in shapes.iter().enumerate() {
            for column in shape.columns.iter().map(|column| usize::from(*column)) {
                if let Some(word) = has.get_mut(number * words + column / WORD) {
                    *word |= 1 << (column % WORD);
                }
            }
        }
        Ok(Self {
            different: shapes,
            has,
            words,
            pieces,
            of,
        })
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }

    /// Where the values of a column stand.
    pub fn places(&self, column: usize) -> Places {
        let has = |shape: usize| {
            let word = self.has.get(shape * self.words + column / WORD);
            word.is_some_and(|word| word >> (column % WORD) & 1 == 1)
        };
        let has: Vec<bool> = (0..self.different.len()).map(has).collect();
        let has = |shape: &u16| has.get(usize::from(*shape)).copied().unwrap_or(false);
        if self.of.iter().all(has) {
            return Places(None);
        }
        let mut next = 0;
        let place = |shape: &u16| {
            let is_there = has(shape);
            let place = if is_there { next } else { NOWHERE };
            next += u32::from(is_there);
            place
        };
        Places(Some(self.of.iter().map(place).collect()))
    }

    /// How many different ones there are.
    pub(crate) fn different(&self) -> usize {
        self.different.len()
    }

    /// The number of a record's shape.
    pub(crate) fn of_record(&self, record: usize) -> usize {
        self.of.get(record).copied().unwrap_or(u16::MAX).into()
    }

    pub(crate) fn shape(&self, number: usize) -> Option<&Shape> {
        self.different.get(number)
    }

    /// The pieces of a shape; `None` of one without attributes.
    pub(crate) fn pieces(&self, shape: &Shape) -> Option<impl Iterator<Item = &str>> {
        let first = shape.first?;
        let places = first..=first + shape.columns.len();
        Some(places.map(|place| self.pieces.get(place)))
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        let columns = self
            .different
            .iter()
            .map(|shape| size_of::<Shape>() + 2 * shape.columns.len());
        let has = size_of_val(self.has.as_slice());
        columns.sum::<usize>() + has + self.pieces.memory() + 2 * self.of.len()
    }
}

impl Shape {
    fn read(input: &mut Input<'_>, first: usize, columns: usize) -> Result<Self, Damaged> {
        // Each of them at most once: a record has one value in a column.
        let Some(count) = input.count(columns + 1)?.checked_sub(1) else {
            return Ok(Self {
                first: None,
                columns: Vec::new(),
            });
        };
        let mut own: Vec<u16> = Vec::with_capacity(count);
        let mut is_own = vec![false; columns];
        for _ in 0..count {
            let column = u16::try_from(input.varint()?).ok();
            let column = column.filter(|column| usize::from(*column) < columns);
            let column = column.ok_or(Damaged::Impossible("a column that is not there"))?;
            match is_own.get_mut(usize::from(column)) {
                Some(is_own) if !*is_own => *is_own = true,
                _ => return Err(Damaged::Impossible("a column that a shape has twice")),
            }
            own.push(column);
        }
        Ok(Self {
            first: Some(first),
            columns: own,
        })
    }
}
