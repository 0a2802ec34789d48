//! `POST /v1/logs`: OpenTelemetry's logs (OTLP/HTTP), in protobuf and in JSON
//! (protocol: <https://opentelemetry.io/docs/specs/otlp/#otlphttp>).
//!
//! Its senders drop what is answered with anything but 429, 502, 503 and 504, and 500 is among that: so a
//! fault of the service, or a body that came too slowly, is 503 here.

mod answer;

use super::sent::Sent;
use crate::http::error::ApiError;
use crate::ingest::decode::{BodyForm, Decode};
use crate::ingest::intake::Receipt;
use answer::{Form, refused, taken};
use axum::http::{HeaderMap, header};
use axum::response::Response;

/// The types that are taken, for whoever sends another.
const TYPES: &str = "application/x-protobuf or application/json";

/// The handler.
pub(in crate::http) async fn logs(sent: Sent) -> Response {
    let content_type = sent.content_type();
    let media_type = content_type.split(';').next().unwrap_or_default();
    let Some(form) = Form::of(media_type.trim()) else {
        let error = ApiError::unsupported_type_for(&content_type, TYPES);
        // There is no form that its sender is known to read.
        return refused(Form::Json, error.closing());
    };
    match take(sent, form).await {
        Ok(receipt) => taken(form, &receipt),
        Err(error) => refused(form, error),
    }
}

/// Why its address answers nobody of this kind.
pub(in crate::http) fn refusal(error: ApiError, headers: &HeaderMap) -> Response {
    let named = headers.get(header::CONTENT_TYPE);
    let media_type = named.and_then(|value| value.to_str().ok()?.split(';').next());
    let form = media_type.and_then(|media_type| Form::of(media_type.trim()));
    refused(form.unwrap_or(Form::Json), error)
}

async fn take(sent: Sent, form: Form) -> Result<Receipt<()>, ApiError> {
    let (decode, body_form): (Box<Decode<()>>, _) = match form {
        Form::Protobuf | Form::PlainProtobuf => {
            (Box::new(wire::otlp::decode_protobuf), BodyForm::Binary)
        }
        Form::Json => (Box::new(wire::otlp::decode_json), BodyForm::Text),
    };
    // The type says how the body is read.
    let scope = sent.scope("otlp").with(form.media_type());
    let encoding = sent.encoding()?;
    sent.take(decode, body_form, encoding, scope).await
}
