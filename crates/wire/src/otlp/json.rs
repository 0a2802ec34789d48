//! A body of JSON, read token by token.

use super::known::Known;
use super::names::Names;
use super::record_field::Field;
use crate::frame::{string_end, value_end};
use crate::scanner::Scanner;
use crate::string::text_of;
use crate::unusual::Unusual;
use record::fault::RecordFault;
use std::borrow::Cow;

/// Why reading cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// This is no JSON.
    Syntax,
    /// This, which is around records, has another form than it must have: nothing can be known of them.
    Shape(&'static str),
    /// More than a record may hold.
    TooLarge,
}

impl From<RecordFault> for Stop {
    /// The only fault that a value can have.
    fn from(_: RecordFault) -> Self {
        Self::TooLarge
    }
}

/// The text of a body and the place in it that is read next.
pub(super) struct Json<'t> {
    text: &'t str,
    pub(super) scanner: Scanner<'t>,
    /// What is to be told of the record that is read.
    pub(super) unusual: Unusual,
    /// Whether what is usual is read at once.
    pub(super) at_once: bool,
    /// Names of fields as they stood.
    pub(super) fields: Known<'t, Field>,
    /// Names for objects within values, to be used again.
    pub(super) spare: Vec<Names<'t>>,
}

impl<'t> Json<'t> {
    /// A text from a place on.
    pub(super) fn at(text: &'t str, place: usize) -> Self {
        Self {
            text,
            scanner: Scanner::at(text, place),
            unusual: Unusual::default(),
            at_once: false,
            fields: Known::default(),
            spare: Vec::new(),
        }
    }

    /// The same, that reads what is usual at once, if that is wanted.
    pub(super) fn at_once(self, at_once: bool) -> Self {
        Self { at_once, ..self }
    }

    /// The text that it reads.
    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The place of the next token.
    pub(super) fn place(&mut self) -> usize {
        self.scanner.next();
        self.scanner.place()
    }

    /// Goes to a place.
    pub(super) fn go_to(&mut self, place: usize) {
        self.scanner = Scanner::at(self.text, place);
    }

    /// The first byte of the next token, which stays.
    #[inline]
    pub(super) fn next(&mut self) -> Result<u8, Stop> {
        self.scanner.next().ok_or(Stop::Syntax)
    }

    /// Opens an object or array; whether anything is in it. An empty one is closed at once.
    #[inline]
    pub(super) fn open(&mut self, open: u8, close: u8) -> Result<bool, Stop> {
        self.scanner.open(open, close).ok_or(Stop::Syntax)
    }

    /// Behind a member or element: whether another one follows.
    #[inline]
    pub(super) fn more(&mut self, close: u8) -> Result<bool, Stop> {
        self.scanner.more(close).ok_or(Stop::Syntax)
    }

    /// A member's name and its colon.
    #[inline]
    pub(super) fn name(&mut self) -> Result<Cow<'t, str>, Stop> {
        let name = self.string()?;
        self.scanner.take(b':').ok_or(Stop::Syntax)?;
        Ok(name)
    }

    /// A string.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'t, str>, Stop> {
        let start = self.place();
        match self.scanner.string() {
            Some(text) => Ok(text),
            None => self.odd_string(start),
        }
    }

    /// A string with half of a surrogate pair in it, which only our own reading takes.
    fn odd_string(&mut self, start: usize) -> Result<Cow<'t, str>, Stop> {
        let bytes = self.text.as_bytes();
        if bytes.get(start) != Some(&b'"') {
            return Err(Stop::Syntax);
        }
        let end = string_end(bytes, start).map_err(|_| Stop::Syntax)?;
        self.go_to(end);
        let quoted = self.text.get(start..end).unwrap_or_default();
        Ok(text_of(quoted, &mut self.unusual))
    }

    /// Any value, as it stands.
    pub(super) fn raw(&mut self) -> Result<&'t str, Stop> {
        let start = self.place();
        let bytes = self.text.as_bytes();
        let end = match bytes.get(start) {
            Some(b'"') => string_end(bytes, start),
            _ => value_end(self.text, start),
        };
        let end = end.map_err(|_| Stop::Syntax)?;
        self.go_to(end);
        self.text.get(start..end).ok_or(Stop::Syntax)
    }

    /// Passes over a `null`, which says that a field is not there.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool, Stop> {
        if self.next()? != b'n' {
            return Ok(false);
        }
        self.scanner.word("null").ok_or(Stop::Syntax)?;
        Ok(true)
    }

    /// Passes over what is left of an object behind one of its values.
    pub(super) fn rest_of_object(&mut self) -> Result<(), Stop> {
        while self.more(b'}')? {
            self.name()?;
            self.raw()?;
        }
        Ok(())
    }
}

/// The text between quotes, as it stands; what is not quoted, as it is.
pub(super) fn unquoted(raw: &str) -> &str {
    let inner = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    inner.unwrap_or(raw)
}
