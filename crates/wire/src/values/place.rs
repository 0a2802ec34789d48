//! The numbers of lines, counted as far as somebody asks.

/// A place in a text, and the line that it is in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    place: usize,
    /// Line ends before it.
    ends: usize,
}

impl Lines {
    /// The number, from 1, of the line that a place is in. What was counted for a place before is not
    /// counted again.
    pub(super) fn number_of(&mut self, place: usize, text: &str) -> usize {
        if place < self.place {
            *self = Self::default();
        }
        let between = text.as_bytes().get(self.place..place).unwrap_or_default();
        self.ends += memchr::memchr_iter(b'\n', between).count();
        self.place = place;
        self.ends + 1
    }
}
