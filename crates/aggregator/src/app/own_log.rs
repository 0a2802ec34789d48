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
use crate::ingest::compression::Encoding;
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::Durability;
use crate::ingest::intake_error::{IngestError, IntakeError};
use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use tracing::Instrument as _;

/// Lines that come within this time go together; and what could not be taken is tried again after it.
const PAUSE: Duration = Duration::from_secs(1);

/// Takes lines until the service stops, with those that it has until then.
pub(super) async fn store(lines: Unstored, services: Arc<Services>) {
    let mut own = OwnLog {
        process: rand::random(),
        batches: 0,
        is_refused: false,
        services,
    };
    let stopping = own.services.stopping.clone();
    loop {
        let some = async {
            lines.some().await;
            sleep(PAUSE).await;
        };
        let is_end = stopping.run_until_cancelled(some).await.is_none();
        let body = Bytes::from(lines.take());
        own.take(&body).await;
        if is_end {
            return;
        }
        let left_out = lines.take_left_out();
        if left_out > 0 {
            tracing::warn!(
                lines = left_out,
                "lines of the log were not stored here: there was no room for them"
            );
        }
    }
}

struct OwnLog {
    services: Arc<Services>,
    /// Stands for this run.
    process: u128,
    /// How many were taken.
    batches: u64,
    is_refused: bool,
}

impl OwnLog {
    /// Takes lines, as often as it needs; once the service stops it is tried once.
    async fn take(&mut self, body: &Bytes) {
        if body.is_empty() {
            return;
        }
        let span = tracing::error_span!(target: OF_STORING, "storing the log");
        let stopping = self.services.stopping.clone();
        while let Err(error) = self.try_to_take(body).instrument(span.clone()).await {
            if !self.is_refused {
                let _entered = span.enter();
                tracing::warn!(%error, "the log cannot be stored for now; it waits, as far as there is room");
            }
            self.is_refused = true;
            if stopping.run_until_cancelled(sleep(PAUSE)).await.is_none() {
                return;
            }
        }
        self.batches += 1;
        if std::mem::take(&mut self.is_refused) {
            let _entered = span.enter();
            tracing::info!("the log is stored again");
        }
    }

    async fn try_to_take(&self, body: &Bytes) -> Result<(), NotTaken> {
        let services = &self.services;
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
            Err(IngestError::Body(error)) => {
                tracing::error!(%error, "lines of the log cannot be stored");
                Ok(())
            }
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
}
