//! `POST /gelf`: GELF over HTTP, whatever type it names, answered with an empty 202.

use super::sent::Sent;
use crate::http::error::ApiError;
use crate::ingest::decode::BodyForm;
use crate::ingest::intake::Receipt;
use axum::http::StatusCode;

/// The handler.
pub(in crate::http) async fn messages(sent: Sent) -> Result<StatusCode, ApiError> {
    sent.taken_by(take).await?;
    Ok(StatusCode::ACCEPTED)
}

async fn take(sent: Sent) -> Result<Receipt<()>, ApiError> {
    let (encoding, scope) = (sent.encoding()?, sent.scope("gelf"));
    let decode = Box::new(wire::gelf::decode);
    sent.take(decode, BodyForm::Text, encoding, scope).await
}
