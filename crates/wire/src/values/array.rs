//! An array as a list of records, of which nothing stays when it breaks.

use super::{End, Reader};
use crate::error::DecodeError;
use crate::frame::{blanks_end, value_end};
use crate::members::Members;

impl Reader<'_, '_> {
    /// Reads the elements of an array; nothing stays of one that breaks.
    pub(super) fn array(
        &mut self,
        start: usize,
        end: usize,
        shared: &Members<'_>,
    ) -> Result<End, DecodeError> {
        let (mark, damage) = (self.batch.mark(), self.damage.clone());
        let read = self.elements(start, end, shared)?;
        if read.is_err() {
            self.batch.rewind(&mark);
            self.damage = damage;
        }
        Ok(read)
    }

    fn elements(
        &mut self,
        start: usize,
        end: usize,
        shared: &Members<'_>,
    ) -> Result<End, DecodeError> {
        let text = self.text.get(..end).unwrap_or_default();
        let bytes = text.as_bytes();
        let mut place = blanks_end(bytes, start + 1);
        if bytes.get(place) == Some(&b']') {
            return Ok(Ok(place + 1));
        }
        loop {
            let is_usual = shared.is_empty() && bytes.get(place) == Some(&b'{');
            let stop = match is_usual.then(|| self.at_once(place, end)).flatten() {
                Some(stop) => {
                    self.checked()?;
                    stop
                }
                None => match value_end(text, place) {
                    Ok(stop) => {
                        self.element(place..stop, shared)?;
                        stop
                    }
                    broke => return Ok(broke),
                },
            };
            place = blanks_end(bytes, stop);
            match bytes.get(place) {
                Some(b',') => place = blanks_end(bytes, place + 1),
                Some(b']') => return Ok(Ok(place + 1)),
                _ => return Ok(Err(place)),
            }
        }
    }
}
