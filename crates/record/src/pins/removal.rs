//! Takes out of a record's attributes what a path leads to, as it does for whoever asks for an attribute: a dot is a part
//! of a name, or leads into an object and into all objects of an array.
//!
//! In place: a record may be as large as a body, and there is no room for another.

use crate::bson_reader::{self, Value};
use std::ops::Range;

/// Takes it out of the members that stand from `start` on. What cannot be read is taken out as well.
pub(super) fn without(bytes: &mut Vec<u8>, start: usize, paths: &[&str]) {
    let members = start..bytes.len();
    let mut removal = Removal { bytes, kept: start };
    removal.members(members, paths);
    let kept = removal.kept;
    bytes.truncate(kept);
}

/// What is kept moves to the front.
struct Removal<'b> {
    bytes: &'b mut Vec<u8>,
    /// The end of what is kept. It is never behind what is looked at.
    kept: usize,
}

/// A member.
struct Found<'p> {
    whole: Range<usize>,
    /// Where its value begins, if it is an object.
    object: Option<usize>,
    /// The same of an array.
    array: Option<usize>,
    /// Whether a path ends here.
    ends: bool,
    /// The rests of those that lead on.
    below: Vec<&'p str>,
}

impl Removal<'_> {
    fn members(&mut self, mut range: Range<usize>, paths: &[&str]) {
        while let Some(found) = self.found(&range, paths) {
            range.start = found.whole.end;
            match found {
                Found { ends: true, .. } => {}
                Found {
                    object: Some(object),
                    whole,
                    below,
                    ..
                } if !below.is_empty() => {
                    self.container(whole, object, |inner, range| inner.members(range, &below));
                }
                Found {
                    array: Some(array),
                    whole,
                    below,
                    ..
                } if !below.is_empty() => {
                    self.container(whole, array, |inner, range| inner.elements(range, &below));
                }
                Found { whole, .. } => self.keep(whole),
            }
        }
    }

    /// Those of an array: paths lead on within all that are objects.
    fn elements(&mut self, mut range: Range<usize>, paths: &[&str]) {
        while let Some(found) = self.found(&range, &[]) {
            range.start = found.whole.end;
            match found.object {
                Some(object) => self.container(found.whole, object, |inner, range| {
                    inner.members(range, paths);
                }),
                None => self.keep(found.whole),
            }
        }
    }

    /// A member whose value, which begins at `value`, has members of its own.
    fn container(
        &mut self,
        whole: Range<usize>,
        value: usize,
        keep_inner: impl FnOnce(&mut Self, Range<usize>),
    ) {
        const LENGTH: usize = 4;
        self.keep(whole.start..value + LENGTH);
        let start = self.kept - LENGTH;
        keep_inner(self, value + LENGTH..whole.end - 1);
        self.keep(whole.end - 1..whole.end);
        let length = i32::try_from(self.kept - start).unwrap_or(i32::MAX);
        if let Some(place) = self.bytes.get_mut(start..start + LENGTH) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    }

    fn keep(&mut self, range: Range<usize>) {
        let length = range.len();
        // Of what was found it is always so.
        if range.end <= self.bytes.len() && self.kept <= range.start {
            self.bytes.copy_within(range, self.kept);
            self.kept += length;
        }
    }

    /// The first member of these.
    fn found<'p>(&self, range: &Range<usize>, paths: &[&'p str]) -> Option<Found<'p>> {
        let members = self.bytes.get(range.clone())?;
        let (name, value, behind) = bson_reader::member(members)?;
        let end = range.end - behind.len();
        let begin = |inner: &[u8]| Some(end - inner.len());
        let (object, array) = match value {
            Value::Document(inner) => (begin(inner), None),
            Value::Array(inner) => (None, begin(inner)),
            _ => (None, None),
        };
        let (mut ends, mut below) = (false, Vec::new());
        if let Ok(name) = std::str::from_utf8(name) {
            for rest in paths.iter().filter_map(|path| path.strip_prefix(name)) {
                ends |= rest.is_empty();
                below.extend(rest.strip_prefix('.'));
            }
        }
        Some(Found {
            whole: range.start..end,
            object,
            array,
            ends,
            below,
        })
    }
}
