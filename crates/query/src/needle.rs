//! A text that is looked for in messages, with or without regard to case, piece by piece.

use super::QueryError;
use super::folding::{cases, fold, fold_into, folded};
use super::patience::{GaveUp, Patience};
use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use memchr::memmem::Finder;
use std::ops::Range;

/// Bytes of a text, of a regular expression, or of the key and the value of an attribute together: no query asks
/// for more.
pub const LONGEST: usize = 1_000;
/// Bytes of a message that are gone over between two questions for patience.
const PIECE: usize = 1024 * 1024;
/// The same where a piece has to be folded, which takes memory.
const FOLDED_PIECE: usize = 64 * 1024;
/// Bytes of the longest character.
const CHARACTER: usize = 4;

/// Whether what is looked for is in a piece.
pub(super) type IsIn<'a> = dyn FnMut(Piece<'_>, &mut Patience<'_>) -> Result<bool, GaveUp> + 'a;

/// Spellings of the beginning of a text that are looked for at first.
const BEGINNINGS: usize = 16;

/// A text to look for.
#[derive(Debug, Clone)]
pub(super) struct Needle {
    text: String,
    case_sensitive: bool,
    way: Way,
    /// The spellings of its beginning, one of which a message has if it has the text; `None` where they cannot be
    /// looked for quickly.
    beginnings: Option<Searcher>,
}

