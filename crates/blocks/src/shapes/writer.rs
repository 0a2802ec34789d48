//! Shapes that are gathered, and the columns that they name.

use crate::input::write_varint;
use crate::numbers;
use crate::structure::{Part, parts};
use crate::texts::TextsWriter;
use record::attributes::write_string;
use std::collections::HashMap;

/// Columns of attributes that a block may have; what would need more is kept whole.
const MOST_COLUMNS: usize = 256;
/// Bytes of a path that has a column of its own.
const LONGEST_PATH: usize = 1_000;

/// The shape of records without attributes.
pub(crate) const NO_SHAPE: u16 = 0;
/// The shape of attributes that are one value: their whole text.
pub(crate) const WHOLE_SHAPE: u16 = 1;
/// The column of that value.
const WHOLE_COLUMN: u16 = 0;

/// Shapes and columns that are gathered.
#[derive(Debug)]
pub(crate) struct ShapesWriter {
    shapes: Vec<Written>,
    by_structure: HashMap<Vec<u8>, u16>,
    /// By their pieces, with a zero behind each.
    by_pieces: HashMap<Vec<u8>, u16>,
    last: (Vec<u8>, u16),
    /// The path of each column, but of the one for what is kept whole.
    columns: Vec<Option<String>>,
    of: Vec<u64>,
}

#[derive(Debug)]
struct Written {
    /// One more than columns.
    pieces: Vec<Vec<u8>>,
    columns: Vec<u16>,
}

impl Default for ShapesWriter {
    fn default() -> Self {
        let none = Written {
            pieces: Vec::new(),
            columns: Vec::new(),
        };
        let whole = Written {
            pieces: vec![Vec::new(); 2],
            columns: vec![WHOLE_COLUMN],
        };
        Self {
            shapes: vec![none, whole],
            by_structure: HashMap::new(),
            by_pieces: HashMap::new(),
            last: (Vec::new(), NO_SHAPE),
            columns: vec![None],
            of: Vec::new(),
        }
    }
}

impl ShapesWriter {
    /// The shape of attributes of this structure.
    pub(crate) fn of_structure(&mut self, structure: &[u8]) -> u16 {
        if !self.last.0.is_empty() && self.last.0 == structure {
            return self.last.1;
        }
        let known = self.by_structure.get(structure).copied();
        let shape = known.unwrap_or_else(|| {
            let shape = match drawn(structure) {
                Some((pieces, paths)) => self.of_pieces(pieces, &paths),
                None => WHOLE_SHAPE,
            };
            self.by_structure.insert(structure.to_vec(), shape);
            shape
        });
        self.last.0.clear();
        self.last.0.extend_from_slice(structure);
        self.last.1 = shape;
        shape
    }

    /// The shape of these pieces, with values at these paths between them.
    pub(crate) fn of_pieces(&mut self, pieces: Vec<Vec<u8>>, paths: &[String]) -> u16 {
        let key = pieces.iter().flat_map(|piece| piece.iter().chain(&[0]));
        let key: Vec<u8> = key.copied().collect();
        if let Some(shape) = self.by_pieces.get(&key) {
            return *shape;
        }
        let shape = match self.columns_of(paths) {
            Some(columns) => {
                self.shapes.push(Written { pieces, columns });
                u16::try_from(self.shapes.len() - 1).unwrap_or(WHOLE_SHAPE)
            }
            None => WHOLE_SHAPE,
        };
        self.by_pieces.insert(key, shape);
        shape
    }

    /// The columns of some paths, which are made where they are missing; `None` when they would be too many.
    fn columns_of(&mut self, paths: &[String]) -> Option<Vec<u16>> {
        let before = self.columns.len();
        let mut columns: Vec<u16> = Vec::with_capacity(paths.len());
        for path in paths {
            let all = self.columns.iter().zip(0..);
            let mut free = all.filter(|(other, number)| {
                other.as_ref() == Some(path) && !columns.contains(number)
            });
            let column = match free.next() {
                Some((_, number)) => number,
                None if self.columns.len() > MOST_COLUMNS || path.len() > LONGEST_PATH => {
                    self.columns.truncate(before);
                    return None;
                }
                None => {
                    self.columns.push(Some(path.clone()));
                    u16::try_from(self.columns.len() - 1).ok()?
                }
            };
            columns.push(column);
        }
        Some(columns)
    }

    /// The next record is of this shape.
    pub(crate) fn push(&mut self, shape: Option<u16>) {
        self.of.push(shape.unwrap_or(NO_SHAPE).into());
    }

    /// The columns of a shape, in the order of its values.
    pub(crate) fn columns(&self, shape: u16) -> &[u16] {
        let shape = self.shapes.get(usize::from(shape));
        shape.map_or(&[], |shape| &shape.columns)
    }

    /// The path of each column; `None` for what is kept whole.
    pub(crate) fn paths(&self) -> &[Option<String>] {
        &self.columns
    }

    /// Appends the column; `kept` says which of the columns are written, and so how they are numbered.
    pub(crate) fn write(&self, kept: &[bool], out: &mut Vec<u8>) {
        let mut next = 0_u64;
        let number = |kept: &bool| {
            next += u64::from(*kept);
            next.saturating_sub(1)
        };
        let numbers: Vec<u64> = kept.iter().map(number).collect();
        write_varint(out, self.shapes.len() as u64);
        let mut pieces = TextsWriter::default();
        for (shape, place) in self.shapes.iter().zip(0_u16..) {
            // Nothing is of it when there is no such column.
            let is_used = shape
                .columns
                .iter()
                .all(|column| kept.get(usize::from(*column)).copied().unwrap_or(false));
            if place == NO_SHAPE || !is_used {
                out.push(0);
                continue;
            }
            write_varint(out, shape.columns.len() as u64 + 1);
            for column in &shape.columns {
                let number = numbers.get(usize::from(*column)).copied();
                write_varint(out, number.unwrap_or_default());
            }
            shape.pieces.iter().for_each(|piece| pieces.push(piece));
        }
        numbers::write(out, &self.of);
        pieces.write(out);
    }
}

/// The pieces of a structure and the paths of its values; `None` where its names are no text.
fn drawn(structure: &[u8]) -> Option<(Vec<Vec<u8>>, Vec<String>)> {
    let (mut pieces, mut piece) = (Vec::new(), b"{".to_vec());
    let (mut paths, mut path) = (Vec::new(), String::new());
    // Where the path of what is open ends; whether a member came before.
    let (mut open, mut is_first) = (Vec::new(), true);
    for part in parts(structure) {
        let (name, is_open) = match part {
            Part::Value(name) => (name, false),
            Part::Open(name) => (name, true),
            Part::Close => {
                piece.push(b'}');
                path.truncate(open.pop()?);
                is_first = false;
                continue;
            }
        };
        let name = std::str::from_utf8(name).ok()?;
        if !is_first {
            piece.push(b',');
        }
        write_string(name, &mut piece);
        piece.push(b':');
        let end = path.len();
        if !open.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        is_first = is_open;
        if is_open {
            piece.push(b'{');
            open.push(end);
        } else {
            pieces.push(std::mem::take(&mut piece));
            paths.push(path.clone());
            path.truncate(end);
        }
    }
    piece.push(b'}');
    pieces.push(piece);
    Some((pieces, paths))
}
