//! What is answered of each action, kept small: a body holds millions of them.
//!
//! Equal items in a row are one entry. An entry takes a few bytes beside the texts that it brings, which
//! stood in the body: so all of them take no more than the body did.
//!
//! ```text
//! entry   head u8 | index: length, bytes (when it is another one than before) | id: length, bytes, or count
//! head    kind (2 bits) | refusal (2 bits) | has an id | has another index
//! ```
//!
//! Lengths and counts have seven bits a byte, the least first; all but the last byte have the eighth.

use super::action::{KINDS, Kind};

const ID: u8 = 1 << 4;
const OTHER_INDEX: u8 = 1 << 5;
const REFUSAL_SHIFT: u8 = 2;

/// Why an action is refused for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Logs are not changed.
    Unsupported,
    /// No document is behind it, or an empty line.
    NoDocument,
}

/// Items of an answer as they come.
#[derive(Debug, Default)]
pub struct BulkItems {
    entries: Vec<u8>,
    /// The index of the last one.
    index: String,
    /// Items of which the next may be one more: their head, and how many there are.
    run: Option<(u8, u64)>,
    any_refused: bool,
}

/// Equal items in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run<'a> {
    /// What was asked for.
    pub kind: Kind,
    /// The index that it was for; empty when none was named.
    pub index: &'a str,
    /// The id that the request gave; then it is one item.
    pub id: Option<&'a str>,
    /// Why they are refused, if they are.
    pub refusal: Option<Refusal>,
    /// How many they are.
    pub count: u64,
}

/// Items of an answer, to be read in their order.
#[derive(Debug)]
pub struct ItemRuns {
    entries: Vec<u8>,
    place: usize,
    index: String,
}

impl BulkItems {
    pub(super) fn push(
        &mut self,
        kind: Kind,
        index: &str,
        id: Option<&str>,
        refusal: Option<Refusal>,
    ) {
        self.any_refused |= refusal.is_some();
        let head = head_of(kind, refusal);
        if let Some((of_run, count)) = &mut self.run
            && *of_run == head
            && id.is_none()
            && self.index == index
        {
            *count += 1;
            return;
        }
        self.finish_run();
        let is_other = self.index != index;
        let mut flags = if is_other { OTHER_INDEX } else { 0 };
        flags |= if id.is_some() { ID } else { 0 };
        self.entries.push(head | flags);
        if is_other {
            index.clone_into(&mut self.index);
            self.text(index);
        }
        match id {
            Some(id) => self.text(id),
            None => self.run = Some((head, 1)),
        }
    }

    fn finish_run(&mut self) {
        if let Some((_, count)) = self.run.take() {
            self.number(count);
        }
    }

    /// All have come.
    pub(super) fn finish(&mut self) {
        self.finish_run();
        if self.entries.capacity() > 2 * self.entries.len() {
            self.entries.shrink_to_fit();
        }
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.entries.extend_from_slice(text.as_bytes());
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.entries.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.entries.push(number.to_le_bytes()[0]);
    }

    /// Whether any action is refused.
    pub fn any_refused(&self) -> bool {
        self.any_refused
    }

    /// The memory that they take up, in bytes.
    pub fn memory_bytes(&self) -> usize {
        self.entries.capacity() + self.index.capacity()
    }

    /// The items, to be read once.
    pub fn into_runs(self) -> ItemRuns {
        ItemRuns {
            entries: self.entries,
            place: 0,
            index: String::new(),
        }
    }
}

fn head_of(kind: Kind, refusal: Option<Refusal>) -> u8 {
    let refusal: u8 = match refusal {
        None => 0,
        Some(Refusal::Unsupported) => 1,
        Some(Refusal::NoDocument) => 2,
    };
    let kind: u8 = match kind {
        Kind::Index => 0,
        Kind::Create => 1,
        Kind::Update => 2,
        Kind::Delete => 3,
    };
    kind | refusal << REFUSAL_SHIFT
}

impl ItemRuns {
    /// The next of them.
    pub fn next_run(&mut self) -> Option<Run<'_>> {
        let head = *self.entries.get(self.place)?;
        self.place += 1;
        if head & OTHER_INDEX != 0 {
            let (start, end) = self.text()?;
            let index = std::str::from_utf8(self.entries.get(start..end)?).ok()?;
            index.clone_into(&mut self.index);
        }
        let (mut id, mut count) = (None, 1);
        match head & ID {
            0 => count = self.number()?,
            _ => id = Some(self.text()?),
        }
        let id = id.and_then(|(start, end)| self.entries.get(start..end));
        Some(Run {
            kind: *KINDS.get(usize::from(head & 3))?,
            index: &self.index,
            id: id.and_then(|id| std::str::from_utf8(id).ok()),
            refusal: match head >> REFUSAL_SHIFT & 3 {
                1 => Some(Refusal::Unsupported),
                2 => Some(Refusal::NoDocument),
                _ => None,
            },
            count,
        })
    }

    /// Where the text stands that comes next.
    fn text(&mut self) -> Option<(usize, usize)> {
        let length = usize::try_from(self.number()?).ok()?;
        let start = self.place;
        self.place = start.checked_add(length)?;
        Some((start, self.place))
    }

    fn number(&mut self) -> Option<u64> {
        let (mut number, mut shift) = (0, 0);
        loop {
            let byte = *self.entries.get(self.place)?;
            self.place += 1;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
            shift += 7;
        }
    }
}
