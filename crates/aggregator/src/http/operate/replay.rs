//! `POST /logs/rejected/replay`: puts what was refused back into the spool, all of it or what is chosen.

use crate::config::Instance;
use crate::deliver::backup_lock::HeldOff;
use crate::deliver::dead_letters::{Choice, DeadLetterError, LetterId, ReasonCode};
use crate::deliver::replay::{self, ReplayError, Replayed};
use crate::http::error::ApiError;
use crate::http::services::Services;
use axum::Json;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use tracing::Instrument as _;

/// Ids of one request.
const MAX_IDS: usize = 1000;

/// Puts what was refused and can be stored back into the spool, with the ids that it had.
pub(in crate::http) async fn replay(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let choice = choice(query.as_deref().unwrap_or_default())?;
    // Its own task: whoever asked may leave.
    let all = Arc::clone(&services);
    let held_off = hold_off_backups(&services).await?;
    let replaying = async move {
        let _until_it_ends = held_off;
        let (letters, spool) = (&all.dead_letters, all.intake.spool());
        replay::replay(letters, spool, &all.admission, &choice).await
    };
    let replaying = tokio::spawn(replaying.in_current_span());
    let spool = services.intake.spool();
    let replayed = replaying
        .await
        .unwrap_or_else(|panic| Err(DeadLetterError::Io(io::Error::other(panic)).into()));
    let replayed = replayed.map_err(|error| match error {
        ReplayError::DeadLetters(error) => error.into(),
        ReplayError::NoRoom(error) => error.into(),
        ReplayError::Spool(error) => ApiError::not_durable(&error.into(), || spool.time_to_room()),
    })?;
    Ok(Json(told(replayed, &services.instance)).into_response())
}

/// A backup copies the spool first and what was refused last: what went from the one into the other meanwhile would be in neither.
async fn hold_off_backups(services: &Services) -> Result<HeldOff, ApiError> {
    let backups = services.backups.clone();
    let held = tokio::task::spawn_blocking(move || backups.hold_off()).await;
    let held = held.unwrap_or_else(|error| Err(io::Error::other(error)));
    held.map_err(DeadLetterError::Io)?
        .ok_or_else(ApiError::backup_under_way)
}

fn told(replayed: Replayed, instance: &Instance) -> serde_json::Value {
    let Replayed {
        records,
        left_aside,
        not_found,
    } = replayed;
    let but = match left_aside {
        0 => String::new(),
        1 => ", but for 1 that is too large to be stored".to_owned(),
        _ => format!(", but for {left_aside} that are too large to be stored"),
    };
    let unknown = match not_found {
        0 => String::new(),
        1 => format!("; 1 id is not among the records that {instance} keeps aside"),
        _ => format!("; {not_found} ids are not among the records that {instance} keeps aside"),
    };
    let mut told = json!({
        "status": "success",
        "message": format!("Refused records are put back{but}{unknown}"),
        "instance": instance.as_str(),
        "replayed": records,
    });
    if let Some(told) = told.as_object_mut() {
        for (name, count) in [("leftAside", left_aside), ("notFound", not_found)] {
            if count > 0 {
                told.insert(name.to_owned(), json!(count));
            }
        }
    }
    told
}

/// What is not known is refused: whoever means some should not get all.
fn choice(query: &str) -> Result<Choice, ApiError> {
    let (mut ids, mut reason) = (HashSet::new(), None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "id" => drop(ids.insert(id(&value)?)),
            "reason" if reason.is_some() => {
                let message = "reason is given more than once";
                return Err(ApiError::bad_request("repeated_parameter", message));
            }
            "reason" => reason = Some(reason_code(&value)?),
            _ => {
                let message = format!("there is no parameter {name:?}: known are id and reason");
                return Err(ApiError::bad_request("unknown_parameter", message));
            }
        }
    }
    let invalid = |message: &str| Err(ApiError::bad_request("invalid_parameter", message));
    match (ids.len(), reason) {
        (0, None) => Ok(Choice::All),
        (0, Some(reason)) => Ok(Choice::Reason(reason)),
        (1..=MAX_IDS, None) => Ok(Choice::Ids(ids)),
        (_, None) => invalid(&format!("id is given more than {MAX_IDS} times")),
        (_, Some(_)) => invalid("id and reason are two ways to choose: give one of them"),
    }
}

fn id(value: &str) -> Result<LetterId, ApiError> {
    LetterId::parse(value).ok_or_else(|| {
        let message = "id must be what GET /logs/rejected gave as id";
        ApiError::bad_request("invalid_parameter", message)
    })
}

/// The code that is asked for.
pub(super) fn reason_code(value: &str) -> Result<ReasonCode, ApiError> {
    ReasonCode::parse(value).ok_or_else(|| {
        let names = ReasonCode::ALL.map(ReasonCode::name).join(", ");
        let message = format!("reason must be one of {names}");
        ApiError::bad_request("invalid_parameter", message)
    })
}
