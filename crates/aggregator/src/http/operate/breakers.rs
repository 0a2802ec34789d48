//! `POST /operate/breakers/{lane}/{action}`: a breaker is held open or closed, or decides again by itself.

use crate::breaker::{Forced, Snapshot};
use crate::http::error::ApiError;
use crate::http::services::Services;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::Uri;
use serde::Serialize;
use std::sync::Arc;

/// What it has led to.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Answer {
    status: &'static str,
    message: String,
    lane: &'static str,
    breaker: Snapshot,
}

/// The handler.
pub(in crate::http) async fn set(
    State(services): State<Arc<Services>>,
    uri: Uri,
    asked: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<Answer>, ApiError> {
    let unknown = || ApiError::not_found(uri.path(), &services.addresses);
    let Path((lane, action)) = asked.map_err(|_| unknown())?;
    let mut guards = services.guards().into_iter();
    let (lane, guard) = guards.find(|(name, _)| *name == lane).ok_or_else(unknown)?;
    let (forced, told) = match action.as_str() {
        "open" => (
            Some(Forced::Open),
            "is held open: no call goes to the store",
        ),
        "close" => (
            Some(Forced::Closed),
            "is held closed: every call goes to the store",
        ),
        "release" => (None, "decides by itself"),
        _ => return Err(unknown()),
    };
    let before = guard.snapshot().state;
    guard.force(forced);
    let breaker = guard.snapshot();
    if breaker.state != before {
        tracing::info!(lane, "by an operator, the breaker {told}");
    }
    Ok(Json(Answer {
        status: "success",
        message: format!("The breaker of the {lane} lane {told}"),
        lane,
        breaker,
    }))
}
