//! A column as it lies in a block: packed where that is smaller, with a checksum of its own.

use crate::damaged::Damaged;
use crate::input::{Input, unzigzag, write_varint, zigzag};
use std::fmt;

/// Bytes that a column may have when it is unpacked. The largest record has less.
pub(crate) const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Bytes that all of them may have: those of the largest record twice.
pub(crate) const MOST_BYTES_OF_ALL: usize = 2 * MOST_BYTES;
/// Bytes that what packs keeps for the next column at most.
const KEPT: usize = 8 * 1024 * 1024;
/// The quickest level of Zstandard: the next ones take three times as long for a twentieth.
const LEVEL: i32 = 1;

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The times of ids.
    Times,
    /// The rest of ids, and when records were received.
    Tails,
    /// Severities and levels.
    Levels,
    /// Messages.
    Messages,
    /// Which attributes a record has, and in which order.
    Shapes,
    /// The values at a path of names with dots between them. A path may come more than once in a record:
    /// `{"a":{"b":1},"a.b":2}`; then each has a column of its own.
    Attribute(String),
    /// The attributes of records that have too many, or unusual ones, as JSON.
    Whole,
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times => formatter.write_str("the column of times"),
            Self::Tails => formatter.write_str("the column of ids"),
            Self::Levels => formatter.write_str("the column of levels"),
            Self::Messages => formatter.write_str("the column of messages"),
            Self::Shapes => formatter.write_str("the column of shapes"),
            Self::Attribute(path) => write!(formatter, "the column of the attribute {path:?}"),
            Self::Whole => formatter.write_str("the column of whole attributes"),
        }
    }
}

const TIMES: u8 = 1;
const TAILS: u8 = 2;
const LEVELS: u8 = 3;
const MESSAGES: u8 = 4;
const SHAPES: u8 = 5;
const ATTRIBUTE: u8 = 6;
const WHOLE: u8 = 7;

const IS_PACKED: u8 = 1;
const IS_OF_INTEGERS: u8 = 2;
const HAS_ARRAYS: u8 = 4;
/// All others are for later versions, and refused until then.
const FLAGS: u8 = IS_PACKED | IS_OF_INTEGERS | HAS_ARRAYS;

/// What the directory says of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it holds.
    pub column: Column,
    /// Values in it: one for each record, or for those that have the attribute.
    pub values: usize,
    /// The least and the greatest of its values where they are integers, which the block's filter does not know.
    pub(crate) integers: Option<(i64, i64)>,
    /// Whether any of its values is an array, into which a path may go on.
    pub(crate) has_arrays: bool,
    is_packed: bool,
    /// Bytes when it is unpacked.
    pub bytes: usize,
    /// Bytes as it is stored.
    pub stored: usize,
    checksum: u32,
}

impl Section {
    /// Whether any of its values is an array, into which a path may go on.
    pub fn has_arrays(&self) -> bool {
        self.has_arrays
    }
}

/// What is known of a column before it is packed.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) column: Column,
    pub(crate) values: usize,
    pub(crate) integers: Option<(i64, i64)>,
    pub(crate) has_arrays: bool,
}

impl Column {
    /// Whether it holds values of attributes.
    pub fn is_of_attributes(&self) -> bool {
        matches!(self, Self::Attribute(_) | Self::Whole)
    }

    /// The path of an attribute.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Attribute(path) => Some(path),
            _ => None,
        }
    }

    fn kind(&self) -> (u8, Option<&str>) {
        match self {
            Self::Times => (TIMES, None),
            Self::Tails => (TAILS, None),
            Self::Levels => (LEVELS, None),
            Self::Messages => (MESSAGES, None),
            Self::Shapes => (SHAPES, None),
            Self::Attribute(path) => (ATTRIBUTE, Some(path)),
            Self::Whole => (WHOLE, None),
        }
    }
}

/// What packs columns; it keeps memory, and is worth keeping.
pub struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    packed: Vec<u8>,
}

