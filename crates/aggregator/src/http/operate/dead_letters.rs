//! `GET /logs/rejected` and `POST /logs/rejected/replay`: what the store refused for good, and
//! putting it back.

use crate::deliver::dead_letters::{DeadLetter, DeadLetterError};
use crate::deliver::replay::{self, ReplayError};
use crate::http::error::ApiError;
use crate::http::services::Services;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat};
use serde_json::json;
use std::collections::HashSet;
use std::io::{self, Write as _};
use std::sync::Arc;
use store::page;

/// Records in one answer when nothing else is asked for, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;
/// An answer that is longer than this ends with the portion that it is at.
const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// Lists refused records with their reasons, oldest first.
pub(in crate::http) async fn list(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let limit = limit(query.as_deref().unwrap_or_default())?;
    let (mut text, mut listed, mut file) = (Vec::new(), 0, 0);
    let mut seen = HashSet::new();
    while let Some(next) = services.dead_letters.after(file) {
        if listed >= limit || text.len() > MAX_TEXT_BYTES {
            break;
        }
        file = next;
        let letters = services.dead_letters.read(file).await?;
        // A small file may have been put together with others since it was read.
        let new = letters.iter();
        let new = new.filter(|letter| seen.insert((letter.origin, letter.position)));
        for record in new.take(limit - listed) {
            let before: &[u8] = if listed == 0 { b"\n" } else { b",\n" };
            text.extend_from_slice(before);
            write_kept(record, &mut text).map_err(DeadLetterError::Io)?;
            listed += 1;
        }
    }
    // Told last: while they were read, some may have been put back, or others refused.
    let total = services.dead_letters.snapshot().records.max(listed as u64);
    let head = format!("{{\"total\":{total},\"records\":[").into_bytes();
    let text = [head, text, b"]}\n".to_vec()].concat();
    Ok(([(header::CONTENT_TYPE, "application/json")], text).into_response())
}

fn write_kept(kept: &DeadLetter, out: &mut Vec<u8>) -> io::Result<()> {
    let rejected_at = DateTime::from_timestamp_millis(kept.rejected_at)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
    out.extend_from_slice(b"{\"reason\":");
    serde_json::to_writer(&mut *out, &kept.reason)?;
    out.extend_from_slice(b",\"rejectedAt\":");
    serde_json::to_writer(&mut *out, &rejected_at)?;
    let start = out.len();
    out.extend_from_slice(b",\"record\":");
    if page::write_document(&kept.document, out).is_err() {
        // A document that is itself broken is refused for that; it has no record to show.
        out.truncate(start);
        write!(out, ",\"bytes\":{}", kept.document.len())?;
    }
    out.push(b'}');
    Ok(())
}

/// Puts everything that was refused back into the spool, with the ids that it had.
pub(in crate::http) async fn replay(
    State(services): State<Arc<Services>>,
) -> Result<Response, ApiError> {
    // Its own task: whoever asked may leave.
    let all = Arc::clone(&services);
    let replaying = tokio::spawn(async move {
        replay::replay(&all.dead_letters, all.intake.spool(), &all.admission).await
    });
    let spool = services.intake.spool();
    let replayed = replaying
        .await
        .unwrap_or_else(|panic| Err(DeadLetterError::Io(io::Error::other(panic)).into()));
    let replayed = replayed.map_err(|error| match error {
        ReplayError::DeadLetters(error) => error.into(),
        ReplayError::NoRoom(error) => error.into(),
        ReplayError::Spool(error) => ApiError::not_durable(&error.into(), || spool.time_to_room()),
    })?;
    let message = "Refused records are put back";
    Ok(
        Json(json!({ "status": "success", "message": message, "replayed": replayed }))
            .into_response(),
    )
}

fn limit(query: &str) -> Result<usize, ApiError> {
    let given = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "limit");
    let Some((_, value)) = given else {
        return Ok(DEFAULT_LIMIT);
    };
    match value.parse() {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => {
            let message = format!("limit must be a whole number from 1 to {MAX_LIMIT}");
            Err(ApiError::bad_request("invalid_parameter", message))
        }
    }
}

impl From<DeadLetterError> for ApiError {
    fn from(error: DeadLetterError) -> Self {
        tracing::error!(%error, "refused records cannot be read");
        Self::internal()
    }
}
