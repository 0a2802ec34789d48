//! `POST /loki/api/v1/push` and `GET /ready`, as Loki has them: errors are a sentence, and what was taken
//! is answered with 204.

use super::sent::Sent;
use crate::http::error::{ApiError, SENTENCE};
use crate::http::operate::probes;
use crate::http::services::Services;
use crate::ingest::compression::Encoding;
use crate::ingest::decode::BodyForm;
use crate::ingest::intake::Receipt;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use record::batch::BatchBuilder;
use std::sync::Arc;
use wire::{DecodeError, loki};

/// Who a push is of, as its sender says.
const TENANT: HeaderName = HeaderName::from_static("x-scope-orgid");
/// Lines of which nothing could be kept.
const REJECTED_COUNT: HeaderName = HeaderName::from_static("x-rejected-count");
/// What a push comes as.
const TYPES: &str = "application/json or application/x-protobuf";

/// The handler of a push.
pub(in crate::http) async fn push(sent: Sent) -> Response {
    match sent.taken_by(take).await {
        Ok(receipt) => {
            let mut response = StatusCode::NO_CONTENT.into_response();
            if receipt.rejects.count > 0 {
                let count = HeaderValue::from(receipt.rejects.count);
                response.headers_mut().insert(REJECTED_COUNT, count);
            }
            response
        }
        Err(error) => refused(error),
    }
}

/// The handler that says whether a push would be taken.
pub(in crate::http) async fn ready(State(services): State<Arc<Services>>) -> Response {
    match probes::not_ready(&services) {
        None => ([(header::CONTENT_TYPE, SENTENCE)], "ready\n").into_response(),
        Some(error) => refused(error),
    }
}

/// Why its addresses answer nobody of this kind.
pub(in crate::http) fn refusal(error: ApiError, _: &HeaderMap) -> Response {
    refused(error)
}

/// Vector throws away what is answered with 408, which says nothing against its push.
fn refused(error: ApiError) -> Response {
    let error = match error.status() {
        StatusCode::REQUEST_TIMEOUT => error.with_status(StatusCode::SERVICE_UNAVAILABLE),
        _ => error,
    };
    error.in_sentence()
}

/// What the type of a push says of it.
#[derive(Clone, Copy)]
enum Form {
    Json,
    Protobuf,
    /// Nothing: a push as JSON begins with a brace, and one as protobuf does not.
    Untyped,
}

fn form(content_type: &str) -> Option<Form> {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    match media_type.to_ascii_lowercase().as_str() {
        "application/json" | "text/json" => Some(Form::Json),
        "application/x-protobuf" | "application/protobuf" => Some(Form::Protobuf),
        "" | "application/octet-stream" | "application/x-www-form-urlencoded" => {
            Some(Form::Untyped)
        }
        _ => None,
    }
}

async fn take(sent: Sent) -> Result<Receipt<()>, ApiError> {
    let content_type = sent.content_type();
    let form = form(&content_type)
        .ok_or_else(|| ApiError::unsupported_type_for(&content_type, TYPES).closing())?;
    let encoding = encoding(&sent, form)?;
    let tenant = sent.text(TENANT).into_owned();
    let scope = sent.scope("loki").with(&tenant);
    let decode = Box::new(move |body: &[u8], batch: &mut _| {
        let tenant = (!tenant.is_empty()).then_some(tenant.as_str());
        decode(form, body, tenant, batch)
    });
    let body_form = BodyForm::Shared {
        is_text: matches!(form, Form::Json),
        usual: match form {
            Form::Json => loki::encoded_json_bytes,
            Form::Protobuf => loki::encoded_protobuf_bytes,
            Form::Untyped => |body| match is_json(body) {
                true => loki::encoded_json_bytes(body) + wire::text_bytes(body),
                false => loki::encoded_protobuf_bytes(body),
            },
        },
    };
    sent.take(decode, body_form, encoding, scope).await
}

fn encoding(sent: &Sent, form: Form) -> Result<Encoding, ApiError> {
    let named = sent.text(header::CONTENT_ENCODING);
    if named.trim().eq_ignore_ascii_case("snappy") {
        return Ok(Encoding::Snappy);
    }
    Ok(match (sent.encoding()?, form) {
        // A block is all that protobuf comes in.
        (Encoding::Identity, Form::Protobuf) => Encoding::Snappy,
        (Encoding::Identity, Form::Untyped) => Encoding::SnappyUnlessJson,
        (encoding, Form::Json) => encoding,
        // Loki takes a block within, and some bare protobuf comes so as well.
        (encoding, _) => encoding.around_snappy(),
    })
}

fn decode(
    form: Form,
    body: &[u8],
    tenant: Option<&str>,
    batch: &mut BatchBuilder,
) -> Result<(), DecodeError> {
    let is_json = match form {
        Form::Json => true,
        Form::Protobuf => false,
        Form::Untyped => is_json(body),
    };
    match is_json {
        true => loki::decode_json(body, tenant, batch),
        false => loki::decode_protobuf(body, tenant, batch),
    }
}

fn is_json(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}
