//! Uploads are held while there is no room for what came of them: their senders would begin anew with all that they
//! have, so they are not read on, and what was read waits. More than may be held is refused.

use crate::access::Sender;
use crate::accounting::admission::{NoRoom, Reservation};
use crate::http::error::ApiError;
use crate::http::ingest::held_uploads::Hold;
use crate::http::ingest::{refused, take_now};
use crate::http::services::Services;
use crate::ingest::batch_key::BatchKey;
use crate::ingest::body_error::BodyError;
use crate::ingest::compression::Encoding;
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::Durability;
use crate::ingest::intake_error::{IngestError, IntakeError};
use bytes::Bytes;
use futures_util::future::join_all;
use spool::AppendError;
use wire::journald::Run;

/// Records that are taken as a batch: of one run of a sequence, or of none.
pub(super) struct Part {
    pub(super) bytes: Bytes,
    pub(super) run: Option<Run>,
}

/// Who takes the records of an upload.
#[derive(Clone, Copy)]
pub(super) struct Taker<'s> {
    pub(super) services: &'s Services,
    pub(super) sender: &'s Sender,
    /// Bytes of what is held if it must be.
    pub(super) holds: usize,
}

impl Taker<'_> {
    /// Takes all of these. Where there is no room for some, it waits for that until the service stops.
    ///
    /// Fails where they cannot be taken at any time, where too much is held, and where all memory that one may
    /// wait for is too little.
    pub(super) async fn take(self, parts: &[Part]) -> Result<(), ApiError> {
        let tries = parts.iter().map(|part| self.take_at_once(part));
        let mut hold = None;
        for (part, tried) in parts.iter().zip(join_all(tries).await) {
            let Err(mut error) = tried else { continue };
            // What one before it has waited for may serve this one, too.
            if hold.is_some() && is_for_now(&error) {
                match self.take_at_once(part).await {
                    Ok(()) => continue,
                    Err(again) => error = again,
                }
            }
            if !is_for_now(&error) {
                return Err(refused(self.services, error));
            }
            if hold.is_none() {
                hold = self.hold().ok();
            }
            if hold.is_none() {
                return Err(refused(self.services, error));
            }
            self.until_stop(self.insist(part, error)).await?;
        }
        Ok(())
    }

    /// Waits for so many bytes of memory more.
    pub(super) async fn wait_for_memory(self, bytes: usize) -> Result<Reservation, ApiError> {
        let _hold = self.hold()?;
        let waiting = async {
            let _turn = self.services.held_uploads.turn().await;
            Ok(self.services.admission.wait(bytes).await)
        };
        self.until_stop(waiting).await
    }

    fn hold(self) -> Result<Hold, NoRoom> {
        let tenant = self.sender.token.as_ref().map(|token| &token.tenant);
        self.services.held_uploads.hold(self.holds, tenant)
    }

    async fn until_stop<T>(
        self,
        waiting: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        tokio::select! {
            biased;
            done = waiting => done,
            () = self.services.stopping.cancelled() => Err(ApiError::stopping()),
        }
    }

    async fn take_at_once(self, part: &Part) -> Result<(), IngestError> {
        let room = self.services.admission.reserve(part.bytes.len());
        self.take_in(part, room.map_err(BodyError::from)?).await
    }

    async fn take_in(self, part: &Part, room: Reservation) -> Result<(), IngestError> {
        let body = (part.bytes.clone(), room);
        let terms = terms(part.run);
        let taken = take_now(
            self.services,
            terms,
            body,
            self.sender.clone(),
            Durability::Spooled,
        );
        taken.await.map(drop)
    }

    /// Waits for what was missing, and tries again.
    async fn insist(self, part: &Part, mut error: IngestError) -> Result<(), ApiError> {
        let Services {
            intake,
            admission,
            held_uploads,
            ..
        } = self.services;
        let length = part.bytes.len();
        tracing::debug!(sender = %self.sender.address, %error, "an upload is held until there is room");
        let mut memory = length;
        let mut larger = intake.memory_of_binary(length).into_iter();
        while is_for_now(&error) {
            if let IngestError::Body(_) = error {
                match larger.next() {
                    Some(next) => memory = next,
                    None => break,
                }
            } else {
                intake.spool().room(2 * length as u64).await;
            }
            let _turn = held_uploads.turn().await;
            let room = admission
                .wait(memory.min(held_uploads.most(admission)))
                .await;
            match self.take_in(part, room).await {
                Ok(()) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(refused(self.services, error))
    }
}

/// Whether there may be room later.
fn is_for_now(error: &IngestError) -> bool {
    match error {
        IngestError::Body(error) => matches!(error, BodyError::NoRoom(_)),
        IngestError::Intake(IntakeError::Spool(error)) => matches!(
            error,
            AppendError::Full { .. }
                | AppendError::DiskFull(_)
                | AppendError::NoSegment(_)
                | AppendError::Busy
        ),
        IngestError::Intake(_) => false,
    }
}

/// How a part is understood.
fn terms(run: Option<Run>) -> BodyTerms<()> {
    BodyTerms {
        decode: Box::new(wire::journald::decode),
        form: BodyForm::Binary,
        encoding: Encoding::Identity,
        key: run.map_or(BatchKey::None, |run| {
            BatchKey::Places(run.sequence, run.number)
        }),
        strict: Some(false),
    }
}
