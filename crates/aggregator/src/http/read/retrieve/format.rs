//! The forms of an answer: a JSON array, one JSON object a line, or CSV.

mod csv;

use csv::Column;
use std::io;
use store::page::Row;

/// Why there is no such form of an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormatError {
    /// A form that is none.
    #[error("format is not json, ndjson or csv")]
    Unknown,
    /// The same, of a tail.
    #[error("format is not sse or ndjson")]
    UnknownOfTail,
    /// A column that does not exist.
    #[error(
        "fields has no column {0:?}: known are id, timestamp, level, message, attributes and attr.KEY"
    )]
    Field(String),
    /// A column that is named twice.
    #[error("fields names {0:?} twice")]
    Twice(String),
    /// More columns than are written.
    #[error("fields has more than {0} columns")]
    TooManyFields(usize),
    /// Columns for a form that has none.
    #[error("fields is for format=csv alone")]
    FieldsWithoutCsv,
}

impl FormatError {
    /// A code that stays the same, for programs.
    pub(in crate::http) fn code(&self) -> &'static str {
        match self {
            Self::TooManyFields(_) => "query_too_large",
            Self::Unknown
            | Self::UnknownOfTail
            | Self::Field(_)
            | Self::Twice(_)
            | Self::FieldsWithoutCsv => "invalid_parameter",
        }
    }
}

/// A form of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// A JSON array.
    Json,
    /// One JSON object a line.
    NdJson,
    /// A head and a line for each record, with these columns.
    Csv(Vec<Column>),
}

/// The media types of the forms, in the order of [`Kind`].
pub(super) const MEDIA_TYPES: &[&[&str]] = &[
    &["application/json"],
    &[
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
    ],
    &["text/csv"],
];

/// Which form, without its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    NdJson,
    Csv,
}

impl Kind {
    /// The form with this name.
    pub(super) fn parse(name: &str) -> Result<Self, FormatError> {
        match &*name.to_ascii_lowercase() {
            "json" => Ok(Self::Json),
            "ndjson" => Ok(Self::NdJson),
            "csv" => Ok(Self::Csv),
            _ => Err(FormatError::Unknown),
        }
    }

    /// The form at this place of [`MEDIA_TYPES`].
    pub(super) fn at(position: usize) -> Self {
        match position {
            1 => Self::NdJson,
            2 => Self::Csv,
            _ => Self::Json,
        }
    }
}

impl Format {
    /// The form of this kind; `fields` are the columns, with commas between them.
    ///
    /// # Errors
    /// [`FormatError`] when there is no such column, or the form has no columns.
    pub(crate) fn new(kind: Kind, fields: Option<&str>) -> Result<Self, FormatError> {
        match (kind, fields) {
            (Kind::Csv, fields) => csv::columns(fields).map(Self::Csv),
            (_, Some(_)) => Err(FormatError::FieldsWithoutCsv),
            (Kind::Json, None) => Ok(Self::Json),
            (Kind::NdJson, None) => Ok(Self::NdJson),
        }
    }

    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::NdJson => "application/x-ndjson",
            Self::Csv(_) => "text/csv; charset=utf-8; header=present",
        }
    }

    /// Whether an answer without records is a plain one, and not an error.
    pub(super) fn may_be_empty(&self) -> bool {
        *self != Self::Json
    }

    /// What stands before everything.
    pub(crate) fn open(&self, out: &mut Vec<u8>) {
        match self {
            Self::Json => out.push(b'['),
            Self::NdJson => {}
            Self::Csv(columns) => csv::write_head(columns, out),
        }
    }

    /// A row.
    ///
    /// # Errors
    /// When its attributes are not BSON.
    pub(crate) fn write(&self, row: Row<'_>, is_first: bool, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Json => {
                if !is_first {
                    out.extend_from_slice(b",\n");
                }
                row.write_json(out)
            }
            Self::NdJson => {
                row.write_json(out)?;
                out.push(b'\n');
                Ok(())
            }
            Self::Csv(columns) => csv::write_row(columns, row, out),
        }
    }

    /// What stands behind everything.
    pub(super) fn close(&self, out: &mut Vec<u8>) {
        if *self == Self::Json {
            out.extend_from_slice(b"]\n");
        }
    }
}
