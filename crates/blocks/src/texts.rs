//! Many texts behind one another: their bytes, then their lengths (numbers), then how many bytes there are
//! (4 bytes, little endian). The bytes stand first, so that they stay where they were unpacked to.

pub(crate) mod raw;

use crate::damaged::Damaged;
use crate::input::Input;
use crate::numbers;
use std::ops::Range;

/// Texts that are gathered.
#[derive(Debug, Default)]
pub(crate) struct TextsWriter {
    /// Where each ends.
    ends: Vec<usize>,
    bytes: Vec<u8>,
    lengths: Vec<u64>,
}

impl TextsWriter {
    pub(crate) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    /// Adds those at some places of a block.
    pub(crate) fn append(&mut self, texts: &Texts, places: Range<usize>) {
        let before = self.bytes.len();
        self.bytes
            .extend_from_slice(texts.run(places.clone()).as_bytes());
        self.ends.extend(texts.ends(places).map(|end| before + end));
    }

    /// All of them as they are written, without a copy of what may be long.
    pub(crate) fn written(&mut self) -> &[u8] {
        let starts = std::iter::once(&0).chain(&self.ends);
        let lengths = self.ends.iter().zip(starts);
        let lengths = lengths.map(|(end, start)| (end - start) as u64);
        self.lengths.clear();
        self.lengths.extend(lengths);
        let bytes = self.ends.last().copied().unwrap_or_default();
        self.bytes.truncate(bytes);
        numbers::write(&mut self.bytes, &self.lengths);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.bytes.extend_from_slice(&bytes.to_le_bytes());
        &self.bytes
    }

    pub(crate) fn clear(&mut self) {
        self.ends.clear();
        self.bytes.clear();
        self.lengths.clear();
    }

    /// Bytes of memory, also of what is to be written.
    pub(crate) fn memory(&self) -> usize {
        let numbers = self.ends.capacity() + self.lengths.capacity();
        self.bytes.capacity() + numbers * size_of::<u64>()
    }
}

/// Texts that were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Where each begins, and where the last ends.
    places: Vec<u32>,
    text: String,
}

impl Texts {
    /// As many texts, which are all that the bytes hold.
    pub(crate) fn read(mut bytes: Vec<u8>, count: usize) -> Result<Self, Damaged> {
        let length = *bytes.last_chunk().ok_or(Damaged::Length)?;
        let length = u32::from_le_bytes(length) as usize;
        let lengths_end = bytes.len() - size_of::<u32>();
        let lengths = bytes.get(length..lengths_end).ok_or(Damaged::Length)?;
        let mut input = Input::new(lengths);
        let lengths = numbers::read::<u32>(&mut input, count)?;
        input.end()?;
        bytes.truncate(length);
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| Damaged::Impossible("a text that is no UTF-8"))?;
        let mut places = Vec::with_capacity(count + 1);
        let mut place = 0_u32;
        places.push(place);
        for length in lengths {
            place = place.saturating_add(length);
            if !text.is_char_boundary(place as usize) {
                return Err(Damaged::Impossible("a text that ends within a character"));
            }
            places.push(place);
        }
        match place as usize == text.len() {
            true => Ok(Self { places, text }),
            false => Err(Damaged::Length),
        }
    }

    /// As many texts of one length each.
    pub(crate) fn of_one_length(
        text: String,
        length: usize,
        count: usize,
    ) -> Result<Self, Damaged> {
        let place = |number: usize| number.checked_mul(length)?.try_into().ok();
        let places: Option<Vec<u32>> = (0..=count).map(place).collect();
        let places =
            places.filter(|places| places.last().map(|last| *last as usize) == Some(text.len()));
        let places = places.ok_or(Damaged::Length)?;
        Ok(Self { places, text })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.places.len() - 1
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The one at a place; nothing where there is none.
    #[inline]
    pub fn get(&self, place: usize) -> &str {
        self.run(place..place.saturating_add(1))
    }

    /// Those at some places, as one text.
    #[inline]
    pub fn run(&self, places: Range<usize>) -> &str {
        let start = self.places.get(places.start);
        let end = self.places.get(places.end.min(self.len()));
        let range = start
            .zip(end)
            .map(|(start, end)| *start as usize..*end as usize);
        range
            .and_then(|range| self.text.get(range))
            .unwrap_or_default()
    }

    /// Where those at some places end, in the text of all of them.
    pub(crate) fn ends(&self, places: Range<usize>) -> impl Iterator<Item = usize> {
        let start = self.places.get(places.start).copied().unwrap_or_default();
        let ends = self
            .places
            .get(places.start.saturating_add(1)..places.end.saturating_add(1));
        let ends = ends.unwrap_or_default().iter();
        ends.map(move |end| (end - start) as usize)
    }

    /// How many of the texts from `start` on take no more than `bytes` together, at least one.
    pub(crate) fn run_of(&self, start: usize, bytes: usize) -> usize {
        let limit = self
            .places
            .get(start)
            .map_or(0, |place| *place as usize + bytes);
        let rest = self.places.get(start.saturating_add(1)..);
        let rest = rest.unwrap_or_default();
        rest.partition_point(|end| *end as usize <= limit).max(1)
    }

    /// Bytes of memory.
    pub fn memory(&self) -> usize {
        self.text.len() + self.places.len() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_that_ends_within_a_character_is_none() {
        let mut out = "ä".as_bytes().to_vec();
        numbers::write(&mut out, &[1, 1]);
        out.extend_from_slice(&2_u32.to_le_bytes());
        let read = Texts::read(out, 2);
        assert_eq!(
            read,
            Err(Damaged::Impossible("a text that ends within a character"))
        );
    }

    proptest! {
        #[test]
        fn texts_come_back(texts: Vec<String>, start in 0_usize..9, bytes in 0_usize..60) {
            let mut writer = TextsWriter::default();
            for text in &texts {
                writer.push(text.as_bytes());
            }
            let mut out = writer.written().to_vec();
            prop_assert_eq!(&out, writer.written());
            let read = Texts::read(out.clone(), texts.len()).unwrap();
            prop_assert_eq!(read.len(), texts.len());
            for (place, text) in texts.iter().enumerate() {
                prop_assert_eq!(read.get(place), text);
            }
            prop_assert_eq!(read.get(texts.len()), "");
            prop_assert_eq!(read.get(usize::MAX), "");
            let run = read.run_of(start, bytes);
            let expected = texts.iter().skip(start).take(run).map(String::as_str);
            let expected: String = expected.collect();
            prop_assert_eq!(read.run(start..start + run), &expected);
            prop_assert!(run == 1 || expected.len() <= bytes);
            out.pop();
            prop_assert!(Texts::read(out, texts.len()) != Ok(read));
        }
    }
}
