//! Values of an attribute that are gathered, and the choice of the form that they are written in.

use super::few::{self, Few};
use super::many::{Kind, Many};
use super::{
    DICTIONARY, Form, HEXADECIMAL, INTEGERS, LEAF_INTEGER, LEAF_JSON, LEAF_TEXT, MIXED, SIGN,
    TEXTS, Values,
};
use crate::input::write_varint;
use crate::leaf::RawLeaf;
use crate::numbers;
use crate::texts::TextsWriter;
use std::ops::Range;

/// Values of an attribute, one behind another.
#[derive(Debug, Default)]
pub(crate) struct ValuesWriter {
    /// All values, as long as few of them are different.
    few: Few,
    /// All of them from then on.
    many: Many,
    is_of_many: bool,
    has_arrays: bool,
    texts: TextsWriter,
}

impl ValuesWriter {
    #[inline]
    pub(crate) fn push(&mut self, leaf: RawLeaf<'_>) {
        if let RawLeaf::Json([b'[', ..]) = leaf {
            self.has_arrays = true;
        }
        if !self.is_of_many {
            if self.few.push(leaf) {
                return;
            }
            self.become_many();
        }
        self.many.push(leaf);
    }

    /// Adds those at some places of a column; bytes of their texts.
    pub(crate) fn append(&mut self, values: &Values, places: Range<usize>) -> usize {
        if !self.is_of_many
            && let Form::Dictionary { .. } = &values.0
        {
            return self.append_few(values, places);
        }
        let mut bytes = 0;
        let mut places = places;
        while !self.is_of_many
            && let Some(place) = places.next()
        {
            let leaf = RawLeaf::from(values.get(place));
            bytes += leaf.text_bytes();
            self.push(leaf);
        }
        match &values.0 {
            Form::Texts(texts) => bytes + self.many.append(texts, places),
            Form::Integers(integers) => {
                let integers = integers.get(places).unwrap_or_default();
                self.many.append_integers(integers);
                bytes
            }
            _ => {
                let leaves = places.map(|place| RawLeaf::from(values.get(place)));
                bytes + leaves.map(|leaf| self.push_counted(leaf)).sum::<usize>()
            }
        }
    }

    fn push_counted(&mut self, leaf: RawLeaf<'_>) -> usize {
        self.push(leaf);
        leaf.text_bytes()
    }

    /// The same where each different value is looked up only once.
    fn append_few(&mut self, values: &Values, mut places: Range<usize>) -> usize {
        // One more than the number here of each that came.
        let (mut known, mut bytes) = ([0_u8; few::MOST], 0);
        while !self.is_of_many
            && let Some(place) = places.next()
        {
            let known = known.get_mut(values.number(place));
            if let Some(number) = known.as_ref().and_then(|known| known.checked_sub(1)) {
                bytes += self.few.push_known(number);
                continue;
            }
            let leaf = RawLeaf::from(values.get(place));
            bytes += self.push_counted(leaf);
            if let Some(known) = known {
                let number = self.few.places().last();
                *known = number.map_or(0, |number| number + 1);
            }
        }
        let leaves = places.map(|place| RawLeaf::from(values.get(place)));
        bytes + leaves.map(|leaf| self.push_counted(leaf)).sum::<usize>()
    }

    fn become_many(&mut self) {
        self.is_of_many = true;
        for leaf in self.few.leaves() {
            self.many.push(leaf);
        }
        self.few.clear();
    }

    pub(crate) fn len(&self) -> usize {
        match self.is_of_many {
            true => self.many.values.len(),
            false => self.few.places().len(),
        }
    }

    /// Whether any is an array.
    pub(crate) fn has_arrays(&self) -> bool {
        self.has_arrays
    }

    /// All values, or each different one once.
    pub(crate) fn different(&self) -> impl Iterator<Item = RawLeaf<'_>> {
        self.few.different().chain(self.many.leaves())
    }

    pub(crate) fn clear(&mut self) {
        self.few.clear();
        self.many.clear();
        self.texts.clear();
        (self.is_of_many, self.has_arrays) = (false, false);
    }

    pub(crate) fn memory(&self) -> usize {
        self.few.memory() + self.many.memory() + self.texts.memory()
    }

    /// Appends the column. The least and the greatest of its values where they are integers, most of which are in it
    /// only once.
    pub(crate) fn write(&mut self, out: &mut Vec<u8>) -> Option<(i64, i64)> {
        // Of few values a dictionary would be larger than they are.
        let most = few::MOST.min(self.len() / 2);
        if !self.is_of_many && self.few.different().len() > most {
            self.become_many();
        }
        let form = if self.is_of_many {
            self.write_many(out)
        } else {
            write_dictionary(self.few.different(), &mut self.texts, out);
            out.extend_from_slice(self.few.places());
            DICTIONARY
        };
        out.push(form);
        let integers = self.many.integers.iter().copied();
        let range = integers.clone().min().zip(integers.max());
        range.filter(|_| form == INTEGERS)
    }

    fn write_many(&mut self, out: &mut Vec<u8>) -> u8 {
        let many = &self.many;
        if many.integers.len() == many.values.len() {
            let sortable = |number: &i64| number.cast_unsigned() ^ SIGN;
            let numbers: Vec<u64> = many.integers.iter().map(sortable).collect();
            numbers::write(out, &numbers);
            return INTEGERS;
        }
        if many.values.iter().any(|(kind, _)| *kind != Kind::Text) {
            write_mixed(many.leaves(), &mut self.texts, out);
            return MIXED;
        }
        if many.write_hexadecimal(out) {
            return HEXADECIMAL;
        }
        self.texts.clear();
        for leaf in many.leaves() {
            if let RawLeaf::Text(text) = leaf {
                self.texts.push(text);
            }
        }
        out.extend_from_slice(self.texts.written());
        TEXTS
    }
}

fn write_dictionary<'a>(
    different: impl ExactSizeIterator<Item = RawLeaf<'a>>,
    texts: &mut TextsWriter,
    out: &mut Vec<u8>,
) {
    write_varint(out, different.len() as u64);
    let mut bytes = Vec::new();
    write_mixed(different, texts, &mut bytes);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
}

fn write_mixed<'a>(
    leaves: impl Iterator<Item = RawLeaf<'a>>,
    texts: &mut TextsWriter,
    out: &mut Vec<u8>,
) {
    texts.clear();
    let mut digits = itoa::Buffer::new();
    for leaf in leaves {
        let (form, text) = match leaf {
            RawLeaf::Integer(number) => (LEAF_INTEGER, digits.format(number).as_bytes()),
            RawLeaf::Text(text) => (LEAF_TEXT, text),
            RawLeaf::Json(json) => (LEAF_JSON, json),
        };
        out.push(form);
        texts.push(text);
    }
    out.extend_from_slice(texts.written());
}