/// How it is looked for: the quickest way that finds it wherever it stands.
#[derive(Debug, Clone)]
enum Way {
    /// As it is.
    Exactly(Finder<'static>),
    /// Of ASCII alone, in the message as it is; and folded, where a character beyond ASCII may stand for
    /// one of its letters.
    Ascii(AhoCorasick, Option<Finder<'static>>),
    /// Folded, in a folded message.
    Folded(Finder<'static>),
}

/// Letters beyond ASCII that fold to one of it, and the first byte of each.
const DISGUISED: [char; 2] = ['ſ', '\u{212a}'];
const FIRST_BYTES: [u8; 2] = [0xc5, 0xe2];

/// A part of a message, folded if it is looked for so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Whether the message begins and ends with it.
    pub(super) is_first: bool,
    pub(super) is_last: bool,
    search: Search<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Search<'a> {
    Exactly(&'a Finder<'static>),
    Ascii(&'a AhoCorasick),
    Folded(&'a Finder<'static>),
}

impl Piece<'_> {
    /// Whether the text stands in it.
    #[inline]
    pub(super) fn has(&self) -> bool {
        match self.search {
            Search::Ascii(finder) => finder.is_match(self.text),
            Search::Exactly(_) | Search::Folded(_) => self.find(0).is_some(),
        }
    }

    /// Where the text stands behind the first `from` bytes.
    #[inline]
    pub(super) fn find(&self, from: usize) -> Option<Range<usize>> {
        match self.search {
            Search::Exactly(finder) | Search::Folded(finder) => {
                let rest = self.text.as_bytes().get(from..)?;
                let start = from + finder.find(rest)?;
                Some(start..start + finder.needle().len())
            }
            Search::Ascii(finder) => {
                let input = Input::new(self.text).range(from..);
                finder.find(input).map(|found| found.range())
            }
        }
    }
}

impl Needle {
    /// A text to look for, given as this parameter.
    ///
    /// # Errors
    /// [`QueryError::TooLong`].
    pub(super) fn new(
        parameter: &'static str,
        text: &str,
        case_sensitive: bool,
    ) -> Result<Self, QueryError> {
        let too_long = QueryError::TooLong {
            parameter,
            limit: LONGEST,
        };
        if text.len() > LONGEST {
            return Err(too_long);
        }
        let finder = |text: &str| Finder::new(text).into_owned();
        let way = if case_sensitive {
            Way::Exactly(finder(text))
        } else if text.is_ascii() {
            let ascii = AhoCorasick::builder()
                .ascii_case_insensitive(true)
                // A table of all states would take a megabyte for a long text.
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build([text])
                .map_err(|_| too_long)?;
            let folded = folded(text);
            let may_be_disguised = folded.contains(DISGUISED.map(fold));
            Way::Ascii(ascii, may_be_disguised.then(|| finder(&folded)))
        } else {
            Way::Folded(finder(&folded(text)))
        };
        let beginnings = match case_sensitive {
            true => None,
            false => Searcher::new(beginnings(text)),
        };
        Ok(Self {
            text: text.to_owned(),
            case_sensitive,
            way,
            beginnings,
        })
    }

    /// What is looked for.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether capital and small letters are told apart.
    pub(super) fn is_case_sensitive(&self) -> bool {
        self.case_sensitive
    }

    /// Bytes that it takes, while it is looked for.
    pub(super) fn memory(&self) -> usize {
        // A folded character may take half as much again.
        let folded = 2 * (FOLDED_PIECE + self.beside());
        let way = match &self.way {
            Way::Exactly(finder) => finder.needle().len(),
            Way::Ascii(finder, None) => finder.memory_usage(),
            Way::Ascii(finder, Some(other)) => {
                finder.memory_usage() + other.needle().len() + folded
            }
            Way::Folded(finder) => finder.needle().len() + folded,
        };
        let beginnings = self.beginnings.as_ref();
        self.text.len() + way + beginnings.map_or(0, Searcher::memory_usage)
    }

    /// Whether `is_in` says so of any piece of a message. Wherever the text stands, it stands in a piece
    /// as a whole, with the characters beside it.
    #[inline]
    pub(super) fn in_any_piece(
        &self,
        message: &str,
        patience: &mut Patience<'_>,
        is_in: &mut IsIn<'_>,
    ) -> Result<bool, GaveUp> {
        match &self.way {
            // Unless what is looked for stands for letters of ASCII alone.
            Way::Folded(finder) if message.is_ascii() && !finder.needle().is_ascii() => Ok(false),
            _ if self.begins_nowhere(message) => Ok(false),
            Way::Exactly(finder) => {
                self.in_pieces(message, Search::Exactly(finder), patience, is_in)
            }
            Way::Ascii(finder, folded) => {
                if self.in_pieces(message, Search::Ascii(finder), patience, is_in)? {
                    return Ok(true);
                }
                match folded {
                    Some(finder) if has_disguised(message) => {
                        self.in_pieces(message, Search::Folded(finder), patience, is_in)
                    }
                    _ => Ok(false),
                }
            }
            Way::Folded(finder) => self.in_pieces(message, Search::Folded(finder), patience, is_in),
        }
    }

    /// Whether no spelling of its beginning is in a message.
    #[inline]
    fn begins_nowhere(&self, message: &str) -> bool {
        let beginnings = self.beginnings.as_ref();
        beginnings.is_some_and(|beginnings| beginnings.find(message).is_none())
    }

    fn in_pieces(
        &self,
        message: &str,
        search: Search<'_>,
        patience: &mut Patience<'_>,
        is_in: &mut IsIn<'_>,
    ) -> Result<bool, GaveUp> {
        let is_folded = matches!(search, Search::Folded(_));
        let size = if is_folded { FOLDED_PIECE } else { PIECE };
        if message.len() <= size && !is_folded {
            let piece = Piece {
                text: message,
                is_first: true,
                is_last: true,
                search,
            };
            return is_in(piece, patience);
        }
        let mut folded = String::new();
        let mut from = 0_usize;
        loop {
            let start = boundary(message, from.saturating_sub(CHARACTER));
            let end = boundary(message, message.len().min(from + size + self.beside()));
            let mut text = message.get(start..end).unwrap_or_default();
            if is_folded {
                folded.clear();
                folded.reserve(text.len());
                fold_into(text, &mut folded);
                text = &folded;
            }
            let is_last = end == message.len();
            let piece = Piece {
                text,
                is_first: start == 0,
                is_last,
                search,
            };
            if is_in(piece, patience)? {
                return Ok(true);
            }
            if is_last {
                return Ok(false);
            }
            from += size;
            patience.ask()?;
        }
    }

    /// Bytes at the end of a piece that belong to the next one as well: what is looked for takes so many
    /// at most, with the character behind it.
    fn beside(&self) -> usize {
        (self.text.len() + 1) * CHARACTER
    }
}

/// All spellings of as many of the first characters as have no more than [`BEGINNINGS`].
fn beginnings(text: &str) -> Vec<String> {
    let mut beginnings = vec![String::new()];
    for character in text.chars() {
        let cases = cases(character);
        if beginnings.len() * cases.len() > BEGINNINGS {
            break;
        }
        let longer = beginnings.iter().flat_map(|beginning| {
            let with = move |case: &char| format!("{beginning}{case}");
            cases.iter().map(with)
        });
        beginnings = longer.collect();
    }
    beginnings
}

/// Whether a character beyond ASCII stands for one of it.
fn has_disguised(message: &str) -> bool {
    let [first, second] = FIRST_BYTES;
    memchr::memchr2(first, second, message.as_bytes()).is_some() && message.contains(DISGUISED)
}

impl PartialEq for Needle {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.case_sensitive) == (&other.text, other.case_sensitive)
    }
}

/// The last place up to this one at which a character begins.
fn boundary(text: &str, place: usize) -> usize {
    let places = place.saturating_sub(CHARACTER)..=place;
    let boundary = places.rev().find(|place| text.is_char_boundary(*place));
    boundary.unwrap_or(0)
}
