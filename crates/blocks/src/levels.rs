//! The column of levels: each different pair of a severity and a level's text once, and which one each
//! record has.
//!
//! ```text
//! how many pairs (numbers: one) ‖ of each its severity (1 byte) and whether it has a text (1 byte: 0 or 1) ‖
//! the pair of each record (numbers) ‖ the texts of all pairs (texts), empty where there is none
//! ```

use crate::damaged::Damaged;
use crate::input::Input;
use crate::numbers;
use crate::row_set::RowSet;
use crate::texts::{Texts, TextsWriter};
use foldhash::HashMap;
use std::ops::Range;

/// Levels that are gathered.
#[derive(Debug, Default)]
pub(crate) struct LevelsWriter {
    /// Different pairs: a severity, and the text behind a byte that says that there is one.
    pairs: Vec<Vec<u8>>,
    /// The number of each pair behind the first few.
    numbers: HashMap<Vec<u8>, u64>,
    of: Vec<u64>,
    pair: Vec<u8>,
    texts: TextsWriter,
}

/// Pairs that are sooner looked through than looked up.
const FEW: usize = 8;

/// A pair that a record would have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FoundLevel {
    /// Its number, if there is one.
    number: Option<u64>,
    /// Bytes that the block has more with it: none of one that there is.
    pub(crate) bytes: usize,
}

impl LevelsWriter {
    /// What a record with this level has.
    pub(crate) fn find(&mut self, severity: u8, level: Option<&str>) -> FoundLevel {
        let text = level.map(str::as_bytes);
        let is_it = |pair: &Vec<u8>| {
            pair.split_first_chunk()
                .is_some_and(|([other, has], rest)| {
                    *other == severity
                        && *has == u8::from(text.is_some())
                        && rest == text.unwrap_or_default()
                })
        };
        let mut few = self.pairs.iter().take(FEW);
        let mut number = few.position(is_it).map(|place| place as u64);
        if number.is_none() {
            self.pair.clear();
            self.pair.extend([severity, u8::from(text.is_some())]);
            self.pair.extend_from_slice(text.unwrap_or_default());
            number = self.numbers.get(&self.pair).copied();
        }
        let bytes = match number {
            Some(_) => 0,
            None => self.pair.len() + size_of::<u64>(),
        };
        FoundLevel { number, bytes }
    }

    /// The next record has the pair that was found last. Its number.
    pub(crate) fn push(&mut self, found: FoundLevel) -> u64 {
        let number = found.number.unwrap_or_else(|| {
            let number = self.pairs.len();
            if number >= FEW {
                self.numbers.insert(self.pair.clone(), number as u64);
            }
            self.pairs.push(self.pair.clone());
            number as u64
        });
        self.of.push(number);
        number
    }

    /// The next record has a pair that there is.
    pub(crate) fn push_known(&mut self, number: u64) {
        self.of.push(number);
    }

    pub(crate) fn clear(&mut self) {
        self.pairs.clear();
        self.numbers.clear();
        self.of.clear();
    }

    /// How many records have which severity, ascending.
    pub(crate) fn severities(&self) -> Vec<(u8, u64)> {
        let mut counts = [0_u64; 1 << 8];
        for number in &self.of {
            let pair = usize::try_from(*number)
                .ok()
                .and_then(|number| self.pairs.get(number));
            let severity = pair
                .and_then(|pair| pair.first())
                .copied()
                .unwrap_or_default();
            if let Some(count) = counts.get_mut(usize::from(severity)) {
                *count += 1;
            }
        }
        let counts = (0..=u8::MAX).zip(counts);
        counts.filter(|(_, count)| *count > 0).collect()
    }

    pub(crate) fn write(&mut self, out: &mut Vec<u8>) {
        numbers::write(out, &[self.pairs.len() as u64]);
        self.texts.clear();
        for pair in &self.pairs {
            let (head, text) = pair.split_at_checked(2).unwrap_or_default();
            out.extend_from_slice(head);
            self.texts.push(text);
        }
        numbers::write(out, &self.of);
        out.extend_from_slice(self.texts.written());
    }
}

/// The levels of a block's records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Levels {
    severities: Vec<u8>,
    has_text: Vec<bool>,
    texts: Texts,
    of: Vec<u16>,
}

impl Levels {
    pub(crate) fn read(mut input: Input<'_>, count: usize) -> Result<Self, Damaged> {
        let pairs = numbers::read::<usize>(&mut input, 1)?.first().copied();
        let pairs = pairs.filter(|pairs| *pairs <= count);
        let pairs = pairs.ok_or(Damaged::Impossible("more levels than records"))?;
        let (mut severities, mut has_text) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
        for _ in 0..pairs {
            let [severity, has] = input.array()?;
            severities.push(severity);
            has_text.push(match has {
                0 => false,
                1 => true,
                _ => return Err(Damaged::Impossible("a level that is neither there nor not")),
            });
        }
        let of = numbers::read::<u16>(&mut input, count)?;
        if of.iter().any(|number| usize::from(*number) >= pairs) {
            return Err(Damaged::Impossible("a level that is not there"));
        }
        let texts = Texts::read(input.rest().to_vec(), pairs)?;
        Ok(Self {
            severities,
            has_text,
            texts,
            of,
        })
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }

