//! Shapes that are gathered, and the columns that they name.

use super::drawn::{Pieces, drawn};
use crate::input::write_varint;
use crate::numbers;
use crate::structure::{KnownStructures, LONGEST_PATH, MOST_VALUES};
use crate::texts::TextsWriter;
use foldhash::HashMap;

/// Columns of attributes that a block may have, beside that of what is kept whole; what would need more is.
const MOST_COLUMNS: usize = MOST_VALUES;
/// Bytes that a column takes in a shape, about, and a path beside its text.
const EACH: usize = 8;

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
    known: KnownStructures,
    by_pieces: HashMap<Pieces, u16>,
    /// The path of each column, but of the one for what is kept whole.
    columns: Vec<Option<String>>,
    /// The columns of each path: the second is for records that have the path a second time.
    by_path: HashMap<String, Vec<u16>>,
    of: Vec<u64>,
    texts: TextsWriter,
    /// Bytes of memory of shapes and columns, about.
    memory: usize,
}

#[derive(Debug)]
struct Written {
    /// One more than columns.
    pieces: Pieces,
    columns: Vec<u16>,
}

/// A shape that a record would have.
#[derive(Debug)]
pub(crate) enum Found {
    /// One that there is.
    Known(u16),
    /// One that there would be.
    New(NewShape),
}

#[derive(Debug)]
pub(crate) struct NewShape {
    structure: Option<Vec<u8>>,
    shape: Written,
    /// Those of the columns that would be made for it.
    paths: Vec<String>,
}

impl Found {
    /// Bytes that the block has more with it, about.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Known(_) => 0,
            Self::New(new) => {
                let paths: usize = new.paths.iter().map(|path| path.len() + EACH).sum();
                new.shape.pieces.bytes() + new.shape.columns.len() * EACH + paths
            }
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Known(WHOLE_SHAPE))
    }
}

impl Default for ShapesWriter {
    fn default() -> Self {
        let none = Written {
            pieces: Pieces::default(),
            columns: Vec::new(),
        };
        let mut pieces = Pieces::default();
        pieces.push(&[]);
        pieces.push(&[]);
        let whole = Written {
            pieces,
            columns: vec![WHOLE_COLUMN],
        };
        Self {
            shapes: vec![none, whole],
            by_structure: HashMap::default(),
            known: KnownStructures::default(),
            by_pieces: HashMap::default(),
            columns: vec![None],
            by_path: HashMap::default(),
            of: Vec::new(),
            texts: TextsWriter::default(),
            memory: 0,
        }
    }
}

impl ShapesWriter {
    /// The shape of attributes of this structure.
    pub(crate) fn of_structure(&mut self, structure: &[u8]) -> Found {
        if let Some(shape) = self.by_structure.get(structure).copied() {
            return Found::Known(shape);
        }
        let found = match drawn(structure) {
            Some((pieces, paths)) => self.of_pieces(pieces, &paths),
            None => Found::Known(WHOLE_SHAPE),
        };
        match found {
            Found::Known(shape) => {
                self.remember(structure.to_vec(), shape);
                Found::Known(shape)
            }
            Found::New(mut new) => {
                new.structure = Some(structure.to_vec());
                Found::New(new)
            }
        }
    }

    /// The structures whose shapes are there.
    pub(crate) fn known(&self) -> &KnownStructures {
        &self.known
    }

    fn remember(&mut self, structure: Vec<u8>, shape: u16) {
        self.memory += structure.len() + 4 * EACH;
        self.memory += self.known.learn(&structure, shape);
        self.by_structure.insert(structure, shape);
    }

    /// The shape of these pieces, with values at these paths between them.
    pub(crate) fn of_pieces(&self, pieces: Pieces, paths: &[String]) -> Found {
        if let Some(shape) = self.by_pieces.get(&pieces) {
            return Found::Known(*shape);
        }
        match self.columns_of(paths) {
            Some((columns, paths)) => Found::New(NewShape {
                structure: None,
                shape: Written { pieces, columns },
                paths,
            }),
            None => Found::Known(WHOLE_SHAPE),
        }
    }

