//! One page of records: their text in one buffer, without an allocation per row.

use crate::attributes;
use crate::document::StoredDocument;
use crate::query::{Candidate, Query};
use crate::record_id::RecordId;
use bson::RawDocument;
use logs::LogRecord;
use std::io;
use std::ops::Range;

/// Rows in the order that was asked for, and where the next page starts.
#[derive(Debug, Default)]
pub struct Page {
    text: String,
    /// Attributes as they are being written.
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
    attributes: Option<Range<usize>>,
}

/// A row of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row<'a> {
    /// Its id, and with it its time.
    pub id: RecordId,
    /// Its severity, 0 when the level is unknown.
    pub severity: u8,
    /// The level's text as it was sent.
    pub level: Option<&'a str>,
    /// The text.
    pub message: &'a str,
    /// The attributes as a JSON object.
    pub attributes: Option<&'a str>,
}

impl<'a> Row<'a> {
    /// What a query looks at.
    fn candidate(self) -> Candidate<'a> {
        Candidate {
            id: self.id,
            severity: self.severity,
            level: self.level,
            message: self.message,
            attributes: self.attributes,
        }
    }

    /// Writes the record as readers get it: its id, and then what it says of itself.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which none is.
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
            out.extend_from_slice(attributes.as_bytes());
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
    let mut page = Page::default();
    page.push_document(&Query::default(), &stored)
        .map_err(io::Error::other)?;
    let row = page
        .row(0)
        .ok_or_else(|| io::Error::other("not a record"))?;
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

    /// Bytes of text.
    pub fn bytes(&self) -> usize {
        self.text.len()
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
    pub fn row(&self, position: usize) -> Option<Row<'_>> {
        self.rows.get(position).map(|spans| self.row_of(spans))
    }

    /// The rows in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|spans| self.row_of(spans))
    }

    fn row_of(&self, spans: &RowSpans) -> Row<'_> {
        Row {
            id: spans.id,
            severity: spans.severity,
            level: spans.level.clone().map(|span| self.slice(span)),
            message: self.slice(spans.message.clone()),
            attributes: spans.attributes.clone().map(|span| self.slice(span)),
        }
    }

    fn slice(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// Adds a stored document, if it is asked for.
    ///
    /// # Errors
    /// When its attributes are not BSON.
    pub fn push_document(
        &mut self,
        query: &Query,
        stored: &StoredDocument<'_>,
    ) -> Result<(), bson::error::Error> {
        let row = Row {
            id: stored.id,
            severity: stored.severity,
            level: stored.level,
            message: stored.message,
            attributes: None,
        };
        // Attributes are not made into JSON for a record that something else decides about.
        let is_decided = query.attributes.is_empty();
        if is_decided && !query.matches(row.candidate()) {
            return Ok(());
        }
        let mut json = std::mem::take(&mut self.json);
        json.clear();
        let written = stored
            .attributes
            .map(|members| attributes::write_json(members, &mut json));
        if let Some(Err(error)) = written {
            self.json = json;
            return Err(error);
        }
        let row = Row {
            // What is written is UTF-8.
            attributes: written.and_then(|_| std::str::from_utf8(&json).ok()),
            ..row
        };
        if is_decided || query.matches(row.candidate()) {
            self.keep(row);
        }
        self.json = json;
        Ok(())
    }

    /// Adds a row, if it is asked for.
    pub fn push_row(&mut self, query: &Query, row: Row<'_>) {
        if query.matches(row.candidate()) {
            self.keep(row);
        }
    }

    fn keep(&mut self, row: Row<'_>) {
        let spans = RowSpans {
            id: row.id,
            severity: row.severity,
            level: row.level.map(|text| self.put(text)),
            message: self.put(row.message),
            attributes: row.attributes.map(|text| self.put(text)),
        };
        self.rows.push(spans);
    }

    fn put(&mut self, text: &str) -> Range<usize> {
        let start = self.text.len();
        self.text.push_str(text);
        start..self.text.len()
    }
}
