//! An answer that comes in pieces, cut into its rows: lines of NDJSON, or records of CSV, which may
//! hold line ends in quotes.

/// A row is no longer than this; the largest record is far below.
const LONGEST: usize = 256 * 1024 * 1024;

/// A row that is too long to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line of the answer is longer than {LONGEST} bytes")]
pub struct TooLong;

/// The rows of what has come so far.
#[derive(Debug)]
pub(in crate::cli) struct Rows {
    has_quotes: bool,
    buffer: Vec<u8>,
    /// Where the next row begins.
    start: usize,
    /// As far as the end of the next row was looked for.
    seen: usize,
    in_quotes: bool,
}

impl Rows {
    /// Of CSV or of NDJSON; nothing has come.
    pub(in crate::cli) fn new(is_csv: bool) -> Self {
        Self {
            has_quotes: is_csv,
            buffer: Vec::new(),
            start: 0,
            seen: 0,
            in_quotes: false,
        }
    }

    /// Takes what comes next.
    pub(in crate::cli) fn add(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.buffer.drain(..self.start);
        self.seen -= self.start;
        self.start = 0;
        if self.buffer.len() + bytes.len() > LONGEST {
            return Err(TooLong);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next row with its line end, if all of it has come.
    pub(in crate::cli) fn next(&mut self) -> Option<&[u8]> {
        let quote = if self.has_quotes { b'"' } else { b'\n' };
        loop {
            let unseen = self.buffer.get(self.seen..).unwrap_or_default();
            let Some(place) = memchr::memchr2(b'\n', quote, unseen) else {
                self.seen = self.buffer.len();
                return None;
            };
            let is_quote = unseen.get(place) == Some(&b'"');
            self.seen += place + 1;
            if is_quote {
                // A quote that is written twice changes nothing in the end.
                self.in_quotes = !self.in_quotes;
            } else if !self.in_quotes {
                let start = std::mem::replace(&mut self.start, self.seen);
                return self.buffer.get(start..self.seen);
            }
        }
    }

    /// Whether a part of a row is left, which no whole answer has.
    pub(in crate::cli) fn has_rest(&self) -> bool {
        self.start < self.buffer.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows(is_csv: bool, pieces: &[&[u8]]) -> (Vec<String>, bool) {
        let mut rows = Rows::new(is_csv);
        let mut all = Vec::new();
        for piece in pieces {
            rows.add(piece).unwrap();
            while let Some(row) = rows.next() {
                all.push(String::from_utf8(row.to_vec()).unwrap());
            }
        }
        (all, rows.has_rest())
    }

    #[test]
    fn a_line_end_in_quotes_ends_no_row_of_csv() {
        let text = b"id,message\r\n1,\"a \"\"b\"\"\r\nc\"\r\n2,d\r\n";
        let expected = ["id,message\r\n", "1,\"a \"\"b\"\"\r\nc\"\r\n", "2,d\r\n"];
        assert_eq!(
            rows(true, &[text]),
            (expected.map(String::from).into(), false)
        );
        assert_eq!(rows(false, &[b"\"\n\"\n"]).0, ["\"\n", "\"\n"]);
        assert_eq!(rows(false, &[b"a\nb"]), (vec!["a\n".to_owned()], true));
    }

    proptest! {
        #[test]
        fn rows_are_the_same_however_the_answer_is_cut(text in "[a\"\n]{0,40}", cuts: Vec<prop::sample::Index>, is_csv: bool) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut start = 0;
            for cut in cuts {
                pieces.push(&text.as_bytes()[start..cut]);
                start = cut;
            }
            pieces.push(&text.as_bytes()[start..]);
            let (all, has_rest) = rows(is_csv, &pieces);
            prop_assert_eq!(&(all.clone(), has_rest), &rows(is_csv, &[text.as_bytes()]));
            prop_assert_eq!(all.concat().len() == text.len(), !has_rest);
        }
    }
}
