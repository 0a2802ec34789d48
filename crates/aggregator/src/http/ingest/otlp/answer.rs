//! Answers of the protocol, each in the type of its request.

use crate::http::error::ApiError;
use crate::ingest::intake::Receipt;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use logs::counted;
use record::fault::RecordFault;
use serde::{Serialize, Serializer};
use std::time::Duration;

/// The type of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Protobuf,
    /// The same under its name without an `x-`, which some senders use.
    PlainProtobuf,
    Json,
}

impl Form {
    /// That of a media type; `None` when it is not one of the protocol's.
    pub(super) fn of(media_type: &str) -> Option<Self> {
        let all = [Self::Protobuf, Self::PlainProtobuf, Self::Json];
        let mut all = all.into_iter();
        all.find(|form| form.media_type().eq_ignore_ascii_case(media_type))
    }

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::PlainProtobuf => "application/protobuf",
            Self::Json => "application/json",
        }
    }

    fn encode<T: prost::Message + Serialize>(self, message: &T) -> Vec<u8> {
        match self {
            Self::Protobuf | Self::PlainProtobuf => message.encode_to_vec(),
            Self::Json => serde_json::to_vec(message).unwrap_or_default(),
        }
    }
}

/// `ExportLogsServiceResponse`.
#[derive(prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_success: Option<PartialSuccess>,
}

/// `ExportLogsPartialSuccess`.
#[derive(prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    #[serde(serialize_with = "as_text")]
    rejected_log_records: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// `google.rpc.Status`.
#[derive(prost::Message, Serialize)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// JSON of protobuf has 64-bit integers as text.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn as_text<S: Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// When to come again after a fault that says nothing of its length.
const SOON: Duration = Duration::from_secs(1);

// Codes of gRPC.
const INVALID_ARGUMENT: i32 = 3;
const PERMISSION_DENIED: i32 = 7;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNAVAILABLE: i32 = 14;
const UNAUTHENTICATED: i32 = 16;

/// The request was taken. Records that are too large to be stored are set aside, which their sender is told.
pub(super) fn taken(form: Form, receipt: &Receipt<()>) -> Response {
    let rejected = receipt.rejects.count + receipt.too_large.len() as u64;
    let partial_success = (rejected > 0).then(|| PartialSuccess {
        rejected_log_records: i64::try_from(rejected).unwrap_or(i64::MAX),
        error_message: format!(
            "{} not stored: {}",
            counted(rejected, "record is", "records are"),
            RecordFault::TooLarge
        ),
    });
    let body = form.encode(&ExportResponse { partial_success });
    let mut response = (StatusCode::OK, body).into_response();
    let content_type = HeaderValue::from_static(form.media_type());
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Nothing of the request was taken.
pub(super) fn refused(form: Form, error: ApiError) -> Response {
    let error = match error.status() {
        StatusCode::INTERNAL_SERVER_ERROR | StatusCode::REQUEST_TIMEOUT => {
            // The connection is of no more use after some of these, and closing it costs little.
            ApiError::unavailable(error.code(), error.message(), SOON).closing()
        }
        _ => error,
    };
    let status = Status {
        code: match error.status() {
            StatusCode::FORBIDDEN => PERMISSION_DENIED,
            StatusCode::UNAUTHORIZED => UNAUTHENTICATED,
            StatusCode::TOO_MANY_REQUESTS => RESOURCE_EXHAUSTED,
            status if status.is_server_error() => UNAVAILABLE,
            _ => INVALID_ARGUMENT,
        },
        message: error.message().to_owned(),
    };
    let body = form.encode(&status);
    error.in_form(form.media_type(), body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::body_error::BodyError;

    #[test]
    fn a_fault_of_the_service_and_a_body_that_came_too_slowly_are_to_be_sent_again() {
        let slow = ApiError::body_timeout(Duration::from_secs(30));
        for error in [ApiError::from(BodyError::Panicked), slow] {
            let response = refused(Form::Protobuf, error);
            assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert_eq!(response.headers()[header::RETRY_AFTER], "1");
            let content_type = &response.headers()[header::CONTENT_TYPE];
            assert_eq!(content_type, "application/x-protobuf");
        }
    }

    #[test]
    fn messages_are_encoded_as_the_protocol_has_them() {
        let partial = ExportResponse {
            partial_success: Some(PartialSuccess {
                rejected_log_records: 3,
                error_message: "no".to_owned(),
            }),
        };
        let expected = [0x0a, 6, 0x08, 3, 0x12, 2, b'n', b'o'];
        assert_eq!(Form::Protobuf.encode(&partial), expected);
        let expected = r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#;
        assert_eq!(Form::Json.encode(&partial), expected.as_bytes());
        let full = ExportResponse {
            partial_success: None,
        };
        assert!(Form::PlainProtobuf.encode(&full).is_empty());
        assert_eq!(Form::Json.encode(&full), b"{}");
        let status = Status {
            code: 3,
            message: "no".to_owned(),
        };
        assert_eq!(Form::Protobuf.encode(&status), [8, 3, 0x12, 2, b'n', b'o']);
        assert_eq!(Form::Json.encode(&status), br#"{"code":3,"message":"no"}"#);
    }
}
