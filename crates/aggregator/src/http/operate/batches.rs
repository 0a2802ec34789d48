//! `GET /logs/batches/{batchId}`: what became of a batch, for as long as it is remembered.

use crate::access::{Caller, Scope};
use crate::accounting::batch_status::{BatchStatus, MAX_LISTED};
use crate::config::Instance;
use crate::deliver::dead_letters::TooLargeLetter;
use crate::http::error::{ApiError, RecordError};
use crate::http::services::Services;
use crate::ingest::intake::Durability;
use axum::Extension;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use logs::Timestamp;
use record::id::BatchId;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What is known of a batch.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchStatus)]
pub(in crate::http) struct Answer {
    batch_id: String,
    /// Which aggregator took it.
    instance: String,
    received_at: String,
    /// This and how safe they are is known only while the batch is remembered.
    #[serde(skip_serializing_if = "Option::is_none")]
    records: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durability: Option<Durability>,
    /// The rest is there only once the store has the batch, but for what was set aside at the door.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    already_stored: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
    /// The name of the token that it came with.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// At most a hundred of those that were set aside.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RecordError>,
}

/// The handler.
pub(in crate::http) async fn status(
    State(services): State<Arc<Services>>,
    Extension(caller): Extension<Caller>,
    text: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer>, ApiError> {
    let id = text.ok().and_then(|Path(text)| BatchId::parse(&text));
    let Some(id) = id else {
        let message = "a batch's id is sixteen hexadecimal digits, as POST /logs/batch tells it";
        return Err(ApiError::bad_request("invalid_batch_id", message));
    };
    let instance = &services.instance;
    let status = services.intake.statuses().of(id);
    if !is_shown(&caller, status.as_ref()) {
        return Err(ApiError::unknown_batch(id, instance));
    }
    let too_large = services.dead_letters.too_large_of(id).await?;
    let received_at = status.as_ref().map(|status| status.received_at);
    let known = received_at.or_else(|| too_large.first().map(|letter| letter.origin.received_at));
    match known {
        Some(received_at) => {
            let known = (id, instance, received_at);
            Ok(Json(answer(known, status, &too_large)))
        }
        None => Err(ApiError::unknown_batch(id, instance)),
    }
}

/// Whoever may read all records may know of all batches; others of those of their tenant, as far as is known whose a
/// batch is.
fn is_shown(caller: &Caller, status: Option<&BatchStatus>) -> bool {
    let of_batch = status.and_then(|status| Some(&status.token.as_ref()?.tenant));
    let own = caller.token().map(|token| &token.tenant);
    caller.reads_everything() || caller.may(Scope::Operate) || (own.is_some() && own == of_batch)
}

/// Of a batch that is not remembered any more, what is kept of it because it is too large is known for as
/// long as it is kept; its other records may be stored, or still wait in the spool.
fn answer(
    (id, instance, received_at): (BatchId, &Instance, Timestamp),
    status: Option<BatchStatus>,
    too_large: &[TooLargeLetter],
) -> Answer {
    let outcome = status.as_ref().and_then(|status| status.outcome);
    let waits = status.is_some() && outcome.is_none();
    let refused = outcome.map_or(0, |outcome| outcome.refused) + too_large.len() as u64;
    let records = status
        .as_ref()
        .map(|status| status.records + too_large.len());
    let durability = status.as_ref().map(|_| match waits {
        true => Durability::Spooled,
        false => Durability::Stored,
    });
    let token = status.as_ref().and_then(|status| status.token.as_ref());
    let token = token.map(|token| token.name.to_string());
    let set_aside = status.map(|status| status.set_aside).unwrap_or_default();
    let mut errors: Vec<(usize, &str)> = set_aside
        .iter()
        .map(|aside| (aside.index, &*aside.reason))
        .chain(
            too_large
                .iter()
                .map(|letter| (letter.position as usize, &*letter.reason)),
        )
        .collect();
    errors.sort_unstable();
    let errors = errors.into_iter().take(MAX_LISTED);
    Answer {
        batch_id: id.to_string(),
        instance: instance.to_string(),
        received_at: received_at.to_string(),
        records,
        durability,
        stored: outcome.map(|outcome| outcome.stored),
        already_stored: outcome.map(|outcome| outcome.already_stored),
        set_aside: (!waits || refused > 0).then_some(refused),
        token,
        errors: errors
            .map(|(index, reason)| RecordError::new(index, &reason))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::batch::BatchOrigin;
    use serde_json::{Value, json};
    use spool::BatchOutcome;

    fn told(status: Option<(usize, Option<BatchOutcome>)>) -> Value {
        let (id, received_at) = (BatchId::keyed("key", b"body"), Timestamp::from_nanos(0));
        let letter = TooLargeLetter {
            origin: BatchOrigin {
                id,
                key: None,
                content_key: false,
                received_at,
            },
            position: 1,
            reason: "too large".into(),
        };
        let status = status.map(|(records, outcome)| BatchStatus {
            received_at,
            records,
            outcome,
            set_aside: Vec::new(),
            token: None,
        });
        let known = (id, &"logs-1".parse().unwrap(), received_at);
        serde_json::to_value(answer(known, status, &[letter])).unwrap()
    }

    #[test]
    fn how_safe_a_batch_is_that_is_not_remembered_is_not_claimed() {
        let forgotten = told(None);
        for unknown in ["durability", "records", "stored"] {
            assert_eq!(forgotten.get(unknown), None, "{forgotten}");
        }
        assert_eq!(forgotten["setAside"], 1, "{forgotten}");
        let errors = json!([{"index": 1, "reason": "too large"}]);
        assert_eq!(forgotten["errors"], errors);

        let waits = told(Some((2, None)));
        let told_of = (&waits["records"], &waits["durability"]);
        assert_eq!(told_of, (&json!(3), &json!("spooled")));
        let stored = told(Some((2, Some(BatchOutcome::default()))));
        assert_eq!(stored["durability"], "stored", "{stored}");
    }
}
