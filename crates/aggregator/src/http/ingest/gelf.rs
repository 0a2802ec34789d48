//! `POST /gelf`: GELF over HTTP, whatever type it names, answered with an empty 202.

use super::{encoding, receive};
use crate::http::error::ApiError;
use crate::http::listener::Peer;
use crate::http::services::Services;
use crate::ingest::batch_key::{BatchKey, Scope};
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::Durability;
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use std::sync::Arc;

/// The handler.
pub(in crate::http) async fn messages(
    State(services): State<Arc<Services>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let sender = services.trusted_proxies.sender(&headers, peer);
    let terms = BodyTerms {
        decode: Box::new(wire::gelf::decode),
        form: BodyForm::Text,
        encoding: encoding(&headers)?,
        key: BatchKey::Content(Scope::new("gelf", sender)),
        strict: Some(false),
    };
    receive(
        &services,
        &headers,
        (body, sender),
        terms,
        Durability::Spooled,
    )
    .await?;
    Ok(StatusCode::ACCEPTED)
}
