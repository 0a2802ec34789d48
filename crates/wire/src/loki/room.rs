//! How much room the records of a push usually take once they are encoded, told before any of them is: each
//! of them has all labels of its stream, which stand in the push once.

use crate::protobuf::{Value, fields};
use memchr::{memchr_iter, memmem};

/// What every document has beside the record's own text, and its place in the list of the batch.
const RECORD_BYTES: usize = 160;
/// What a short label's document takes beside its text, for each of the bytes around it there.
const LABEL_FACTOR: usize = 2;

/// A line of which a copy is no trifle.
const LONG_LINE: usize = 64 * 1024;

/// For a push as JSON. A bracket in a line counts as one more record.
pub fn encoded_json_bytes(body: &[u8]) -> usize {
    let key = b"\"stream\"";
    let starts = memmem::find_iter(body, key).chain([body.len()]);
    let (mut total, mut from, mut labels) = (body.len(), 0, 0);
    let (mut first, mut label_bytes) = (true, LabelBytes { body, end: 0 });
    for start in starts {
        let part = body.get(from..start).unwrap_or_default();
        // What stands before the first labels may be lines of them, too.
        let records = memchr_iter(b'[', part).count();
        let behind = label_bytes.from(start);
        if first {
            labels = behind;
            first = false;
        }
        total += records * (RECORD_BYTES + labels);
        labels = behind;
        from = start;
    }
    total
}

/// What the labels take that end with the next `}`, which is looked for once however many places ask.
struct LabelBytes<'a> {
    body: &'a [u8],
    end: usize,
}

impl LabelBytes<'_> {
    /// Those that begin at a place; places are asked for in order.
    fn from(&mut self, start: usize) -> usize {
        if self.end < start {
            let rest = self.body.get(start..).unwrap_or_default();
            self.end = memchr::memchr(b'}', rest).map_or(self.body.len(), |length| start + length);
        }
        match self.end == self.body.len() {
            true => 0,
            false => (self.end - start) * LABEL_FACTOR,
        }
    }
}

/// For a push as protobuf.
pub fn encoded_protobuf_bytes(body: &[u8]) -> usize {
    let mut total = 0;
    for field in fields(body).each() {
        let Ok((1, Value::Bytes(stream))) = field else {
            continue;
        };
        let (mut labels, mut records) = (0, 0);
        for field in fields(stream).each() {
            match field {
                Ok((1, Value::Bytes(text))) => labels = text.len(),
                Ok((2, Value::Bytes(entry))) => {
                    records += 1;
                    // What is no UTF-8 in it is replaced in a copy that is three times as long.
                    total += if entry.len() > LONG_LINE {
                        2 * entry.len()
                    } else {
                        0
                    };
                }
                _ => {}
            }
        }
        total += stream.len() + records * (RECORD_BYTES + labels * LABEL_FACTOR);
    }
    total
}
