//! A log record in its JSON form, as the producer sends it and the aggregator answers it.

use crate::Timestamp;
use serde::Serialize;

/// One record; `A` is whatever serialises to the JSON object of its attributes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogRecord<'a, A> {
    /// When it happened.
    pub timestamp: Timestamp,
    /// The level's text as it was sent; left out when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<&'a str>,
    /// The text of the record.
    pub message: &'a str,
    /// Everything else that is known of it; left out when there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<A>,
}