    /// The number of the pair of the record at a place.
    pub(crate) fn number(&self, place: usize) -> usize {
        self.of.get(place).copied().unwrap_or(u16::MAX).into()
    }

    /// The severity of the record at a place.
    pub fn severity(&self, place: usize) -> u8 {
        let severity = self.severities.get(self.number(place));
        severity.copied().unwrap_or_default()
    }

    /// The level of the record at a place, as it was sent.
    pub fn text(&self, place: usize) -> Option<&str> {
        let number = self.number(place);
        let has_text = self.has_text.get(number).copied().unwrap_or(false);
        has_text.then(|| self.texts.get(number))
    }

    /// The records of one of these severities.
    pub fn rows_of(&self, severities: &[u8]) -> RowSet {
        self.rows_where(|severity, _| severities.contains(&severity))
    }

    /// The records whose severity and level, as it was sent, are asked for.
    pub fn rows_where(&self, mut is_asked: impl FnMut(u8, Option<&str>) -> bool) -> RowSet {
        let severities = self.severities.iter().zip(self.pair_texts());
        let asked: Vec<bool> = severities
            .map(|(severity, text)| is_asked(*severity, text))
            .collect();
        let is_asked = |number: &u16| asked.get(usize::from(*number)).copied();
        RowSet::of(self.of.iter().map(|number| is_asked(number) == Some(true)))
    }

    /// The text of each pair.
    fn pair_texts(&self) -> impl Iterator<Item = Option<&str>> {
        let has_text = self.has_text.iter().enumerate();
        has_text.map(|(number, has_text)| has_text.then(|| self.texts.get(number)))
    }

    /// How many of the records at some places have which severity; a severity may come more than once.
    pub fn counts(&self, places: Range<usize>) -> impl Iterator<Item = (u8, u64)> {
        let mut counts = vec![0_u64; self.severities.len()];
        for number in self.of.get(places).unwrap_or_default() {
            if let Some(count) = counts.get_mut(usize::from(*number)) {
                *count += 1;
            }
        }
        let counts = self.severities.iter().copied().zip(counts);
        counts.filter(|(_, count)| *count > 0)
    }

    /// How many of some records have which severity and which level, as it was sent.
    pub fn counts_among(&self, among: &RowSet) -> impl Iterator<Item = (u8, Option<&str>, u64)> {
        let mut counts = vec![0_u64; self.severities.len()];
        for (place, number) in self.of.iter().enumerate() {
            if let Some(count) = counts.get_mut(usize::from(*number)) {
                *count += u64::from(among.has(place));
            }
        }
        let pairs = self.severities.iter().zip(self.pair_texts()).zip(counts);
        pairs
            .filter(|(_, count)| *count > 0)
            .map(|((severity, text), count)| (*severity, text, count))
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.texts.memory() + 2 * (self.of.len() + self.severities.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn levels_come_back_and_are_counted(
            levels in prop::collection::vec((0_u8..5, prop::option::of("[ab]{0,2}")), 1..60),
            start in 0_usize..60, end in 0_usize..60,
        ) {
            let mut writer = LevelsWriter::default();
            for (severity, level) in &levels {
                let found = writer.find(*severity, level.as_deref());
                writer.push(found);
            }
            let mut out = Vec::new();
            writer.write(&mut out);
            let read = Levels::read(Input::new(&out), levels.len()).unwrap();
            for (place, (severity, level)) in levels.iter().enumerate() {
                prop_assert_eq!((read.severity(place), read.text(place)), (*severity, level.as_deref()));
            }
            let places = start..end.min(levels.len());
            let asked = levels.get(places.clone()).unwrap_or_default();
            let mut counts = [0; 5];
            read.counts(places.clone()).for_each(|(severity, count)| counts[usize::from(severity)] += count);
            let set = RowSet::of((0..levels.len()).map(|place| places.contains(&place)));
            for (severity, text, count) in read.counts_among(&set) {
                let pair = (severity, text.map(str::to_owned));
                let expected = asked.iter().filter(|other| **other == pair).count();
                prop_assert_eq!(count, expected as u64);
            }
            let counted: u64 = read.counts_among(&set).map(|(_, _, count)| count).sum();
            prop_assert_eq!(counted, asked.len() as u64);
            for severity in 0..5 {
                let expected = asked.iter().filter(|(other, _)| *other == severity).count();
                prop_assert_eq!(counts[usize::from(severity)], expected as u64);
                let all = levels.iter().filter(|(other, _)| *other == severity).count();
                prop_assert_eq!(read.rows_of(&[severity]).count(), all);
                let counted = writer.severities().into_iter().find(|(other, _)| *other == severity);
                prop_assert_eq!(counted.map_or(0, |(_, count)| count), all as u64);
            }
        }
    }
}
