//! What went wrong further down, as an answer: one place for every error of another layer.

use super::ApiError;
use crate::access::Refusal;
use crate::accounting::admission::{self, NoRoom};
use crate::breaker::guard::CallError;
use crate::deliver::dead_letters::DeadLetterError;
use crate::http::read::parameter_error::ParameterError;
use crate::ingest::body_error::BodyError;
use crate::ingest::intake_error::{IngestError, IntakeError};
use crate::search::retrieval::NotBegun;
use crate::search::tail::NotOpened;
use crate::worker::JobError;
use axum::http::StatusCode;
use spool::AppendError;
use std::time::Duration;
use store::StoreError;
use wire::DecodeError;

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        let mut answer = Self::bad_request(error.code(), error.to_string());
        match error {
            DecodeError::Syntax { line, column, .. } => {
                answer.body.line = Some(line);
                answer.body.column = Some(column);
            }
            DecodeError::TooLarge | DecodeError::TooManyIds(_) => {
                answer.status = StatusCode::PAYLOAD_TOO_LARGE;
            }
            _ => {}
        }
        answer
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (status, code) = match refusal {
            Refusal::TwoHosts => (StatusCode::BAD_REQUEST, "ambiguous_host"),
            Refusal::Host(_) => (StatusCode::MISDIRECTED_REQUEST, "host_not_allowed"),
            Refusal::CrossSite | Refusal::Origin(_) => (StatusCode::FORBIDDEN, "cross_site"),
            Refusal::NotLocal => (StatusCode::FORBIDDEN, "local_only"),
            Refusal::NoToken => (StatusCode::UNAUTHORIZED, "token_needed"),
            Refusal::UnknownCertificate(_) => (StatusCode::UNAUTHORIZED, "unknown_certificate"),
            Refusal::UnknownToken => (StatusCode::UNAUTHORIZED, "unknown_token"),
            Refusal::OutOfScope { .. } => (StatusCode::FORBIDDEN, "token_out_of_scope"),
        };
        Self::new(status, code, refusal.to_string())
    }
}

impl From<BodyError> for ApiError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Compression(_) => {
                Self::bad_request("invalid_compression", error.to_string())
            }
            BodyError::TooLarge { .. } => {
                let status = StatusCode::PAYLOAD_TOO_LARGE;
                Self::new(status, "decoded_body_too_large", error.to_string())
            }
            BodyError::NoRoom(error) => error.into(),
            BodyError::Decode(error) => error.into(),
            BodyError::Records { rejects, strict } => Self::invalid_records(&rejects, strict),
            BodyError::Panicked => Self::internal(),
        }
    }
}

impl From<ParameterError> for ApiError {
    fn from(error: ParameterError) -> Self {
        Self::bad_request(error.code(), error.to_string())
    }
}

impl From<DeadLetterError> for ApiError {
    fn from(error: DeadLetterError) -> Self {
        if let DeadLetterError::Unread(_) = error {
            return Self::unavailable(REJECTED_UNAVAILABLE, error.to_string(), SOON);
        }
        tracing::error!(%error, "refused records cannot be read");
        Self::internal()
    }
}

impl From<NoRoom> for ApiError {
    fn from(error: NoRoom) -> Self {
        Self::unavailable("overloaded", error.to_string(), admission::RETRY_AFTER)
    }
}

impl From<NotBegun> for ApiError {
    fn from(error: NotBegun) -> Self {
        let code = match error {
            NotBegun::TooManyStreams => "too_many_streams",
            NotBegun::NoRoom => "overloaded",
        };
        Self::unavailable(code, error.to_string(), SOON)
    }
}

impl From<NotOpened> for ApiError {
    fn from(error: NotOpened) -> Self {
        let message = error.to_string();
        match error {
            NotOpened::TooMany => Self::unavailable("too_many_tails", message, TAIL_RETRY),
            NotOpened::NoRoom => Self::unavailable("overloaded", message, SOON),
            NotOpened::Store(error) => error.into(),
        }
    }
}

/// Tails last long: when one of them ends is not known.
const TAIL_RETRY: Duration = Duration::from_secs(10);
/// When to come again after a failure that says nothing of its length.
const SOON: Duration = Duration::from_secs(1);
/// When to look again whether a backup is done.
const BACKUP_RETRY: Duration = Duration::from_secs(10);
/// Records can neither be set aside nor given back.
const REJECTED_UNAVAILABLE: &str = "rejected_unavailable";
/// When an operator has to do something first.
const LATER: Duration = Duration::from_secs(60);

