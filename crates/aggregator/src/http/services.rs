//! What every handler works with: the parts of the service.

use super::addresses::Addresses;
use super::audit::Audit;
use super::ingest::held_uploads::HeldUploads;
use super::limits::Limits;
use super::listener::{Connections, Tls};
use super::requests::Requests;
use crate::access::Access;
use crate::accounting::admission::Admission;
use crate::accounting::senders::Senders;
use crate::breaker::guard::Guard;
use crate::config::{Instance, LogFilter};
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::dead_letters::DeadLetters;
use crate::deliver::drain::Drain;
use crate::ingest::intake::Intake;
use crate::retention::RetentionState;
use crate::retention::deletion::Deletions;
use crate::search::accumulate::SearchTime;
use crate::search::retrieval::Retrieval;
use crate::search::tail::Tails;
use axum::routing::MethodRouter;
use logs::clock::Clock;
use query::cursor::CursorKey;
use std::sync::Arc;
use store::Store;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A path with what serves it.
pub(super) type Served = (String, MethodRouter<Arc<Services>>);

/// What the handlers work with.
pub struct Services {
    /// Which aggregator this is, among several behind one address.
    pub instance: Instance,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The store, for its state.
    pub store: Arc<dyn Store>,
    /// The way of batches in.
    pub intake: Intake,
    /// Their way on, for its state.
    pub drain: Arc<Drain>,
    /// What the store refused.
    pub dead_letters: Arc<DeadLetters>,
    /// What may not happen while a backup is made.
    pub backups: BackupLock,
    /// What records went.
    pub(crate) retention: Arc<RetentionState>,
    /// What is deleted on purpose.
    pub deletions: Deletions,
    /// The way of queries.
    pub retrieval: Arc<Retrieval>,
    /// Those who follow what is stored, where the store tells it.
    pub tails: Option<Arc<Tails>>,
    /// The secret of cursors.
    pub cursors: CursorKey,
    /// Room for requests.
    pub admission: Admission,
    /// Uploads that wait for room.
    pub held_uploads: HeldUploads,
    /// Bounds and times, which may change.
    pub limits: watch::Receiver<Limits>,
    /// Connections that are open.
    pub connections: Arc<Connections>,
    /// What TLS is spoken with, where it is.
    pub tls: Option<Arc<Tls>>,
    /// Who may ask for what.
    pub access: Access,
    /// What is logged.
    pub log: LogFilter,
    /// Those who may not, and those who operate, as the log has them.
    pub audit: Audit,
    /// Requests by what they ask for.
    pub requests: Requests,
    /// Who sends, and what they were told.
    pub senders: Arc<Senders>,
    /// Every address that is served, for answers that show them.
    pub addresses: Addresses,
    /// Cancelled when the service begins to stop.
    pub stopping: CancellationToken,
}

/// The lanes of calls to the store.
pub(super) const LANES: [&str; 2] = ["write", "read"];

impl Services {
    /// The breakers before the store, by the lanes that they stand in.
    pub(super) fn guards(&self) -> [(&'static str, &Guard); 2] {
        let [write, read] = LANES;
        [(write, self.drain.guard()), (read, self.retrieval.guard())]
    }

    /// Why a batch would not be taken now; `None` when it would.
    pub(super) fn refusal(&self) -> Option<String> {
        if self.stopping.is_cancelled() {
            return Some("the service is stopping".to_owned());
        }
        let known = self.intake.check().err().map(|error| error.to_string());
        known.or_else(|| self.intake.spool().refusal())
    }

    /// Bounds and times, as they are now.
    pub fn limits(&self) -> Limits {
        *self.limits.borrow()
    }

    /// How long records are looked for when a limited number is asked for.
    pub(super) fn time_for_searching(&self) -> SearchTime<'_> {
        SearchTime {
            clock: &*self.clock,
            most: self.limits().query_max_time,
        }
    }
}
