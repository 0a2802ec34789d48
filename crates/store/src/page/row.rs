//! A row of a page, and how it is written for readers.

use bson::RawDocument;
use record::attributes;
use record::document::StoredDocument;
use record::id::RecordId;
use record::json_text::first_special;
use std::borrow::Cow;
use std::io;

/// A row's attributes: JSON where they are stored so or something had to look at them, and else BSON,
/// which becomes JSON when it is written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attributes<'a> {
    /// A JSON object.
    Json(&'a str),
    /// The same as BSON.
    Bson(&'a RawDocument),
}

impl<'a> Attributes<'a> {
    /// The JSON object.
    ///
    /// # Errors
    /// When they are not BSON.
    pub fn json(self) -> io::Result<Cow<'a, str>> {
        match self {
            Self::Json(text) => Ok(text.into()),
            Self::Bson(members) => {
                let mut json = Vec::new();
                attributes::write_json(members, &mut json).map_err(io::Error::other)?;
                let json = String::from_utf8(json).map_err(io::Error::other)?;
                Ok(json.into())
            }
        }
    }

    fn write(self, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Json(text) => {
                out.extend_from_slice(text.as_bytes());
                Ok(())
            }
            Self::Bson(members) => attributes::write_json(members, out).map_err(io::Error::other),
        }
    }
}

/// A row of a page.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row<'a> {
    /// Its id, and with it its time.
    pub id: RecordId,
    /// Its severity, 0 when the level is unknown.
    pub severity: u8,
    /// The level's text as it was sent.
    pub level: Option<&'a str>,
    /// The text.
    pub message: &'a str,
    /// The attributes, if there are any.
    pub attributes: Option<Attributes<'a>>,
    /// When it was received, in milliseconds since 1970, where the store tells it beside the rows.
    pub received: Option<i64>,
}

impl Row<'_> {
    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        let attributes = match self.attributes {
            None => 0,
            Some(Attributes::Json(text)) => text.len(),
            Some(Attributes::Bson(members)) => members.as_bytes().len(),
        };
        self.level.map_or(0, str::len) + self.message.len() + attributes
    }

    /// Writes the record as readers get it: its id, and then what it says of itself.
    ///
    /// # Errors
    /// When its attributes are not BSON.
    pub fn write_json(&self, out: &mut Vec<u8>) -> io::Result<()> {
        // As serde writes a `LogRecord` with its id before all else, in less time: most of an answer is written here.
        out.extend_from_slice(b"{\"id\":\"");
        self.id.append_to(out);
        out.extend_from_slice(b"\",\"timestamp\":\"");
        self.id.time().append_to(out);
        out.push(b'"');
        if let Some(level) = self.level {
            out.extend_from_slice(b",\"level\":");
            write_text(level, out);
        }
        out.extend_from_slice(b",\"message\":");
        write_text(self.message, out);
        if let Some(attributes) = self.attributes {
            out.extend_from_slice(b",\"attributes\":");
            attributes.write(out)?;
        }
        out.push(b'}');
        Ok(())
    }
}

/// Appends a text as a JSON string.
fn write_text(text: &str, out: &mut Vec<u8>) {
    if first_special(text.as_bytes()) < text.len() {
        return attributes::write_string(text, out);
    }
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Writes a stored document as readers get it.
///
/// # Errors
/// When it is no record.
pub fn write_document(document: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
    let raw = RawDocument::from_bytes(document).map_err(io::Error::other)?;
    let stored = StoredDocument::read(raw).ok_or_else(|| io::Error::other("not a record"))?;
    let row = Row {
        id: stored.id,
        severity: stored.severity,
        level: stored.level,
        message: stored.message,
        attributes: stored.attributes.map(Attributes::Bson),
        received: Some(stored.received_at),
    };
    row.write_json(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::{LogRecord, Timestamp};
    use proptest::prelude::*;
    use record::id::BatchId;
    use serde_json::value::RawValue;

    proptest! {
        #[test]
        fn a_row_is_written_as_the_record_that_it_is(
            nanos: i64, position: u32, level in prop::option::of(".{0,4}"), message in "(.|[\"\\\\\n\u{1}]){0,12}",
            attributes in prop::option::of(0_u8..9),
        ) {
            let time = Timestamp::from_nanos(nanos);
            let json = attributes.map(|number| format!("{{\"a\":{number}}}"));
            let row = Row {
                id: RecordId::new(time, BatchId::from_bytes([7; 8]), position),
                severity: 9,
                level: level.as_deref(),
                message: &message,
                attributes: json.as_deref().map(Attributes::Json),
                received: None,
            };
            let mut out = Vec::new();
            row.write_json(&mut out).unwrap();
            let record = LogRecord {
                timestamp: time,
                level: level.as_deref(),
                message: &message,
                attributes: json.clone().map(|json| RawValue::from_string(json).unwrap()),
            };
            let record = serde_json::to_string(&record).unwrap();
            let expected = format!("{{\"id\":\"{}\",{}", row.id, &record[1..]);
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