impl Packer {
    /// A new one.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn new() -> std::io::Result<Self> {
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(LEVEL)?,
            packed: Vec::new(),
        })
    }

    pub(crate) fn pack(&mut self, contents: Contents, bytes: &[u8]) -> (Section, Vec<u8>) {
        let length = bytes.len();
        let packed = &mut self.packed;
        packed.clear();
        packed.reserve(zstd::zstd_safe::compress_bound(length));
        let packs = self.compressor.compress_to_buffer(bytes, packed);
        let is_packed = packs.is_ok_and(|packed| packed < length);
        let stored = if is_packed {
            packed.clone()
        } else {
            bytes.to_vec()
        };
        if packed.capacity() > KEPT {
            *packed = Vec::new();
        }
        let section = Section {
            column: contents.column,
            values: contents.values,
            integers: contents.integers,
            has_arrays: contents.has_arrays,
            is_packed,
            bytes: length,
            stored: stored.len(),
            checksum: crc32c::crc32c(&stored),
        };
        (section, stored)
    }
}

impl fmt::Debug for Packer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Packer")
    }
}

/// What unpacks columns; it keeps memory, and is worth keeping.
pub struct Unpacker(zstd::bulk::Decompressor<'static>);

impl Unpacker {
    /// A new one.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn new() -> std::io::Result<Self> {
        zstd::bulk::Decompressor::new().map(Self)
    }
}

impl fmt::Debug for Unpacker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Unpacker")
    }
}

impl Section {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let (kind, path) = self.column.kind();
        let flags = [
            (IS_PACKED, self.is_packed),
            (IS_OF_INTEGERS, self.integers.is_some()),
            (HAS_ARRAYS, self.has_arrays),
        ];
        let flags = flags
            .iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(flag, _)| flag);
        out.extend([kind, flags.sum()]);
        if let Some(path) = path {
            write_varint(out, path.len() as u64);
            out.extend_from_slice(path.as_bytes());
        }
        if let Some((least, greatest)) = self.integers {
            write_varint(out, zigzag(least));
            write_varint(out, zigzag(greatest));
        }
        for number in [self.values, self.bytes, self.stored] {
            write_varint(out, number as u64);
        }
        out.extend_from_slice(&self.checksum.to_le_bytes());
    }

    pub(crate) fn read(input: &mut Input<'_>, records: usize) -> Result<Self, Damaged> {
        let [kind, flags] = input.array()?;
        if flags & !FLAGS != 0 {
            return Err(Damaged::Impossible("a flag that is not known"));
        }
        let column = match kind {
            TIMES => Column::Times,
            TAILS => Column::Tails,
            LEVELS => Column::Levels,
            MESSAGES => Column::Messages,
            SHAPES => Column::Shapes,
            ATTRIBUTE => {
                let length = input.count(input.rest().len())?;
                let path = std::str::from_utf8(input.take(length)?);
                let path = path.map_err(|_| Damaged::Impossible("a path that is no UTF-8"))?;
                Column::Attribute(path.to_owned())
            }
            WHOLE => Column::Whole,
            _ => return Err(Damaged::Impossible("a column of a kind that is not known")),
        };
        let integers = match flags & IS_OF_INTEGERS {
            0 => None,
            _ => Some((unzigzag(input.varint()?), unzigzag(input.varint()?))),
        };
        Ok(Self {
            column,
            is_packed: flags & IS_PACKED != 0,
            integers,
            has_arrays: flags & HAS_ARRAYS != 0,
            values: input.count(records)?,
            bytes: input.count(MOST_BYTES)?,
            stored: input.count(MOST_BYTES)?,
            checksum: u32::from_le_bytes(input.array()?),
        })
    }

    /// Whether an integer may be among the values, if they are integers that the filter does not know.
    pub(crate) fn may_have_integer(&self, integer: Option<i64>) -> bool {
        let range = self.integers.zip(integer);
        range.is_some_and(|((least, greatest), integer)| (least..=greatest).contains(&integer))
    }

    /// Whether this is what is stored of the column.
    pub(crate) fn check(&self, stored: &[u8]) -> Result<(), Damaged> {
        if stored.len() != self.stored {
            return Err(Damaged::Length);
        }
        match crc32c::crc32c(stored) == self.checksum {
            true => Ok(()),
            false => Err(Damaged::Checksum("column")),
        }
    }

    /// What was written of the column.
    pub(crate) fn unpack(
        &self,
        stored: &[u8],
        unpacker: &mut Unpacker,
    ) -> Result<Vec<u8>, Damaged> {
        self.check(stored)?;
        let bytes = match self.is_packed {
            true => unpacker
                .0
                .decompress(stored, self.bytes)
                .map_err(|_| Damaged::Impossible("a column that cannot be unpacked"))?,
            false => stored.to_vec(),
        };
        match bytes.len() == self.bytes {
            true => Ok(bytes),
            false => Err(Damaged::Length),
        }
    }
}
