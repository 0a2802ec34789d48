//! `POST /operate/drain/{action}`: whether batches go on from the spool to the store.

use crate::deliver::drain::DrainSnapshot;
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
    message: &'static str,
    drain: DrainSnapshot,
}

/// The handler.
pub(in crate::http) async fn set(
    State(services): State<Arc<Services>>,
    uri: Uri,
    action: Result<Path<String>, PathRejection>,
) -> Result<Json<Answer>, ApiError> {
    let drain = &services.drain;
    let message = match action.as_ref().map(|Path(action)| action.as_str()) {
        Ok("pause") => {
            drain.pause();
            "The drain is paused: batches are taken, and wait in the spool until it is resumed"
        }
        Ok("resume") => {
            drain.resume();
            "The drain goes on: what waits in the spool goes to the store"
        }
        _ => return Err(ApiError::not_found(uri.path(), &services.addresses)),
    };
    Ok(Json(Answer {
        status: "success",
        message,
        drain: drain.snapshot(),
    }))
}
