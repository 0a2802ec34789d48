//! The column of an attribute: the values of those records that have it, in the form that takes least.
//!
//! ```text
//! values ‖ form (1 byte):
//!   0 dictionary   how many (varint) ‖ bytes (varint) ‖ these, mixed, each once ‖ which one each is (a byte)
//!   1 integers     numbers
//!   2 hexadecimal  bytes of each (varint) ‖ bytes: texts of as many small hexadecimal digits
//!   3 texts        what strings say
//!   4 mixed        the form of each (a byte: integer, text, JSON) ‖ texts
//! ```

pub mod counted;
mod few;
mod many;
mod writer;

pub(crate) use writer::ValuesWriter;

use crate::damaged::Damaged;
use crate::input::Input;
use crate::leaf::Leaf;
use crate::numbers;
use crate::texts::Texts;

const DICTIONARY: u8 = 0;
const INTEGERS: u8 = 1;
const HEXADECIMAL: u8 = 2;
const TEXTS: u8 = 3;
const MIXED: u8 = 4;

/// The forms of mixed values.
const LEAF_INTEGER: u8 = 0;
const LEAF_TEXT: u8 = 1;
const LEAF_JSON: u8 = 2;

/// Flipping the sign bit makes two's complement sort like an unsigned number.
const SIGN: u64 = 1 << 63;

/// The values of an attribute, in the order of the records that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Dictionary {
        different: Mixed,
        places: Vec<u8>,
    },
    Integers(Vec<i64>),
    /// As text again: digits are looked at more often than they are kept.
    Texts(Texts),
    Mixed(Mixed),
}

/// Values of any form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mixed {
    forms: Vec<u8>,
    texts: Texts,
    /// Those that are integers.
    integers: Vec<i64>,
}

impl Mixed {
    fn read(mut bytes: Vec<u8>, count: usize) -> Result<Self, Damaged> {
        let texts = bytes.split_off(count.min(bytes.len()));
        let (forms, texts) = (bytes, Texts::read(texts, count)?);
        let mut integers = Vec::with_capacity(count);
        for (place, form) in forms.iter().enumerate() {
            let integer = match *form {
                LEAF_INTEGER => texts.get(place).parse().ok(),
                LEAF_TEXT | LEAF_JSON => Some(0),
                _ => None,
            };
            integers.push(integer.ok_or(Damaged::Impossible("a value of no form"))?);
        }
        Ok(Self {
            forms,
            texts,
            integers,
        })
    }

    #[inline]
    fn get(&self, place: usize) -> Leaf<'_> {
        match self.forms.get(place) {
            Some(&LEAF_INTEGER) => {
                Leaf::Integer(self.integers.get(place).copied().unwrap_or_default())
            }
            Some(&LEAF_JSON) => Leaf::Json(self.texts.get(place)),
            _ => Leaf::Text(self.texts.get(place)),
        }
    }
}

impl Values {
    pub(crate) fn read(mut bytes: Vec<u8>, count: usize) -> Result<Self, Damaged> {
        // The last byte, so that texts stay where they were unpacked to.
        let form = bytes.pop().ok_or(Damaged::Length)?;
        let mut input = Input::new(&bytes);
        let form = match form {
            DICTIONARY => return Self::read_dictionary(input, count),
            INTEGERS => {
                let numbers = numbers::read::<u64>(&mut input, count)?;
                input.end()?;
                let signed = numbers
                    .into_iter()
                    .map(|number| (number ^ SIGN).cast_signed());
                Form::Integers(signed.collect())
            }
            HEXADECIMAL => Form::Texts(read_hexadecimal(input, count)?),
            TEXTS => Form::Texts(Texts::read(bytes, count)?),
            MIXED => Form::Mixed(Mixed::read(bytes, count)?),
            _ => return Err(Damaged::Impossible("a form of values that is not known")),
        };
        Ok(Self(form))
    }