    /// The columns of some paths, and the paths of those of them that are missing; `None` when they would be too
    /// many.
    fn columns_of(&self, paths: &[String]) -> Option<(Vec<u16>, Vec<String>)> {
        let mut columns: Vec<u16> = Vec::with_capacity(paths.len());
        let mut missing = Vec::new();
        let mut uses: HashMap<&str, usize> = HashMap::default();
        for path in paths {
            let uses = uses.entry(path).or_insert(0);
            let known = self.by_path.get(path).and_then(|all| all.get(*uses));
            *uses += 1;
            if let Some(column) = known {
                columns.push(*column);
                continue;
            }
            let column = self.columns.len() + missing.len();
            if column > MOST_COLUMNS || path.len() > LONGEST_PATH {
                return None;
            }
            missing.push(path.clone());
            columns.push(u16::try_from(column).ok()?);
        }
        Some((columns, missing))
    }

    /// The columns of a shape that was found, in the order of its values.
    pub(crate) fn columns<'a>(&'a self, found: &'a Found) -> &'a [u16] {
        match found {
            Found::Known(shape) => self
                .shapes
                .get(usize::from(*shape))
                .map_or(&[], |shape| &shape.columns),
            Found::New(new) => &new.shape.columns,
        }
    }

    /// The number of a shape that was found, which is there from now on.
    pub(crate) fn add(&mut self, found: Found) -> u16 {
        let new = match found {
            Found::Known(shape) => return shape,
            Found::New(new) => new,
        };
        let shape = u16::try_from(self.shapes.len()).unwrap_or(WHOLE_SHAPE);
        for path in new.paths {
            let column = u16::try_from(self.columns.len()).unwrap_or(WHOLE_COLUMN);
            self.memory += 2 * path.len() + 16 * EACH;
            self.by_path.entry(path.clone()).or_default().push(column);
            self.columns.push(Some(path));
        }
        self.memory += 2 * new.shape.pieces.bytes() + 2 * new.shape.columns.len() + 16 * EACH;
        self.by_pieces.insert(new.shape.pieces.clone(), shape);
        self.shapes.push(new.shape);
        if let Some(structure) = new.structure {
            self.remember(structure, shape);
        }
        shape
    }

    pub(crate) fn clear(&mut self) {
        self.shapes.truncate(usize::from(WHOLE_SHAPE) + 1);
        self.columns.truncate(usize::from(WHOLE_COLUMN) + 1);
        self.by_structure.clear();
        self.known.clear();
        self.by_pieces.clear();
        self.by_path.clear();
        self.of.clear();
        self.texts.clear();
        self.memory = 0;
    }

    /// Bytes of memory, about.
    pub(crate) fn memory(&self) -> usize {
        self.memory
    }

    /// The next record is of this shape.
    pub(crate) fn push(&mut self, shape: Option<u16>) {
        self.of.push(shape.unwrap_or(NO_SHAPE).into());
    }

    /// The path of each column; `None` for what is kept whole.
    pub(crate) fn paths(&self) -> &[Option<String>] {
        &self.columns
    }

    /// Appends the column; `kept` says which of the columns are written, and so how they are numbered.
    pub(crate) fn write(&mut self, kept: &[bool], out: &mut Vec<u8>) {
        let mut next = 0_u64;
        let number = |kept: &bool| {
            next += u64::from(*kept);
            next.saturating_sub(1)
        };
        let numbers: Vec<u64> = kept.iter().map(number).collect();
        write_varint(out, self.shapes.len() as u64);
        self.texts.clear();
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
            shape.pieces.each().for_each(|piece| self.texts.push(piece));
        }
        numbers::write(out, &self.of);
        out.extend_from_slice(self.texts.written());
    }
}
