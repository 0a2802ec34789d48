//! What an answer tells of single records, whether their batch was taken or not.

use record::batch::Rejects;
use record::notice::Told;
use serde::Serialize;
use utoipa::ToSchema;

/// A record that was refused.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct RecordError {
    index: usize,
    reason: String,
}

impl RecordError {
    pub(in crate::http) fn new(index: usize, reason: &impl ToString) -> Self {
        Self {
            index,
            reason: reason.to_string(),
        }
    }
}

/// What is told of a record that was taken, or of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Warning {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u32>,
    reason: String,
}

impl Warning {
    /// Of a record.
    pub(in crate::http) fn of(told: &Told) -> Self {
        Self::of_record(told.index, told.notice.to_string())
    }

    /// Of the record at a place.
    pub(in crate::http) fn of_record(index: u32, reason: String) -> Self {
        Self {
            index: Some(index),
            reason,
        }
    }

    /// Of the request.
    pub(in crate::http) fn of_request(reason: &str) -> Self {
        Self {
            index: None,
            reason: reason.to_owned(),
        }
    }
}

/// The refused records that an answer names.
pub(in crate::http) fn record_errors(rejects: &Rejects) -> Vec<RecordError> {
    rejects
        .listed
        .iter()
        .map(|reject| RecordError::new(reject.index as usize, &reject.fault))
        .collect()
}
