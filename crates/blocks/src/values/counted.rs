//! How often each value of a column is there, told from what is stored of it: no value is made of more than those that
//! are told.

mod groups;

use super::{DICTIONARY, HEXADECIMAL, INTEGERS, LEAF_JSON, LEAF_TEXT, MIXED, SIGN, TEXTS, few};
use crate::damaged::Damaged;
use crate::input::Input;
use crate::numbers;
use crate::row_set::RowSet;
use crate::texts::raw::each_of;
use groups::Groups;
use std::hash::Hash;

/// Bytes of the widest value that is compared as a number.
const WIDEST: usize = size_of::<u128>();

/// Which values are told.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// So many different ones: the most frequent.
    pub most: usize,
    /// If there are more, so many at least, also of those that are as frequent as others that are left out.
    pub least: usize,
    /// Of so many bytes at most.
    pub longest: usize,
}

/// The values of some records at one path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// Those that are told, one after another.
    text: String,
    /// Where each ends, and how many records have it.
    told: Vec<(u32, u32)>,
    /// Records that have a value there.
    pub records: u64,
    /// Those whose value is too long.
    pub too_long: u64,
    /// How many records have a value that is not told, at most.
    pub left_out: u64,
}

impl Counted {
    /// The values that are told, each with how many records have it.
    pub fn told(&self) -> impl Iterator<Item = (&str, u64)> {
        let mut start = 0;
        self.told.iter().map(move |(end, records)| {
            let text = self.text.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            (text, u64::from(*records))
        })
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.text.len() + size_of_val(self.told.as_slice())
    }

    fn tell(&mut self, value: &[u8], records: u32) -> Result<(), Damaged> {
        let text = std::str::from_utf8(value);
        let text = text.map_err(|_| Damaged::Impossible("a text that is no UTF-8"))?;
        self.text.push_str(text);
        // As long as columns are at most.
        let end = u32::try_from(self.text.len()).map_err(|_| Damaged::Length)?;
        self.told.push((end, records));
        Ok(())
    }
}

/// A column as it was unpacked, whose values are to be counted.
pub(crate) struct Counting<'a> {
    /// How many values there are.
    pub(crate) count: usize,
    /// Which of them count, if not all do.
    pub(crate) among: Option<&'a RowSet>,
    pub(crate) listing: Listing,
}

