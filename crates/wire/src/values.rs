//! A body as values and lines: each value is a record or an array of records, and each line that is no
//! value is a message.
//!
//! Nothing is refused here but what [`Terms`] say: a value that breaks is read as lines, up to where it
//! broke each by itself. So no byte is passed more than a few times to find where records begin and end,
//! whatever a body holds. To read one that is not usual, a byte is passed once for each level that it lies
//! in, of which there are at most [`MAX_DEPTH`](record::fault::MAX_DEPTH).

mod array;
mod beside;
mod broken;
mod line;
mod place;

use crate::element::{self, ReadObject};
use crate::error::DecodeError;
use crate::fields;
use crate::frame::{blanks_end, value_end};
use crate::members::Members;
use crate::scanner::Scanner;
use crate::single_pass::{self, Scratch};
use crate::text::{Damage, text_of};
use crate::unusual::Unusual;
use crate::value::kind_of;
use crate::wrapper::{self, Wrapper};
pub(super) use beside::Beside;
use place::Lines;
use record::batch::BatchBuilder;
use record::notice::Notice;
use std::borrow::Cow;
use std::ops::Range;

static NOTHING: Members<'static> = Members::new();

/// What a body's type says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// It is JSON: of a first value that breaks, nothing can be known.
    pub(super) is_json: bool,
    /// An object that is the whole body may be a wrapper.
    pub(super) opens_wrapper: bool,
    /// It is text: so is a line, unless a record is in it or it is the whole body, and that is not unusual.
    pub(super) is_plain: bool,
}

/// Reads a body and gives each of its records to the batch.
pub(super) fn read(body: &[u8], terms: Terms, batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    read_by(body, terms, true, batch)
}

/// The same of a protocol whose objects are read by `object`, and whose requests give attributes to each of
/// their records.
pub(super) fn read_with(
    body: &[u8],
    terms: Terms,
    object: ReadObject,
    given: &Members<'_>,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    read_all(body, terms, (object, given), false, batch)
}

/// The same, with usual records read `in_one_pass` or as all others are: tests hold both ways against each
/// other.
pub(super) fn read_by(
    body: &[u8],
    terms: Terms,
    in_one_pass: bool,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    read_all(
        body,
        terms,
        (fields::record, &Members::new()),
        in_one_pass,
        batch,
    )
}

