//! The one form of an error: a status, a code that stays the same, a sentence, and when to come again.

mod causes;
pub(super) mod codes;
mod records;

pub(super) use records::{RecordError, Warning, record_errors};

use super::addresses::Addresses;
use crate::config::Instance;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use logs::counted;
use record::batch::Rejects;
use record::id::{BatchId, RecordId};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// The type of an answer that is a sentence.
pub(super) const SENTENCE: &str = "text/plain; charset=utf-8";

/// An answer that is not what was asked for.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    retry_after: Option<Duration>,
    close: bool,
    /// Boxed, because every handler carries it in its result.
    body: Box<ErrorBody>,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Error)]
pub(super) struct ErrorBody {
    status: &'static str,
    code: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RecordError>,
    /// Which aggregator it is that does not know, where another one behind the same address may.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            retry_after: None,
            close: false,
            body: Box::new(ErrorBody {
                status: "error",
                code,
                message: message.into(),
                retry_after_ms: None,
                line: None,
                column: None,
                rejected: None,
                errors: Vec::new(),
                instance: None,
            }),
        }
    }

    /// 400 with a code and a sentence.
    pub(super) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// 503: nothing was taken, come again.
    pub(super) fn unavailable(
        code: &'static str,
        message: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, message);
        error.retry_after = Some(retry_after);
        // Not before that time.
        let millis = retry_after.as_nanos().div_ceil(1_000_000);
        error.body.retry_after_ms = u64::try_from(millis).ok();
        error
    }

    /// 429: the token has used what it may, come again.
    pub(super) fn too_many(
        code: &'static str,
        message: impl Into<String>,
        retry_after: Duration,
    ) -> Self {
        let error = Self::unavailable(code, message, retry_after);
        error.with_status(StatusCode::TOO_MANY_REQUESTS)
    }

    /// 404 that lists addresses, one for each protocol.
    pub(super) fn not_found(path: &str, addresses: &Addresses) -> Self {
        let message = format!("there is nothing at {path}; there are {addresses}");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 404 of this aggregator: the one that took the batch may be another.
    pub(super) fn unknown_batch(id: BatchId, instance: &Instance) -> Self {
        let message = format!(
            "batch {id} is not among the last ones that {instance} remembers: another aggregator behind this address may \
             have taken it; that says nothing about its records"
        );
        let mut error = Self::new(StatusCode::NOT_FOUND, "unknown_batch", message);
        error.body.instance = Some(instance.to_string());
        error
    }

    pub(super) fn unknown_record(id: RecordId) -> Self {
        let message = format!("there is no record {id}");
        Self::new(StatusCode::NOT_FOUND, "unknown_record", message)
    }

    pub(super) fn no_logs() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_logs_found", "No logs found")
    }

    /// 501: the store does not tell what is stored.
    pub(super) fn no_feed() -> Self {
        let message =
            "the store does not tell what is stored as it is stored, so there is no tail of it";
        Self::new(StatusCode::NOT_IMPLEMENTED, "no_tail", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "this address does not take this method: see the Allow header";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    pub(super) fn unsupported_type(content_type: &str) -> Self {
        Self::unsupported_type_for(
            content_type,
            "application/json, application/x-ndjson or text/plain",
        )
    }

    /// 415 of an address that takes other types.
    pub(super) fn unsupported_type_for(content_type: &str, types: &str) -> Self {
        let message = format!("Content-Type {content_type:?} is not taken here: send {types}");
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            message,
        )
    }

    pub(super) fn unsupported_encoding(encoding: &str) -> Self {
        let message = format!(
            "Content-Encoding {encoding:?} is not taken here: send gzip, deflate, zstd or none"
        );
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_encoding",
            message,
        )
    }

    pub(super) fn body_too_large(limit: usize) -> Self {
        let limit = counted(limit, "byte", "bytes");
        let message = format!("the body is larger than {limit}");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
    }

    pub(super) fn body_timeout(timeout: Duration) -> Self {
        let message = format!("the body did not arrive within {} s", timeout.as_secs_f64());
        Self::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", message)
    }

    pub(super) fn internal() -> Self {
        let message = "something broke in the service while it worked on this request";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", message)
    }

    /// The head of a request cannot be read, for which it gets this status; `None` when that is not
    /// what this status says.
    pub(super) fn unreadable_head(status: u16) -> Option<Self> {
        let (code, message) = match status {
            400 => (
                "malformed_request",
                "this is no request of HTTP/1.1; quotes and blanks in an address are written as %22 and %20",
            ),
            414 => ("uri_too_long", "the address is longer than 64 KiB"),
            431 => (
                "head_too_large",
                "the head of the request is larger than 64 KiB, or has more than 100 headers",
            ),
            _ => return None,
        };
        let status = StatusCode::from_u16(status).ok()?;
        Some(Self::new(status, code, message))
    }

    /// 400 to whoever speaks plain HTTP where TLS is spoken.
    pub(super) fn tls_needed() -> Self {
        let message = "TLS is spoken at this port: ask with https:// in place of http://";
        Self::bad_request("tls_needed", message).closing()
    }

    /// 503: the service is stopping.
    pub(super) fn stopping() -> Self {
        let soon = Duration::from_secs(1);
        Self::unavailable("stopping", "the service is stopping", soon)
    }

    /// 400 that names each record that cannot be taken.
    pub(super) fn invalid_records(rejects: &Rejects, strict: bool) -> Self {
        let count = rejects.count;
        let records = counted(count, "record", "records");
        let message = match (strict, count) {
            (false, 1) => "the record cannot be taken".to_owned(),
            (false, _) => format!("none of the {records} can be taken"),
            (true, _) => format!(
                "{records} cannot be taken, so nothing of the batch was; ?strict=false takes all of it"
            ),
        };
        let mut error = Self::bad_request("invalid_records", message);
        error.body.rejected = Some(rejects.count);
        error.body.errors = record_errors(rejects);
        error
    }

    /// The body was not read to its end, so the connection cannot be used again.
    pub(super) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    /// Its body, as it is sent.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(&self.body).unwrap_or_default();
        text.push(b'\n');
        text
    }

    /// For a protocol that has a form of its own: what happened.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// The same: what happened, in a word that stays the same.
    pub(super) fn code(&self) -> &'static str {
        self.body.code
    }

    /// The same: what happened, in a sentence.
    pub(super) fn message(&self) -> &str {
        &self.body.message
    }

    /// The same, with another status.
    #[must_use]
    pub(super) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The same, as one after which the sender is to come again: 503.
    #[must_use]
    pub(super) fn sent_again_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self.with_status(StatusCode::SERVICE_UNAVAILABLE)
    }

    /// The answer with another body; its status and its headers are those of this error.
    pub(super) fn in_form(self, content_type: &'static str, body: Vec<u8>) -> Response {
        self.log();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.close {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(wait) = self.retry_after {
            // Whole seconds, never too few: a header of 0 would be a lie.
            let seconds = wait.as_millis().div_ceil(1000).max(1);
            if let Ok(value) = HeaderValue::from_str(&seconds.to_string()) {
                headers.insert(header::RETRY_AFTER, value);
            }
        }
        response
    }

    /// The answer as a sentence.
    pub(super) fn in_sentence(self) -> Response {
        let text = format!("{}\n", self.message()).into_bytes();
        self.in_form(SENTENCE, text)
    }

    /// What the log gets of a failure that is the service's own.
    fn log(&self) {
        if self.status.is_server_error() {
            tracing::debug!(
                status = self.status.as_u16(),
                code = self.body.code,
                reason = self.body.message,
                "refused"
            );
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let text = self.text();
        self.in_form("application/json", text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_come_again_is_told_in_whole_seconds_and_never_too_short() {
        for (millis, seconds) in [(0, "1"), (1, "1"), (1000, "1"), (1001, "2"), (29_999, "30")] {
            let wait = Duration::from_millis(millis);
            let response = ApiError::unavailable("overloaded", "full", wait).into_response();
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            let told = response.headers().get(header::RETRY_AFTER).unwrap();
            assert_eq!(told, seconds, "{millis} ms");
        }
    }
}
