//! Uploads are held while there is no room for what came of them, or their token has brought as much as it may: their
//! senders would begin anew with all that they have, so they are not read on, and what was read waits. More than may be
//! held is refused.

use crate::access::limits::Place;
use crate::access::{Refusal, Sender};
use crate::accounting::admission::{NoRoom, Reservation};
use crate::accounting::fair_admission::FairReservation;
use crate::http::error::ApiError;
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
use std::time::Duration;
use wire::journald::Run;

/// How long a token that has changed does not count for an upload that waits.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

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
        let sender = self.sender_now()?;
        let tries = parts.iter().map(|part| self.take_at_once(part, &sender));
        let mut hold = None;
        for (part, tried) in parts.iter().zip(join_all(tries).await) {
            let Err(mut error) = tried else { continue };
            // What one before it has waited for may serve this one, too.
            if hold.is_some() && is_for_now(&error) {
                match self.take_at_once(part, &self.sender_now()?).await {
                    Ok(()) => continue,
                    Err(again) => error = again,
                }
            }
            if !is_for_now(&error) {
                return Err(refused(self.services, self.sender, error));
            }
            if hold.is_none() {
                hold = self.hold().ok();
            }
            if hold.is_none() {
                return Err(refused(self.services, self.sender, error));
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

    fn hold(self) -> Result<FairReservation, NoRoom> {
        let tenant = self.sender.tenant();
        self.services.held_uploads.hold(self.holds, &tenant)
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

    /// So that one token's uploads are not all that are held.
    fn place_to_wait(self) -> Option<Place> {
        let token = self.sender.token.as_ref()?;
        token.limited.waiting()
    }

    /// Whose the records are that come now: an upload may go on for as long as its sender runs.
    fn sender_now(self) -> Result<Sender, ApiError> {
        let mut sender = self.sender.clone();
        if let Some(token) = &self.sender.token {
            sender.token = self.services.access.current(token);
            if sender.token.is_none() {
                let error = ApiError::from(Refusal::UnknownToken);
                let now = self.services.clock.elapsed();
                self.services.audit.not_taken(now, self.sender, &error);
                return Err(error);
            }
        }
        Ok(sender)
    }

    /// Waits until something of its token is taken again.
    async fn until_rate(self) -> Result<(), ApiError> {
        while let Some(token) = self.sender_now()?.token
            && let Err(over) = token.limited.check(self.services.clock.elapsed())
        {
            tokio::time::sleep(over.wait.min(BETWEEN_LOOKS)).await;
        }
        Ok(())
    }

    async fn take_at_once(self, part: &Part, sender: &Sender) -> Result<(), IngestError> {
        let room = self.services.admission.reserve(part.bytes.len());
        self.take_in(part, room.map_err(BodyError::from)?, sender)
            .await
    }

    async fn take_in(
        self,
        part: &Part,
        room: Reservation,
        sender: &Sender,
    ) -> Result<(), IngestError> {
        let body = (part.bytes.clone(), room);
        let terms = terms(part.run);
        let taken = take_now(
            self.services,
            terms,
            body,
            sender.clone(),
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
        let (mut memory, mut waiting) = (length, None);
        let mut larger = intake.memory_of_binary(length).into_iter();
        while is_for_now(&error) {
            match &error {
                IngestError::Body(_) => match larger.next() {
                    Some(next) => memory = next,
                    None => break,
                },
                IngestError::Intake(IntakeError::OverRate(_)) => {
                    waiting = waiting.or_else(|| self.place_to_wait());
                    if waiting.is_none() {
                        break;
                    }
                    self.until_rate().await?;
                }
                IngestError::Intake(_) => intake.spool().room(2 * length as u64).await,
            }
            let _turn = held_uploads.turn().await;
            let room = admission
                .wait(memory.min(held_uploads.most(admission)))
                .await;
            match self.take_in(part, room, &self.sender_now()?).await {
                Ok(()) => return Ok(()),
                Err(next) => error = next,
            }
        }
        Err(refused(self.services, self.sender, error))
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
        IngestError::Intake(IntakeError::OverRate(_)) => true,
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