impl Counting<'_> {
    /// Counts them. No value may be an array, which has several.
    pub(crate) fn of(&self, bytes: &[u8]) -> Result<Counted, Damaged> {
        let (form, bytes) = bytes.split_last().ok_or(Damaged::Length)?;
        match *form {
            DICTIONARY => self.dictionary(Input::new(bytes)),
            INTEGERS => self.integers(Input::new(bytes)),
            HEXADECIMAL => self.hexadecimal(Input::new(bytes)),
            TEXTS => {
                let texts = self.counting(each_of(bytes, self.count)?);
                self.texts(texts.map(|text| ((LEAF_TEXT, text), 1)))
            }
            MIXED => self.texts(
                self.counting(mixed(bytes, self.count)?)
                    .map(|value| (value, 1)),
            ),
            _ => Err(Damaged::Impossible("a form of values that is not known")),
        }
    }

    /// Those of some values that count.
    fn counting<T>(&self, values: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
        let values = values.enumerate().filter(|(place, _)| {
            let among = self.among;
            among.is_none_or(|among| among.has(*place))
        });
        values.map(|(_, value)| value)
    }

    fn dictionary(&self, mut input: Input<'_>) -> Result<Counted, Damaged> {
        let number = input.count(few::MOST)?;
        let bytes = input.count(input.rest().len())?;
        let different = input.take(bytes)?;
        let places = input.take(self.count)?;
        input.end()?;
        let mut counts = [0_u32; 1 << u8::BITS];
        for place in self.counting(places.iter()) {
            if let Some(count) = counts.get_mut(usize::from(*place)) {
                *count += 1;
            }
        }
        if counts.iter().skip(number).any(|count| *count > 0) {
            return Err(Damaged::Impossible("a value that is not in the dictionary"));
        }
        let counts = mixed(different, number)?.zip(counts);
        self.texts(counts.filter(|(_, times)| *times > 0))
    }

    fn integers(&self, mut input: Input<'_>) -> Result<Counted, Damaged> {
        let numbers = numbers::read::<u64>(&mut input, self.count)?;
        input.end()?;
        let mut digits = itoa::Buffer::new();
        self.numbers(
            self.counting(numbers.into_iter()),
            |number, counted, records| {
                let integer = (number ^ SIGN).cast_signed();
                counted.tell(digits.format(integer).as_bytes(), records)
            },
        )
    }

    fn hexadecimal(&self, mut input: Input<'_>) -> Result<Counted, Damaged> {
        let width = input.count(input.rest().len())?;
        let all = input.rest();
        if width.checked_mul(self.count) != Some(all.len()) || width == 0 {
            return Err(Damaged::Length);
        }
        let values = self.counting(all.chunks_exact(width));
        if 2 * width > self.listing.longest {
            let records = values.count() as u64;
            return Ok(Counted {
                records,
                too_long: records,
                ..Counted::default()
            });
        }
        let mut digits = Vec::with_capacity(2 * width);
        let mut tell = |value: &[u8], counted: &mut Counted, records| {
            digits.clear();
            let digit = |half: u8| half + if half < 10 { b'0' } else { b'a' - 10 };
            digits.extend(
                value
                    .iter()
                    .flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]),
            );
            counted.tell(&digits, records)
        };
        match width {
            ..=WIDEST => {
                let numbers = values.map(|value| {
                    let mut wide = [0; WIDEST];
                    if let Some(end) = wide.get_mut(WIDEST - width..) {
                        end.copy_from_slice(value);
                    }
                    u128::from_be_bytes(wide)
                });
                self.numbers(numbers, |number, counted, records| {
                    let wide = number.to_be_bytes();
                    let value = wide.get(WIDEST - width..).unwrap_or_default();
                    tell(value, counted, records)
                })
            }
            _ => self.numbers(values, tell),
        }
    }

    /// Of texts, each with its form and how often it is there.
    fn texts<'a>(
        &self,
        values: impl Iterator<Item = ((u8, &'a [u8]), u32)>,
    ) -> Result<Counted, Damaged> {
        let mut groups = Groups::of_so_many(self.count);
        let mut too_long = 0;
        for ((form, text), times) in values {
            if !has_value(form, text)? {
                continue;
            }
            match text.len() > self.listing.longest {
                true => too_long += u64::from(times),
                false => groups.add(text, times),
            }
        }
        let counted = self.told(&groups, |text, counted, records| {
            counted.tell(text, records)
        })?;
        Ok(Counted {
            records: counted.records + too_long,
            too_long,
            ..counted
        })
    }

    /// What is told of numbers.
    fn numbers<K: Copy + Eq + Hash>(
        &self,
        values: impl Iterator<Item = K>,
        tell: impl FnMut(K, &mut Counted, u32) -> Result<(), Damaged>,
    ) -> Result<Counted, Damaged> {
        let mut groups = Groups::of_so_many(self.count);
        values.for_each(|value| groups.add(value, 1));
        self.told(&groups, tell)
    }

    fn told<K: Copy + Eq + Hash>(
        &self,
        groups: &Groups<K>,
        mut tell: impl FnMut(K, &mut Counted, u32) -> Result<(), Damaged>,
    ) -> Result<Counted, Damaged> {
        let (frequent, left_out) = groups.most_frequent(self.listing.most, self.listing.least);
        let mut counted = Counted {
            records: groups.values(),
            left_out: left_out.into(),
            ..Counted::default()
        };
        for (value, records) in frequent {
            tell(value, &mut counted, records)?;
        }
        Ok(counted)
    }
}

/// Mixed values, each with its form.
fn mixed(bytes: &[u8], count: usize) -> Result<impl Iterator<Item = (u8, &[u8])>, Damaged> {
    let (forms, texts) = bytes.split_at_checked(count).ok_or(Damaged::Length)?;
    Ok(forms.iter().copied().zip(each_of(texts, count)?))
}

/// Whether there is a value: an empty object has none.
fn has_value(form: u8, text: &[u8]) -> Result<bool, Damaged> {
    match text.first() {
        Some(b'{') if form == LEAF_JSON => Ok(false),
        Some(b'[') if form == LEAF_JSON => Err(Damaged::Impossible("an array among single values")),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests;
