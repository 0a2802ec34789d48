//! Values of an attribute that are gathered, and the choice of the form that they are written in.

use super::{
    DICTIONARY, HEXADECIMAL, INTEGERS, LEAF_INTEGER, LEAF_JSON, LEAF_TEXT, MIXED,
    MOST_IN_DICTIONARY, SIGN, TEXTS,
};
use crate::input::write_varint;
use crate::leaf::Leaf;
use crate::numbers;
use crate::texts::TextsWriter;
use foldhash::HashMap;

/// Values of an attribute, one behind another.
#[derive(Debug, Default)]
pub(crate) struct ValuesWriter {
    /// Each with where its text ends; an integer has none.
    values: Vec<(Kind, u32)>,
    integers: Vec<i64>,
    text: String,
    has_arrays: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Integer,
    Text,
    Json,
}

/// What is known of a column when it is written.
#[derive(Debug)]
pub(crate) struct Written<'a> {
    /// Whether it is of integers, most of which are in it only once.
    pub(crate) is_of_integers: bool,
    /// Each different value once, where they are few.
    pub(crate) different: Option<Vec<Leaf<'a>>>,
}

impl ValuesWriter {
    #[inline]
    pub(crate) fn push(&mut self, leaf: Leaf<'_>) {
        let kind = match leaf {
            Leaf::Integer(number) => {
                self.integers.push(number);
                Kind::Integer
            }
            Leaf::Text(text) => {
                self.text.push_str(text);
                Kind::Text
            }
            Leaf::Json(json) => {
                self.text.push_str(json);
                self.has_arrays |= json.starts_with('[');
                Kind::Json
            }
        };
        // No block has as much.
        let end = u32::try_from(self.text.len()).unwrap_or(u32::MAX);
        self.values.push((kind, end));
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether any is an array.
    pub(crate) fn has_arrays(&self) -> bool {
        self.has_arrays
    }

    pub(crate) fn leaves(&self) -> impl Iterator<Item = Leaf<'_>> {
        let mut integers = self.integers.iter();
        let mut start = 0;
        self.values.iter().map(move |(kind, end)| {
            let end = *end as usize;
            let text = self.text.get(start..end).unwrap_or_default();
            start = end;
            match kind {
                Kind::Integer => Leaf::Integer(integers.next().copied().unwrap_or_default()),
                Kind::Text => Leaf::Text(text),
                Kind::Json => Leaf::Json(text),
            }
        })
    }

    /// The different values in the order in which they come first, and which one each is; `None` where they are
    /// too many for a dictionary.
    fn dictionary(&self) -> Option<(Vec<Leaf<'_>>, Vec<u8>)> {
        // Of few values a dictionary would be larger than they are.
        let most = MOST_IN_DICTIONARY.min(self.values.len() / 2);
        let mut different = Vec::new();
        let mut numbers: HashMap<Leaf<'_>, u8> = HashMap::default();
        let mut places = Vec::with_capacity(self.values.len());
        let mut last: Option<(Leaf<'_>, u8)> = None;
        for leaf in self.leaves() {
            let number = match last {
                Some((last, number)) if last == leaf => number,
                _ => match numbers.get(&leaf) {
                    Some(number) => *number,
                    None if different.len() >= most => return None,
                    None => {
                        let number = u8::try_from(different.len()).ok()?;
                        numbers.insert(leaf, number);
                        different.push(leaf);
                        number
                    }
                },
            };
            last = Some((leaf, number));
            places.push(number);
        }
        Some((different, places))
    }

    /// Appends the column.
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Written<'_> {
        let dictionary = self.dictionary();
        let form = match &dictionary {
            Some((different, places)) => {
                write_dictionary(different, out);
                out.extend_from_slice(places);
                DICTIONARY
            }
            None => self.write_values(out),
        };
        out.push(form);
        Written {
            is_of_integers: form == INTEGERS,
            different: dictionary.map(|(different, _)| different),
        }
    }

    fn write_values(&self, out: &mut Vec<u8>) -> u8 {
        if self.integers.len() == self.values.len() {
            let sortable = |number: &i64| number.cast_unsigned() ^ SIGN;
            let numbers: Vec<u64> = self.integers.iter().map(sortable).collect();
            numbers::write(out, &numbers);
            return INTEGERS;
        }
        if self.values.iter().any(|(kind, _)| *kind != Kind::Text) {
            write_mixed(self.leaves(), out);
            return MIXED;
        }
        if self.write_hexadecimal(out) {
            return HEXADECIMAL;
        }
        let mut texts = TextsWriter::default();
        for leaf in self.leaves() {
            if let Leaf::Text(text) = leaf {
                texts.push(text.as_bytes());
            }
        }
        texts.write(out);
        TEXTS
    }

    /// Whether all of them were written as bytes: they are texts of as many hexadecimal digits.
    fn write_hexadecimal(&self, out: &mut Vec<u8>) -> bool {
        let digits = self.values.first().map_or(0, |(_, end)| *end as usize);
        let ends = (1..).map(|number| number * digits);
        let are_alike = self
            .values
            .iter()
            .map(|(_, end)| *end as usize)
            .eq(ends.take(self.len()));
        let are_digits = |text: &str| {
            text.bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        if digits == 0 || !digits.is_multiple_of(2) || !are_alike || !are_digits(&self.text) {
            return false;
        }
        write_varint(out, digits as u64 / 2);
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            _ => digit.wrapping_sub(b'a').wrapping_add(10),
        };
        let (pairs, _) = self.text.as_bytes().as_chunks::<2>();
        out.extend(
            pairs
                .iter()
                .map(|[high, low]| value(*high) << 4 | value(*low)),
        );
        true
    }
}

fn write_dictionary(different: &[Leaf<'_>], out: &mut Vec<u8>) {
    write_varint(out, different.len() as u64);
    let mut bytes = Vec::new();
    write_mixed(different.iter().copied(), &mut bytes);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(&bytes);
}

fn write_mixed<'a>(leaves: impl Iterator<Item = Leaf<'a>>, out: &mut Vec<u8>) {
    let (mut texts, mut digits) = (TextsWriter::default(), itoa::Buffer::new());
    for leaf in leaves {
        let (form, text) = match leaf {
            Leaf::Integer(number) => (LEAF_INTEGER, digits.format(number)),
            Leaf::Text(text) => (LEAF_TEXT, text),
            Leaf::Json(json) => (LEAF_JSON, json),
        };
        out.push(form);
        texts.push(text.as_bytes());
    }
    texts.write(out);
}
