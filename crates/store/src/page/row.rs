//! A row of a page, and how it is written for readers.

use bson::RawDocument;
use logs::LogRecord;
use record::attributes;
use record::document::StoredDocument;
use record::id::RecordId;
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
        use io::Write as _;
        write!(out, "{{\"id\":\"{}\"", self.id)?;
        let start = out.len();
        let record = LogRecord::<()> {
            timestamp: self.id.time(),
            level: self.level,
            message: self.message,
            attributes: None,
        };
        serde_json::to_writer(&mut *out, &record)?;
        // The record's own brace gives way to the one that stands before the id, and the attributes,
        // which are JSON as they are kept, come before its end.
        if let Some(brace) = out.get_mut(start) {
            *brace = b',';
        }
        if let Some(attributes) = self.attributes {
            out.pop();
            out.extend_from_slice(b",\"attributes\":");
            attributes.write(out)?;
            out.push(b'}');
        }
        Ok(())
    }
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
    };
    row.write_json(out)
}
