//! Values of a column, each by itself.

use crate::input::write_varint;
use crate::leaf::RawLeaf;
use crate::texts::Texts;
use std::ops::Range;

/// Values, each by itself.
#[derive(Debug, Default)]
pub(super) struct Many {
    /// Each with where its text ends; an integer has none.
    pub(super) values: Vec<(Kind, u32)>,
    pub(super) integers: Vec<i64>,
    text: Vec<u8>,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Text,
    Json,
}

impl Many {
    #[inline]
    pub(super) fn push(&mut self, leaf: RawLeaf<'_>) {
        let kind = match leaf {
            RawLeaf::Integer(number) => {
                self.integers.push(number);
                Kind::Integer
            }
            RawLeaf::Text(text) => {
                self.text.extend_from_slice(text);
                Kind::Text
            }
            RawLeaf::Json(json) => {
                self.text.extend_from_slice(json);
                Kind::Json
            }
        };
        // No block has as much.
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.values.push((kind, end));
    }

    /// Adds texts at some places of a column; their bytes.
    pub(super) fn append(&mut self, texts: &Texts, places: Range<usize>) -> usize {
        let run = texts.run(places.clone());
        let before = self.text.len();
        self.text.extend_from_slice(run.as_bytes());
        let ends = texts.ends(places).map(|end| before + end);
        let ends = ends.map(|end| (Kind::Text, u32::try_from(end).unwrap_or(u32::MAX)));
        self.values.extend(ends);
        run.len()
    }

    pub(super) fn append_integers(&mut self, integers: &[i64]) {
        self.integers.extend_from_slice(integers);
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        let values = integers.iter().map(|_| (Kind::Integer, end));
        self.values.extend(values);
    }

    pub(super) fn leaves(&self) -> impl Iterator<Item = RawLeaf<'_>> {
        let mut integers = self.integers.iter();
        let mut start = 0;
        self.values.iter().map(move |(kind, end)| {
            let end = *end as usize;
            let text = self.text.get(start..end).unwrap_or_default();
            start = end;
            match kind {
                Kind::Integer => RawLeaf::Integer(integers.next().copied().unwrap_or_default()),
                Kind::Text => RawLeaf::Text(text),
                Kind::Json => RawLeaf::Json(text),
            }
        })
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        self.integers.clear();
        self.text.clear();
    }

    pub(super) fn memory(&self) -> usize {
        let values = self.values.capacity() * size_of::<(Kind, u32)>();
        values + self.integers.capacity() * size_of::<i64>() + self.text.capacity()
    }
}

impl Many {
    /// Whether all of them were written as bytes: they are texts of as many hexadecimal digits.
    pub(super) fn write_hexadecimal(&self, out: &mut Vec<u8>) -> bool {
        let digits = self.values.first().map_or(0, |(_, end)| *end as usize);
        let ends = (1..).map(|number| number * digits);
        let are_alike = self
            .values
            .iter()
            .map(|(_, end)| *end as usize)
            .eq(ends.take(self.values.len()));
        let are_digits = |text: &[u8]| {
            let mut bytes = text.iter();
            bytes.all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if digits == 0 || !digits.is_multiple_of(2) || !are_alike || !are_digits(&self.text) {
            return false;
        }
        write_varint(out, digits as u64 / 2);
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit.wrapping_sub(b'a').wrapping_add(10),
        };
        let (pairs, _) = self.text.as_chunks::<2>();
        out.extend(
            pairs
                .iter()
                .map(|[high, low]| value(*high) << 4 | value(*low)),
        );
        true
    }
}