fn read_all(
    body: &[u8],
    terms: Terms,
    (object, given): (ReadObject, &Members<'_>),
    in_one_pass: bool,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    let text = text_of(body);
    if matches!(text, Cow::Owned(_)) && batch.is_strict() {
        return Err(DecodeError::NotUtf8 {
            offset: std::str::from_utf8(body).map_or_else(|error| error.valid_up_to(), str::len),
        });
    }
    let mut reader = Reader::new(body, &text, terms, batch);
    (reader.object, reader.given) = (object, given);
    // Where something was replaced, all are looked at.
    reader.in_one_pass &= in_one_pass;
    reader.body()
}

/// Reads values and lines of a body.
pub(super) struct Reader<'t, 'b> {
    text: &'t str,
    terms: Terms,
    object: ReadObject,
    /// What the request gives to each of its records.
    given: &'t Members<'t>,
    batch: &'b mut BatchBuilder,
    /// Where what was no UTF-8 was replaced, if anything was.
    damage: Option<Damage<'t>>,
    in_one_pass: bool,
    scratch: Scratch<'t>,
    unusual: Unusual,
    /// What is to be told of every record of a wrapper.
    unusual_of_all: Unusual,
    /// What every record has beside its own.
    beside: Option<Beside<'t>>,
    lines: Lines,
    /// Whether nothing of the body was read yet.
    is_first: bool,
}

/// What became of a value: it ends at a place, or it breaks there.
type End = Result<usize, usize>;

impl<'t, 'b> Reader<'t, 'b> {
    /// Reads `text`, which is that of `body`.
    pub(super) fn new(
        body: &'t [u8],
        text: &'t Cow<'t, str>,
        terms: Terms,
        batch: &'b mut BatchBuilder,
    ) -> Self {
        let is_damaged = matches!(text, Cow::Owned(_));
        Self {
            text,
            terms,
            object: fields::record,
            given: &NOTHING,
            batch,
            damage: is_damaged.then(|| Damage::of(body)),
            in_one_pass: !is_damaged,
            scratch: Scratch::default(),
            unusual: Unusual::default(),
            unusual_of_all: Unusual::default(),
            beside: None,
            lines: Lines::default(),
            is_first: true,
        }
    }
}

impl Reader<'_, '_> {
    fn body(&mut self) -> Result<(), DecodeError> {
        let start = blanks_end(self.text.as_bytes(), 0);
        let first = self.text.get(start..).unwrap_or_default();
        if first.is_empty() {
            return Ok(());
        }
        if self.is_strict_json() && !first.starts_with(['{', '[']) {
            return Err(DecodeError::NotRecords {
                found: kind_of(first),
            });
        }
        self.values(0..self.text.len(), false)
    }

    fn is_strict_json(&self) -> bool {
        self.batch.is_strict() && self.terms.opens_wrapper
    }

    /// Reads what stands in a range, which begins with a line; of a line alone, nothing goes beyond it.
    fn values(&mut self, range: Range<usize>, is_line: bool) -> Result<(), DecodeError> {
        let (mut from, mut is_behind) = (range.start, false);
        loop {
            let start = blanks_end(self.text.as_bytes(), from).min(range.end);
            if start == range.end {
                return Ok(());
            }
            let message = self.message_start(from, start, is_behind);
            let is_container = matches!(self.text.as_bytes().get(start), Some(b'{' | b'['));
            if !is_container || self.is_text(start, range.end) {
                let stop = self.line_end(start, range.end);
                self.line(message, start, stop)?;
                (from, is_behind) = (stop + 1, false);
                self.is_first = false;
                continue;
            }
            match self.container(start, range.end, is_line)? {
                Ok(stop) => (from, is_behind) = (stop, true),
                Err(broke) => {
                    from = self.broken(message, start..range.end, broke, is_line)?;
                    is_behind = false;
                }
            }
            self.is_first = false;
            if from >= range.end {
                return Ok(());
            }
        }
    }

    /// A value that broke is a message as far as its line goes. Lines up to the place where it broke are
    /// read each by itself; gives the place of those that are not.
    fn broken(
        &mut self,
        message: usize,
        range: Range<usize>,
        broke: usize,
        is_line: bool,
    ) -> Result<usize, DecodeError> {
        let stop = self.line_end(range.start, range.end);
        if self.is_first && !self.goes_on_as_lines(stop, broke) {
            return Err(self.syntax_error());
        }
        self.is_first = false;
        self.message(message..stop)?;
        let mut from = stop + 1;
        while !is_line && from < range.end {
            let stop = self.line_end(from, range.end);
            if stop > broke {
                break;
            }
            self.values(from..stop, true)?;
            from = stop + 1;
        }
        Ok(from)
    }

    /// An object or an array; where it ends, or breaks.
    fn container(&mut self, start: usize, end: usize, is_line: bool) -> Result<End, DecodeError> {
        if self.text.as_bytes().get(start) == Some(&b'[') {
            // Of lines that were passed over already, most are none.
            if is_line
                && let Err(broke) = value_end(self.text.get(..end).unwrap_or_default(), start)
            {
                return Ok(Err(broke));
            }
            return self.array(start, end, self.given);
        }
        if let Some(stop) = self.at_once(start, end) {
            return self.checked().map(|()| Ok(stop));
        }
        let stop = match value_end(self.text.get(..end).unwrap_or_default(), start) {
            Ok(stop) => stop,
            broke => return Ok(broke),
        };
        if self.is_whole(stop) && self.terms.opens_wrapper {
            let object = self.text.get(start..stop).unwrap_or_default();
            if let Some(wrapper) = wrapper::open(object) {
                let read = self.wrapped(start..stop, wrapper)?;
                return Ok(read.map(|_| stop));
            }
        }
        self.element(start..stop, self.given)?;
        Ok(Ok(stop))
    }

    /// Reads the array of a wrapper. What is unusual of the fields around it is so of each record.
    fn wrapped(&mut self, object: Range<usize>, wrapper: Wrapper<'_>) -> Result<End, DecodeError> {
        let array = object.start + wrapper.array.start..object.start + wrapper.array.end;
        self.unusual_of_all = wrapper.unusual;
        if let Some(mut damage) = self.damage.clone()
            && (damage.is_in(object.start..array.start) || damage.is_in(array.end..object.end))
        {
            self.unusual_of_all.tell(Notice::NotUtf8);
        }
        let read = self.array(array.start, object.end, &wrapper.shared);
        self.unusual_of_all = Unusual::default();
        read
    }

    /// Reads a usual record in one pass; where it ends.
    fn at_once(&mut self, start: usize, end: usize) -> Option<usize> {
        if !self.in_one_pass {
            return None;
        }
        let mut scanner = Scanner::at(self.text.get(..end)?, start);
        let beside = self.beside.as_ref();
        let beside = beside.map(|beside| (beside.name, beside.text.as_ref()));
        single_pass::record(&mut scanner, &mut self.scratch, beside, self.batch)?;
        Some(scanner.place())
    }

    fn element(&mut self, range: Range<usize>, shared: &Members<'_>) -> Result<(), DecodeError> {
        self.look_for_damage(&range);
        let value = self.text.get(range).unwrap_or_default();
        self.unusual.tell_also(&self.unusual_of_all);
        let object = self.object;
        match &self.beside {
            Some(beside) => {
                let shared = beside.of(value);
                element::read(value, object, &shared, &mut self.unusual, self.batch);
            }
            None => element::read(value, object, shared, &mut self.unusual, self.batch),
        }
        // What was to be told of one that was refused is not told of the next.
        self.unusual = Unusual::default();
        self.checked()
    }

    /// A line, or what is left of one, that is no JSON.
    fn message(&mut self, range: Range<usize>) -> Result<(), DecodeError> {
        let line = self.text.get(range.clone()).unwrap_or_default();
        let line = line.strip_suffix('\r').unwrap_or(line);
        if self.batch.is_strict() && !self.terms.is_plain {
            let fault = self.syntax_fault(line, range.start);
            self.batch.reject(fault);
            return Ok(());
        }
        if !self.terms.is_plain {
            self.unusual.tell(Notice::NotJson);
        }
        self.look_for_damage(&range);
        let beside = self.beside.as_ref().map(|beside| beside.of(""));
        let shared = beside.as_ref().unwrap_or(self.given);
        element::message(line, shared, &mut self.unusual, self.batch);
        self.checked()
    }

    fn look_for_damage(&mut self, range: &Range<usize>) {
        let damage = self.damage.as_mut();
        if damage.is_some_and(|damage| damage.is_in(range.clone())) {
            self.unusual.tell(Notice::NotUtf8);
        }
    }

    fn checked(&self) -> Result<(), DecodeError> {
        match self.batch.is_too_large() {
            true => Err(DecodeError::TooLarge),
            false => Ok(()),
        }
    }
}
