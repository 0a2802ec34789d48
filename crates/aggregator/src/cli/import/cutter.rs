//! What a file holds, cut into portions: behind a line, a JSON value or an element of an array. Pure.
//!
//! Where it is cut goes by what stands there alone, and by the size that is wanted: not by how it came. So a file that is
//! read again gives the same portions, each with the same key. The key is made of all that stands before the portion's
//! end: a file that has grown keeps the portions that were full, and files that only begin alike have no key in common
//! behind that.

mod scan;

pub(super) use scan::Form;

use scan::{At, Scan};

/// A line, or an element of an array, is no longer than this.
pub(super) const LONGEST: usize = 64 * 1024 * 1024;
/// A value over several lines is no longer than this: what opens a brace and is no JSON is cut behind a line then.
const LONGEST_VALUE: usize = 8 * 1024 * 1024;
const MARK_OF_UTF8: &[u8] = b"\xef\xbb\xbf";

/// A part of a file, to be sent by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cut {
    /// The byte at which it begins, in what is unpacked.
    pub(super) place: u64,
    /// The byte behind its last one.
    pub(super) end: u64,
    /// Whether a smaller size would have cut it, so far as that is known without reading it.
    pub(super) is_divisible: bool,
    /// By which it is known when it comes again.
    pub(super) key: String,
    /// How it was cut.
    pub(super) form: Form,
    /// What is sent.
    pub(super) body: Vec<u8>,
}

/// What begins at this byte is too long to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("what begins at byte {0} goes on for more than {LONGEST} bytes")]
pub(super) struct TooLong(u64);

/// Cuts a text that comes piece by piece.
pub(super) struct Cutter {
    /// What was asked for; else each text tells by itself.
    asked: Option<Form>,
    form: Option<Form>,
    target: usize,
    buffer: Vec<u8>,
    place: u64,
    /// Over all that was cut off.
    hasher: blake3::Hasher,
    scan: Scan,
}

