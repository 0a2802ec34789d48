//! A record as the service gives it, in JSON.

use record::id::RecordId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A record; its texts are what the service says, and may hold anything.
#[derive(Debug, Deserialize)]
pub(in crate::cli) struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    /// In RFC 3339 and UTC.
    #[serde(borrow)]
    pub(in crate::cli) timestamp: Cow<'a, str>,
    /// As it was sent.
    pub(in crate::cli) level: Option<Cow<'a, str>>,
    /// The text.
    #[serde(borrow)]
    pub(in crate::cli) message: Cow<'a, str>,
    /// A JSON object.
    #[serde(borrow)]
    pub(in crate::cli) attributes: Option<&'a RawValue>,
}

/// A text that is no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line of the answer is no record")]
pub struct NoRecord;

impl<'a> Record<'a> {
    /// Reads one JSON object.
    pub(in crate::cli) fn parse(json: &'a str) -> Result<Self, NoRecord> {
        serde_json::from_str(json).map_err(|_| NoRecord)
    }

    /// Its id, which is also its place in the order of time.
    pub(in crate::cli) fn id(&self) -> Result<RecordId, NoRecord> {
        RecordId::parse(&self.id).ok_or(NoRecord)
    }
}
