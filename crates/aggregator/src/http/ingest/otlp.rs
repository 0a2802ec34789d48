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
/// Where there is no form that a sender is known to read.
const UNKNOWN: Form = Form::Json;

/// The handler.
pub(in crate::http) async fn logs(sent: Sent) -> Response {
    let form = form_of(&sent.headers);
    match sent.taken_by(|sent| take(sent, form)).await {
        Ok((form, receipt)) => taken(form, &receipt),
        Err(error) => refused(form.unwrap_or(UNKNOWN), error),
    }
}

/// Why its address answers nobody of this kind.
pub(in crate::http) fn refusal(error: ApiError, headers: &HeaderMap) -> Response {
    refused(form_of(headers).unwrap_or(UNKNOWN), error)
}

/// The form that the type of a request names, if it is one.
fn form_of(headers: &HeaderMap) -> Option<Form> {
    let named = headers.get(header::CONTENT_TYPE)?;
    let named = String::from_utf8_lossy(named.as_bytes());
    Form::of(named.split(';').next()?.trim())
}

async fn take(sent: Sent, form: Option<Form>) -> Result<(Form, Receipt<()>), ApiError> {
    let Some(form) = form else {
        let error = ApiError::unsupported_type_for(&sent.content_type(), TYPES);
        return Err(error.closing());
    };
    let (decode, body_form): (Box<Decode<()>>, _) = match form {
        Form::Protobuf | Form::PlainProtobuf => {
            (Box::new(wire::otlp::decode_protobuf), BodyForm::Binary)
        }
        Form::Json => (Box::new(wire::otlp::decode_json), BodyForm::Text),
    };
    // The type says how the body is read.
    let scope = sent.scope("otlp").with(form.media_type());
    let encoding = sent.encoding()?;
    let receipt = sent.take(decode, body_form, encoding, scope).await?;
    Ok((form, receipt))
}