impl Cutter {
    /// For portions of about so many bytes. `name` becomes part of all keys.
    pub(super) fn new(asked: Option<Form>, target: usize, name: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"aggregator import 1\0");
        hasher.update(&(name.len() as u64).to_le_bytes());
        hasher.update(name.as_bytes());
        Self {
            asked,
            form: None,
            target,
            buffer: Vec::new(),
            place: 0,
            hasher,
            scan: Scan::default(),
        }
    }

    /// Takes what comes next.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next portion, if all of it has come.
    pub(super) fn next(&mut self) -> Result<Option<Cut>, TooLong> {
        self.step(false)
    }

    /// The next portion when nothing more comes; to be asked until there is none.
    pub(super) fn rest(&mut self) -> Result<Option<Cut>, TooLong> {
        self.step(true)
    }

    fn step(&mut self, is_all: bool) -> Result<Option<Cut>, TooLong> {
        loop {
            let Some(form) = self.form(is_all) else {
                return Ok(None);
            };
            let Some((end, kept)) = self.end_of_portion(form, is_all)? else {
                return Ok(None);
            };
            if let Some(cut) = self.take(form, end, kept) {
                return Ok(Some(cut));
            }
            if self.buffer.is_empty() && self.form == Some(form) {
                return Ok(None);
            }
        }
    }

    /// The form of what comes next. The bracket of an array is behind it then.
    fn form(&mut self, is_all: bool) -> Option<Form> {
        if self.form.is_some() {
            return self.form;
        }
        if self.place == 0 && !is_all && MARK_OF_UTF8.starts_with(&self.buffer) {
            return None;
        }
        if self.place == 0 && self.buffer.starts_with(MARK_OF_UTF8) {
            self.consume(MARK_OF_UTF8.len());
        }
        let blanks = self.skip_blank_lines();
        if blanks == self.buffer.len() {
            if is_all || blanks >= LONGEST {
                self.consume(blanks);
            }
            return None;
        }
        let form = Form::of(&self.buffer, is_all)?;
        // What is asked for is how a text is read that is no array.
        let form = match self.asked {
            Some(Form::Lines) => Form::Lines,
            Some(Form::Values) if form == Form::Lines => Form::Values,
            _ => form,
        };
        if form == Form::Elements {
            self.consume(blanks + 1);
        }
        self.form = Some(form);
        self.form
    }

    /// Leaves out the lines in front in which nothing stands; how many blanks begin the one behind them, which a message
    /// may begin with.
    fn skip_blank_lines(&mut self) -> usize {
        let is_blank = |byte: &&u8| byte.is_ascii_whitespace();
        let blanks = self.buffer.iter().take_while(is_blank).count();
        let in_front = self.buffer.get(..blanks).unwrap_or_default();
        let last = in_front.iter().rposition(|byte| *byte == b'\n');
        let lines = last.map_or(0, |last| last + 1);
        if lines > 0 {
            self.consume(lines);
        }
        blanks - lines
    }

    /// Where the next portion ends, and how much of it is kept.
    fn end_of_portion(
        &mut self,
        form: Form,
        is_all: bool,
    ) -> Result<Option<(usize, usize)>, TooLong> {
        while let Some(byte) = self.buffer.get(self.scan.at).copied()
            && self.scan.at < self.longest(form)
        {
            let at = self.scan.step(form, byte, self.target);
            let end = self.scan.at;
            match at {
                At::Border if end > self.target => {
                    let cut = self.scan.cut.unwrap_or(end);
                    return Ok(Some((cut, kept(form, cut))));
                }
                At::Border => self.scan.cut = Some(end),
                At::End => {
                    if let Some(cut) = self.scan.cut.filter(|_| end > self.target) {
                        return Ok(Some((cut, kept(form, cut))));
                    }
                    self.form = None;
                    return Ok(Some((end, end - 1)));
                }
                At::Within => {}
            }
        }
        if self.scan.at > self.target
            && let Some(cut) = self.scan.cut
        {
            return Ok(Some((cut, kept(form, cut))));
        }
        if self.scan.at >= self.longest(form) {
            return match (form, self.scan.line) {
                (Form::Values, Some(line)) => Ok(Some((line, line))),
                _ => Err(TooLong(self.place)),
            };
        }
        let end = self.buffer.len();
        Ok((is_all && end > 0).then_some((end, end)))
    }

    /// How far it is looked for a place to cut at.
    fn longest(&self, form: Form) -> usize {
        match (form, self.scan.line) {
            (Form::Values, Some(_)) => LONGEST_VALUE.max(self.target),
            _ => LONGEST,
        }
    }

    /// Cuts off what ends there; `None` where only blanks stand.
    fn take(&mut self, form: Form, end: usize, kept: usize) -> Option<Cut> {
        let place = self.place;
        let text = self.buffer.get(..kept).unwrap_or_default();
        let is_blank = text.iter().all(u8::is_ascii_whitespace);
        let mut body = Vec::new();
        if !is_blank {
            if form == Form::Elements {
                body.push(b'[');
            }
            body.extend_from_slice(text);
            // One that is cut off stays so, and is refused.
            if form == Form::Elements && kept < end {
                body.push(b']');
            }
        }
        self.consume(end);
        (!is_blank).then(|| Cut {
            place,
            end: self.place,
            // One that is longer than what is wanted is a record alone.
            is_divisible: end <= self.target,
            key: self.key(form, place),
            form,
            body,
        })
    }

    fn consume(&mut self, bytes: usize) {
        self.hasher
            .update(self.buffer.get(..bytes).unwrap_or_default());
        self.buffer.drain(..bytes.min(self.buffer.len()));
        self.place += bytes as u64;
        self.scan = Scan::default();
    }

    fn key(&self, form: Form, place: u64) -> String {
        const DIGITS: usize = 32;
        let mut hasher = self.hasher.clone();
        hasher.update(&place.to_le_bytes());
        hasher.update(form.content_type().as_bytes());
        let digest = hasher.finalize().to_hex();
        format!("import-{}", digest.get(..DIGITS).unwrap_or(&digest))
    }
}

/// Of elements, the comma behind them is not sent.
fn kept(form: Form, cut: usize) -> usize {
    match form {
        Form::Elements => cut - 1,
        Form::Lines | Form::Values => cut,
    }
}

#[cfg(test)]
mod tests;
