//! `GET /logs/batches/{batchId}`: what became of a batch, for as long as it is remembered.

use crate::accounting::batch_status::BatchStatus;
use crate::http::error::{ApiError, RecordError};
use crate::http::services::Services;
use crate::ingest::intake::Durability;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use record::id::BatchId;
use serde::Serialize;
use std::sync::Arc;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct Answer {
    batch_id: String,
    received_at: String,
    records: usize,
    durability: Durability,
    /// The rest is there only once the store has the batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    already_stored: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
    /// At most a hundred of those that were set aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RecordError>,
}

/// The handler.
pub(in crate::http) async fn status(
    State(services): State<Arc<Services>>,
    text: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer>, ApiError> {
    let id = text.ok().and_then(|Path(text)| BatchId::parse(&text));
    let Some(id) = id else {
        let message = "a batch's id is sixteen hexadecimal digits, as POST /logs/batch tells it";
        return Err(ApiError::bad_request("invalid_batch_id", message));
    };
    match services.intake.statuses().of(id) {
        Some(status) => Ok(Json(answer(id, status))),
        None => Err(ApiError::unknown_batch(id)),
    }
}

fn answer(id: BatchId, status: BatchStatus) -> Answer {
    let outcome = status.outcome;
    Answer {
        batch_id: id.to_string(),
        received_at: status.received_at.to_string(),
        records: status.records,
        durability: outcome.map_or(Durability::Spooled, |_| Durability::Stored),
        stored: outcome.map(|outcome| outcome.stored),
        already_stored: outcome.map(|outcome| outcome.already_stored),
        set_aside: outcome.map(|outcome| outcome.refused),
        errors: status
            .set_aside
            .into_iter()
            .map(|aside| RecordError::new(aside.index, &aside.reason))
            .collect(),
    }
}
