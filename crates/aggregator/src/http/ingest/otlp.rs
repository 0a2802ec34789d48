//! `POST /v1/logs`: OpenTelemetry's logs (OTLP/HTTP), in protobuf and in JSON
//! (protocol: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Its senders drop what is answered with anything but 429, 502, 503 and 504, and 500 is among that: so a
//! fault of the service, or a body that came too slowly, is 503 here.

mod answer;

use super::{encoding, receive};
use crate::http::error::ApiError;
use crate::http::listener::Peer;
use crate::http::services::Services;
use crate::ingest::batch_key::{BatchKey, Scope};
use crate::ingest::decode::{BodyForm, BodyTerms, Decode};
use crate::ingest::intake::Durability;
use answer::{Form, refused, taken};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;

/// The handler.
pub(in crate::http) async fn logs(
    State(services): State<Arc<Services>>,
    Extension(Peer(peer)): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let form = match form(&headers) {
        Ok(form) => form,
        // There is no form that its sender is known to read.
        Err(error) => return refused(Form::Json, error.closing()),
    };
    let sender = services.trusted_proxies.sender(&headers, peer);
    let terms = match terms(&headers, form, sender) {
        Ok(terms) => terms,
        Err(error) => return refused(form, error),
    };
    let received = receive(
        &services,
        &headers,
        (body, sender),
        terms,
        Durability::Spooled,
    );
    match received.await {
        Ok(receipt) => taken(form, &receipt),
        Err(error) => refused(form, error),
    }
}

fn form(headers: &HeaderMap) -> Result<Form, ApiError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default();
    Form::of(media_type.trim()).ok_or_else(|| {
        let message = format!(
            "Content-Type {content_type:?} is not taken here: send application/x-protobuf or application/json"
        );
        let error = ApiError::bad_request("unsupported_media_type", message);
        error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
    })
}

fn terms(headers: &HeaderMap, form: Form, sender: IpAddr) -> Result<BodyTerms<()>, ApiError> {
    let (decode, body_form): (Box<Decode<()>>, _) = match form {
        Form::Protobuf | Form::PlainProtobuf => {
            (Box::new(wire::otlp::decode_protobuf), BodyForm::Binary)
        }
        Form::Json => (Box::new(wire::otlp::decode_json), BodyForm::Text),
    };
    Ok(BodyTerms {
        decode,
        form: body_form,
        encoding: encoding(headers)?,
        // The type says how the body is read.
        key: BatchKey::Content(Scope::new("otlp", sender).with(form.media_type())),
        strict: Some(false),
    })
}
