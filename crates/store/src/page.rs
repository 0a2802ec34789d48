//! One page of records: their text in one buffer, without an allocation per row.

use bson::RawDocument;
use logs::LogRecord;
use query::{Candidate, Query};
use record::attributes;
use record::document::StoredDocument;
use record::id::RecordId;
use std::borrow::Cow;
use std::io;
use std::ops::Range;

/// Rows in the order that was asked for, and where the next page starts.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    /// Attributes that nothing has looked at, as they were stored.
    bson: Vec<u8>,
    /// Attributes as they are looked at.
    json: Vec<u8>,
    rows: Vec<RowSpans>,
    /// The last row that the store looked at, when there may be more behind it.
    pub next: Option<RecordId>,
}

#[derive(Debug, Clone)]
struct RowSpans {
    id: RecordId,
    severity: u8,
    level: Option<Range<usize>>,
    message: Range<usize>,
    attributes: Option<Form>,
}

/// Where attributes are kept.
#[derive(Debug, Clone)]
enum Form {
    Json(Range<usize>),
    Bson(Range<usize>),
}

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

impl Page {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row; there may be more pages all the same.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes of its rows.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.bson.len()
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        self.rows.reverse();
    }

    /// Keeps the first `rows` rows.
    pub fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows);
    }

    /// A row.
    #[inline]
    pub fn row(&self, position: usize) -> Option<Row<'_>> {
        self.rows.get(position).map(|spans| self.row_of(spans))
    }

    /// The rows in order.
    #[inline]
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|spans| self.row_of(spans))
    }

    fn row_of(&self, spans: &RowSpans) -> Row<'_> {
        Row {
            id: spans.id,
            severity: spans.severity,
            level: spans.level.clone().map(|span| self.slice(span)),
            message: self.slice(spans.message.clone()),
            attributes: spans
                .attributes
                .as_ref()
                .and_then(|form| self.attributes(form)),
        }
    }

    fn attributes(&self, form: &Form) -> Option<Attributes<'_>> {
        match form {
            Form::Json(span) => Some(Attributes::Json(self.slice(span.clone()))),
            Form::Bson(span) => {
                let bytes = self.bson.get(span.clone())?;
                RawDocument::from_bytes(bytes).ok().map(Attributes::Bson)
            }
        }
    }

    fn slice(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// Adds a stored document, if it is asked for.
    ///
    /// # Errors
    /// When its attributes are not BSON.
    #[inline]
    pub fn push_document(
        &mut self,
        query: &Query,
        stored: &StoredDocument<'_>,
    ) -> Result<(), bson::error::Error> {
        let record = Candidate {
            id: stored.id,
            severity: stored.severity,
            level: stored.level,
            message: stored.message,
            attributes: None,
        };
        if query.attributes.is_empty() {
            if query.matches(record) {
                let attributes = stored.attributes.map(|members| self.put_bson(members));
                self.keep(record, attributes);
            }
            return Ok(());
        }
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        let attributes = match stored.attributes {
            Some(members) => {
                attributes::write_json(members, &mut json)?;
                // What is written is UTF-8.
                std::str::from_utf8(&json).ok()
            }
            None => None,
        };
        let record = Candidate {
            attributes,
            ..record
        };
        self.push_record(query, record);
        self.json = json;
        Ok(())
    }

    /// Adds a record, if it is asked for.
    #[inline]
    pub fn push_record(&mut self, query: &Query, record: Candidate<'_>) {
        if query.matches(record) {
            let attributes = record.attributes.map(|text| Form::Json(self.put(text)));
            self.keep(record, attributes);
        }
    }

    fn keep(&mut self, record: Candidate<'_>, attributes: Option<Form>) {
        let spans = RowSpans {
            id: record.id,
            severity: record.severity,
            level: record.level.map(|text| self.put(text)),
            message: self.put(record.message),
            attributes,
        };
        self.rows.push(spans);
    }

    fn put_bson(&mut self, members: &RawDocument) -> Form {
        let start = self.bson.len();
        self.bson.extend_from_slice(members.as_bytes());
        Form::Bson(start..self.bson.len())
    }

    fn put(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }
}