impl From<JobError<CallError>> for ApiError {
    fn from(error: JobError<CallError>) -> Self {
        match error {
            JobError::Full { retry_after } => {
                Self::unavailable("overloaded", "the queue is full", retry_after)
            }
            JobError::Expired => {
                Self::unavailable("overloaded", "the request waited too long", SOON)
            }
            JobError::Closed => Self::stopping(),
            JobError::Panicked => Self::internal(),
            JobError::Failed(CallError::Open { retry_after }) => {
                let message = "the store is not available: calls to it are held back until it is";
                Self::unavailable("store_unavailable", message, retry_after)
            }
            JobError::Failed(CallError::Store(error)) => error.into(),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::Unavailable(_)
            | StoreError::NewerFormat { .. }
            | StoreError::Unsuitable(_) => {
                tracing::warn!(%error, "a request failed at the store");
                Self::unavailable("store_unavailable", message, SOON)
            }
            StoreError::Timeout => {
                tracing::warn!("a request failed at the store: no answer in time");
                Self::unavailable("store_timeout", message, SOON)
            }
            StoreError::QueryTooSlow => {
                let message = format!("{message}: ask for a shorter time range");
                Self::new(StatusCode::GATEWAY_TIMEOUT, "query_too_slow", message)
            }
            StoreError::RecordTooSlow { .. } => {
                let message = format!(
                    "{message}: ask for simpler expressions, or for records behind this one"
                );
                Self::new(StatusCode::GATEWAY_TIMEOUT, "query_too_slow", message)
            }
            StoreError::Rejected(_) => {
                tracing::error!(%error, "the store refused a request");
                Self::internal()
            }
            StoreError::Damaged(_) => {
                tracing::error!(%error, "a request failed at the store");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "store_damaged", message)
            }
        }
    }
}

impl ApiError {
    /// As many queries of a token are being answered as it may ask at a time. When one of them ends is not known.
    pub(in crate::http) fn too_many_queries(token: &str) -> Self {
        let message = format!(
            "the token {token:?} has as many queries under way as its concurrent_queries allows: come again when one of them has ended"
        );
        Self::too_many("token_too_many_queries", message, SOON)
    }

    /// What was refused is not put back while a backup is being made. When it ends is not known.
    pub(in crate::http) fn backup_under_way() -> Self {
        let message = "a backup of the data folder is being made: refused records are put back when it is done";
        Self::unavailable("backup_under_way", message, BACKUP_RETRY)
    }

    /// Why a request is not taken; `room_in` says how long it may take until the spool has room, and is
    /// asked only by a refusal for which that matters.
    pub(in crate::http) fn not_taken(
        error: IngestError,
        room_in: impl FnOnce() -> Duration,
    ) -> Self {
        match error {
            IngestError::Body(error) => error.into(),
            IngestError::Intake(error) => Self::not_durable(&error, room_in),
        }
    }

    /// Why a batch is not made durable.
    pub(in crate::http) fn not_durable(
        error: &IntakeError,
        room_in: impl FnOnce() -> Duration,
    ) -> Self {
        let message = error.to_string();
        let error = match error {
            IntakeError::Spool(error) => error,
            IntakeError::OverRate(over) => {
                return Self::too_many("token_over_rate", message, over.wait);
            }
            IntakeError::KeyReused => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return Self::new(status, "idempotency_key_reused", message);
            }
            // Nobody makes room at once.
            IntakeError::RejectedFull(_) => {
                return Self::unavailable("rejected_full", message, LATER);
            }
            IntakeError::RejectedFailed(_) => {
                return Self::unavailable(REJECTED_UNAVAILABLE, message, SOON);
            }
            IntakeError::Timeout => {
                let message = format!(
                    "{message}; the batch may be taken or not, and sending it again under its Idempotency-Key is safe"
                );
                return Self::unavailable("disk_timeout", message, SOON);
            }
        };
        match error {
            AppendError::Full { .. } => Self::unavailable("spool_full", message, room_in()),
            AppendError::DiskFull(_) => Self::unavailable("disk_full", message, room_in()),
            AppendError::TooLarge(_) => {
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, "batch_too_large", message)
            }
            AppendError::NoSegment(_) => Self::unavailable("spool_unavailable", message, SOON),
            AppendError::Poisoned(_) => Self::unavailable("spool_failed", message, SOON),
            AppendError::Busy => Self::unavailable("overloaded", message, SOON),
            AppendError::Closed => Self::unavailable("stopping", message, SOON),
        }
    }
}