    fn read_dictionary(mut input: Input<'_>, count: usize) -> Result<Self, Damaged> {
        let number = input.count(few::MOST)?;
        let bytes = input.count(input.rest().len())?;
        let different = Mixed::read(input.take(bytes)?.to_vec(), number)?;
        let places = input.take(count)?.to_vec();
        input.end()?;
        if places.iter().any(|place| usize::from(*place) >= number) {
            return Err(Damaged::Impossible("a value that is not in the dictionary"));
        }
        Ok(Self(Form::Dictionary { different, places }))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.0 {
            Form::Dictionary { places, .. } => places.len(),
            Form::Integers(integers) => integers.len(),
            Form::Texts(texts) => texts.len(),
            Form::Mixed(mixed) => mixed.forms.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at a place among them; an empty text where there is none.
    #[inline]
    pub fn get(&self, place: usize) -> Leaf<'_> {
        match &self.0 {
            Form::Dictionary { different, places } => {
                different.get(places.get(place).copied().unwrap_or(u8::MAX).into())
            }
            Form::Integers(integers) => integers
                .get(place)
                .map_or(Leaf::Text(""), |integer| Leaf::Integer(*integer)),
            Form::Texts(texts) => Leaf::Text(texts.get(place)),
            Form::Mixed(mixed) => mixed.get(place),
        }
    }

    /// The number of the one at a place in a dictionary.
    fn number(&self, place: usize) -> usize {
        let number = match &self.0 {
            Form::Dictionary { places, .. } => places.get(place).copied(),
            _ => None,
        };
        number.unwrap_or(u8::MAX).into()
    }

    /// Whether each of the values fits; of a dictionary each different one is asked for once.
    pub fn each_fits<'a>(&'a self, mut fits: impl FnMut(Leaf<'a>) -> bool) -> Vec<bool> {
        match &self.0 {
            Form::Dictionary { different, places } => {
                let different =
                    (0..different.forms.len()).map(|number| fits(different.get(number)));
                let known: Vec<bool> = different.collect();
                let fits = |place: &u8| known.get(usize::from(*place)).copied();
                places
                    .iter()
                    .map(|place| fits(place).unwrap_or(false))
                    .collect()
            }
            _ => (0..self.len()).map(|place| fits(self.get(place))).collect(),
        }
    }

    /// Calls `each` with values and how often each is there; of a dictionary with each different one once, of all
    /// else with one after another. Only the values at places for which `counts` says so are counted.
    pub fn count<'a>(
        &'a self,
        counts: impl Fn(usize) -> bool,
        mut each: impl FnMut(Leaf<'a>, u64),
    ) {
        let Form::Dictionary { different, places } = &self.0 else {
            for place in (0..self.len()).filter(|place| counts(*place)) {
                each(self.get(place), 1);
            }
            return;
        };
        let mut numbers = vec![0_u64; different.forms.len()];
        for (place, number) in places.iter().enumerate() {
            if let Some(count) = numbers.get_mut(usize::from(*number)) {
                *count += u64::from(counts(place));
            }
        }
        for (number, count) in numbers.into_iter().enumerate() {
            if count > 0 {
                each(different.get(number), count);
            }
        }
    }

    /// The least and the greatest where they are integers that no dictionary has.
    pub(crate) fn integers(&self) -> Option<(i64, i64)> {
        let Form::Integers(integers) = &self.0 else {
            return None;
        };
        let integers = integers.iter().copied();
        integers.clone().min().zip(integers.max())
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        match &self.0 {
            Form::Dictionary { different, places } => different.texts.memory() + places.len(),
            Form::Integers(integers) => size_of_val(integers.as_slice()),
            Form::Texts(texts) => texts.memory(),
            Form::Mixed(mixed) => mixed.texts.memory() + 9 * mixed.forms.len(),
        }
    }
}

fn read_hexadecimal(mut input: Input<'_>, count: usize) -> Result<Texts, Damaged> {
    let bytes = input.count(input.rest().len())?;
    let all = input.rest();
    if bytes.checked_mul(count) != Some(all.len()) {
        return Err(Damaged::Length);
    }
    let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
    let mut digits = Vec::with_capacity(2 * all.len());
    for byte in all {
        digits.extend_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
    }
    let text = String::from_utf8(digits);
    let text = text.map_err(|_| Damaged::Impossible("a text that is no UTF-8"))?;
    Texts::of_one_length(text, 2 * bytes, count)
}

#[cfg(test)]
mod tests;
