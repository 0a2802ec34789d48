//! Why nothing of a `_bulk` was taken, in the form of Elasticsearch.
//!
//! What may be sent again is told with `429`, as Elasticsearch does: some senders repeat nothing else. The answer
//! has `items` then, since others repeat nothing without.

use crate::http::error::ApiError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;

const JSON: &str = "application/json";

/// A request is too much for now.
#[derive(Debug, Serialize)]
struct Overloaded<'a> {
    took: u8,
    errors: bool,
    items: [(); 0],
    error: Cause<'a>,
    status: u16,
}

/// A request is refused for good.
#[derive(Debug, Serialize)]
struct Refused<'a> {
    error: RootCause<'a>,
    status: u16,
}

#[derive(Debug, Serialize)]
struct RootCause<'a> {
    root_cause: [Cause<'a>; 1],
    #[serde(flatten)]
    cause: Cause<'a>,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct Cause<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: &'a str,
}

/// The answer.
pub(super) fn of(error: ApiError) -> Response {
    let is_for_now = matches!(
        error.status(),
        StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::REQUEST_TIMEOUT
            // A fault of ours: what is sent again then is not lost.
            | StatusCode::INTERNAL_SERVER_ERROR
    );
    if is_for_now {
        return overloaded(error.with_status(StatusCode::TOO_MANY_REQUESTS));
    }
    let status = error.status();
    let cause = Cause {
        kind: kind_of(status),
        reason: error.message(),
    };
    let refused = Refused {
        error: RootCause {
            root_cause: [cause],
            cause,
        },
        status: status.as_u16(),
    };
    let body = serde_json::to_vec(&refused).unwrap_or_default();
    error.in_form(JSON, body)
}

fn overloaded(error: ApiError) -> Response {
    let overloaded = Overloaded {
        took: 0,
        errors: true,
        items: [],
        error: Cause {
            kind: "es_rejected_execution_exception",
            reason: error.message(),
        },
        status: error.status().as_u16(),
    };
    let body = serde_json::to_vec(&overloaded).unwrap_or_default();
    let mut response = error.in_form(JSON, body);
    let soon = HeaderValue::from_static("1");
    let headers = response.headers_mut();
    headers.entry(header::RETRY_AFTER).or_insert(soon);
    response
}

/// What Elasticsearch calls it.
fn kind_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => "content_too_long_exception",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "media_type_header_exception",
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "security_exception",
        status if status.is_server_error() => "exception",
        _ => "illegal_argument_exception",
    }
}

/// 405.
pub(super) async fn method_not_allowed() -> Response {
    of(ApiError::method_not_allowed())
}
