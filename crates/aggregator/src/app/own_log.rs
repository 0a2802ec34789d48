//! `LOG_TO_STORE`: what the log says is taken as a sender's batches are, and so is never stored twice.
//!
//! What this makes the service say itself is said on standard error alone: within the span [`OF_STORING`] on the way in,
//! and by [`OF_UNSTORED`](crate::config::OF_UNSTORED) behind it. So one line never leads to another for ever.

use super::telemetry::Unstored;
use crate::access::Sender;
use crate::access::protocol::Protocol;
use crate::accounting::admission::NoRoom;
use crate::config::OF_STORING;
use crate::http::Services;
use crate::ingest::batch_key::BatchKey;
use crate::ingest::body_error::BodyError;
use crate::ingest::compression::Encoding;
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::Durability;
use crate::ingest::intake_error::{IngestError, IntakeError};
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// Lines that come within this time go together; and what could not be taken is tried again after it.
const PAUSE: Duration = Duration::from_secs(1);

/// The task that stores the log.
pub(super) struct OwnLog {
    task: JoinHandle<()>,
    end: CancellationToken,
}

impl OwnLog {
    /// Stores these lines from here on.
    pub(super) fn start(lines: Unstored, services: Arc<Services>) -> Self {
        let end = CancellationToken::new();
        let storing = Storing {
            process: rand::random(),
            batches: 0,
            is_refused: false,
            lines,
            services,
            end: end.clone(),
        };
        Self {
            task: tokio::spawn(storing.run()),
            end,
        }
    }

    /// Stores what there is by now, if that can be done at once, and no more.
    pub(super) async fn finish(mut self, patience: Duration) {
        self.end.cancel();
        if timeout(patience, &mut self.task).await.is_err() {
            self.task.abort();
            drop(self.task.await);
        }
    }
}

struct Storing {
    lines: Unstored,
    services: Arc<Services>,
    end: CancellationToken,
    /// Stands for this run.
    process: u128,
    /// How many were taken.
    batches: u64,
    is_refused: bool,
}

impl Storing {
    async fn run(mut self) {
        while !self.end.is_cancelled() {
            let some = async {
                self.lines.some().await;
                sleep(PAUSE).await;
            };
            self.end.run_until_cancelled(some).await;
            let lines = self.lines.take();
            let count = memchr::memchr_iter(b'\n', &lines).count() as u64;
            let is_taken = lines.is_empty() || self.take(&Bytes::from(lines)).await;
            let left_out = self.lines.take_left_out() + if is_taken { 0 } else { count };
            if left_out > 0 {
                tracing::warn!(
                    lines = left_out,
                    "lines of the log were not stored here: there was no room for them"
                );
            }
        }
    }

    /// Takes lines, as often as it needs; once it is to end, that is tried once more. Whether they were taken.
    async fn take(&mut self, body: &Bytes) -> bool {
        let span = tracing::error_span!(target: OF_STORING, "storing the log");
        loop {
            let is_last = self.end.is_cancelled();
            let error = match self.try_to_take(body).instrument(span.clone()).await {
                Ok(()) => break,
                Err(error) => error,
            };
            let is_final = error.is_final();
            span.in_scope(|| self.refused(&error));
            if is_last || is_final {
                return false;
            }
            self.end.run_until_cancelled(sleep(PAUSE)).await;
        }
        self.batches += 1;
        if std::mem::take(&mut self.is_refused) {
            span.in_scope(|| tracing::info!("the log is stored again"));
        }
        true
    }

    fn refused(&mut self, error: &NotTaken) {
        if !std::mem::replace(&mut self.is_refused, true) {
            tracing::warn!(%error, "the log cannot be stored for now; it waits, as far as there is room");
        }
    }

    async fn try_to_take(&self, body: &Bytes) -> Result<(), NotTaken> {
        let services = &self.services;
        // What waits is no batch that was refused.
        services.intake.check().map_err(IntakeError::from)?;
        let room = services.admission.reserve(body.len())?;
        let terms = BodyTerms {
            decode: Box::new(wire::decode_lines),
            form: BodyForm::Text,
            encoding: Encoding::Identity,
            // What may have been taken is tried again after a time-out.
            key: BatchKey::Client(format!("own-log-{:032x}-{}", self.process, self.batches)),
            strict: Some(false),
        };
        let sender = Sender {
            protocol: Protocol::OwnLog,
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            token: None,
        };
        let (body, patience) = ((body.clone(), room), services.limits().request_timeout);
        let intake = &services.intake;
        let taking = intake.take(terms, body, sender, Durability::Spooled, patience);
        match taking.await {
            Ok(_) => Ok(()),
            Err(IngestError::Intake(error)) => Err(error.into()),
            Err(IngestError::Body(BodyError::NoRoom(error))) => Err(error.into()),
            Err(IngestError::Body(error)) => Err(error.into()),
        }
    }
}

/// Why lines are not taken now.
#[derive(Debug, thiserror::Error)]
enum NotTaken {
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    #[error(transparent)]
    Intake(#[from] IntakeError),
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl NotTaken {
    /// Whether it would be so again.
    fn is_final(&self) -> bool {
        matches!(self, Self::Body(_))
    }
}
