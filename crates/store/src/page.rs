//! One page of records: their text in one buffer, without an allocation per row.

mod row;

pub use row::{Attributes, Row, write_document};

use crate::held::Held;
use bson::RawDocument;
use query::{Candidate, GaveUp, Patience, Query};
use record::attributes;
use record::document::StoredDocument;
use record::id::RecordId;
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
    /// Rows that were looked at to find these.
    pub looked_at: usize,
}

#[derive(Debug, Clone)]
struct RowSpans {
    id: RecordId,
    severity: u8,
    level: Option<Range<usize>>,
    message: Range<usize>,
    attributes: Option<Form>,
    received: Option<i64>,
}

/// Where attributes are kept.
#[derive(Debug, Clone)]
enum Form {
    Json(Range<usize>),
    Bson(Range<usize>),
}

/// Why a record was not looked at to the end.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// Its attributes are not BSON.
    #[error(transparent)]
    NotBson(#[from] bson::error::Error),
    /// It takes longer than there was patience.
    #[error(transparent)]
    GaveUp(#[from] GaveUp),
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

    pub(super) fn held(&self) -> Held {
        Held {
            rows: self.len(),
            bytes: self.bytes(),
        }
    }

    /// Turns the order of the rows round.
    pub fn reverse(&mut self) {
        self.rows.reverse();
    }

    /// Makes room for so many rows with so many bytes.
    pub(super) fn reserve(&mut self, rows: usize, bytes: usize) {
        self.rows.reserve(rows);
        self.text.reserve(bytes);
    }

    /// A copy of the rows from this position on that take so many bytes; the row that passes this bound
    /// is the last.
    #[must_use]
    pub fn piece(&self, from: usize, bytes: usize) -> Self {
        let mut piece = Self::default();
        let row_bytes = self.bytes().div_ceil(self.len().max(1)).max(1);
        let rows = (bytes.div_ceil(row_bytes) + 1).min(self.len().saturating_sub(from));
        // Rows of a page are about as large as one another; what is attributes in BSON has no part in the text.
        let text_bytes = self.text.len().div_ceil(self.len().max(1));
        piece.reserve(rows, rows.saturating_mul(text_bytes));
        for spans in self.rows.iter().skip(from) {
            piece.push_row(self.row_of(spans));
            if piece.bytes() >= bytes {
                break;
            }
        }
        piece
    }

    /// The id of its last row.
    pub(super) fn last_id(&self) -> Option<RecordId> {
        self.rows.last().map(|spans| spans.id)
    }

    /// Adds a copy of a row.
    pub(super) fn push_row(&mut self, row: Row<'_>) {
        let attributes = row.attributes.map(|attributes| match attributes {
            Attributes::Json(text) => Form::Json(self.put(text)),
            Attributes::Bson(members) => self.put_bson(members),
        });
        let spans = RowSpans {
            id: row.id,
            severity: row.severity,
            level: row.level.map(|text| self.put(text)),
            message: self.put(row.message),
            attributes,
            received: row.received,
        };
        self.rows.push(spans);
    }

    /// Notes when the last row was received, in milliseconds since 1970.
    pub(super) fn note_received(&mut self, received: i64) {
        if let Some(last) = self.rows.last_mut() {
            last.received = Some(received);
        }
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
            received: spans.received,
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
    /// When that was not found out.
    #[inline]
    pub fn push_document(
        &mut self,
        query: &Query,
        stored: &StoredDocument<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<(), Unread> {
        let record = Candidate {
            id: stored.id,
            severity: stored.severity,
            level: stored.level,
            message: stored.message,
            attributes: None,
        };
        if query.attributes.is_empty() {
            if query.matches_within(record, patience)? {
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
        let pushed = self.push_within(query, record, patience);
        self.json = json;
        Ok(pushed?)
    }

    /// Adds a record, if it is asked for, however long it takes to tell.
    #[inline]
    pub fn push_record(&mut self, query: &Query, record: Candidate<'_>) {
        if query.matches(record) {
            self.keep_json(record);
        }
    }

    /// Adds a record, if it is asked for.
    ///
    /// # Errors
    /// [`GaveUp`] when the patience is over before that is known.
    #[inline]
    pub fn push_within(
        &mut self,
        query: &Query,
        record: Candidate<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<(), GaveUp> {
        if query.matches_within(record, patience)? {
            self.keep_json(record);
        }
        Ok(())
    }

    /// Adds a record that is asked for, whose attributes are written by `attributes`, if it says that it has any.
    #[inline]
    pub(super) fn keep_written(
        &mut self,
        record: Candidate<'_>,
        attributes: impl FnOnce(&mut String) -> bool,
    ) {
        let start = self.text.len();
        let has_attributes = attributes(&mut self.text);
        let attributes = has_attributes.then_some(Form::Json(start..self.text.len()));
        self.keep(record, attributes);
    }

    /// Adds a record that is asked for.
    pub(super) fn keep_json(&mut self, record: Candidate<'_>) {
        let attributes = record.attributes.map(|text| Form::Json(self.put(text)));
        self.keep(record, attributes);
    }

    fn keep(&mut self, record: Candidate<'_>, attributes: Option<Form>) {
        let spans = RowSpans {
            id: record.id,
            severity: record.severity,
            level: record.level.map(|text| self.put(text)),
            message: self.put(record.message),
            attributes,
            received: None,
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
