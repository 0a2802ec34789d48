//! Records that are deleted on purpose: jobs, one at a time, each of which is kept in the data folder until it is done,
//! so that one whose process is killed goes on at the next start.
//!
//! A job is about what was acknowledged before it began. It waits until all of that is in the store or among the refused
//! records, at every aggregator that stores there; removes those of the refused ones that match; removes step by step
//! what matches in the store, which remembers it, so that no copy is stored again; goes through everything once more;
//! and has what is left of it in the free room of files overwritten.
//!
//! | module | owns |
//! |---|---|
//! | `job` | what is known of a job |
//! | `kept` | the file of the jobs |
//! | `question` | which records are meant |
//! | `letters` | refused records that match |
//! | `clearing` | waiting for one's own spool |
//! | `jobs` | all jobs, and what is told of them |
//! | `counting` | how many records a job would be about |
//! | `running` | the steps of a job |
//! | `passing` | going through the store |
//! | `presence` | what other aggregators ask, and that they know of this one |

mod clearing;
mod counting;
mod job;
mod jobs;
mod kept;
mod letters;
mod passing;
mod presence;
mod question;
mod running;

pub use counting::Counted;
pub use job::{Job, State};
pub use jobs::{NotBegun, NotCancelled, Told, WaitsFor};
pub use kept::{FILES, is_file};
pub use question::{BadQuestion, Question};

use crate::breaker::guard::{CallError, Guard};
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::dead_letters::DeadLetters;
use crate::deliver::drain::Drain;
use crate::deliver::write_job::Writer;
use clearing::Holdings;
use jobs::Jobs;
use kept::Place;
use logs::clock::Clock;
use spool::Spool;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::aggregators::{Aggregators, Present};
use tokio_util::task::AbortOnDropHandle;

/// What deleting works with.
pub struct DeletionParts {
    /// Where the store is written to.
    pub writer: Arc<Writer>,
    /// In front of its reads.
    pub reads: Guard,
    /// What waits for the store.
    pub spool: Spool,
    /// Its way there.
    pub drain: Arc<Drain>,
    /// What the store refused.
    pub dead_letters: Arc<DeadLetters>,
    /// Nothing is deleted while one is made.
    pub backups: BackupLock,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How long one call of the store may take.
    pub timeout: Duration,
    /// What this aggregator is called.
    pub name: String,
}

/// Deletes records on purpose.
pub struct Deletions {
    shared: Arc<Shared>,
}

struct Shared {
    jobs: Jobs,
    holdings: Holdings,
    writer: Arc<Writer>,
    reads: Guard,
    backups: BackupLock,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    me: Present,
    others: Option<Arc<dyn Aggregators>>,
    has_left: tokio::sync::Mutex<bool>,
}

impl Deletions {
    /// Those of a data folder; the tasks go on with what was under way.
    pub fn start(folder: &Path, parts: DeletionParts) -> (Self, Vec<AbortOnDropHandle<()>>) {
        let me = Present {
            id: format!("{:032x}", u128::from_be_bytes(parts.spool.id())),
            name: parts.name,
        };
        let shared = Arc::new(Shared {
            jobs: Jobs::of(Place::of(folder)),
            holdings: Holdings {
                spool: parts.spool,
                drain: Arc::downgrade(&parts.drain),
                dead_letters: parts.dead_letters,
                store: Arc::clone(&parts.writer.store),
                clock: Arc::clone(&parts.clock),
                timeout: parts.timeout,
                me: me.clone(),
            },
            others: parts.writer.store.aggregators(),
            has_left: tokio::sync::Mutex::new(false),
            writer: parts.writer,
            reads: parts.reads,
            backups: parts.backups,
            clock: parts.clock,
            timeout: parts.timeout,
            me,
        });
        let mut tasks = vec![AbortOnDropHandle::new(tokio::spawn(running::run(
            Arc::clone(&shared),
        )))];
        if let Some(others) = &shared.others {
            let present = presence::run(Arc::clone(&shared), Arc::clone(others));
            tasks.push(AbortOnDropHandle::new(tokio::spawn(present)));
        }
        (Self { shared }, tasks)
    }

    /// Begins one: when this returns, it goes on whatever happens. Aggregators that are named in `without`, by their id or
    /// their name, are not waited for.
    ///
    /// # Errors
    /// [`NotBegun`]
    pub async fn begin(&self, question: Question, without: Vec<String>) -> Result<Told, NotBegun> {
        let shared = &self.shared;
        shared.jobs.begin(question, without).await
    }

    /// All that are known, the newest first.
    pub fn all(&self) -> Vec<Told> {
        self.shared.jobs.all()
    }

    /// One of them.
    pub fn one(&self, id: &str) -> Option<Told> {
        self.shared.jobs.one(id)
    }

    /// Ends one that waits still; `None` when there is no such.
    ///
    /// # Errors
    /// [`NotCancelled`]
    pub async fn cancel(&self, id: &str) -> Option<Result<Told, NotCancelled>> {
        self.shared.jobs.cancel(id, self.shared.clock.now()).await
    }

    /// Counts what one would be about now, for about so long.
    ///
    /// # Errors
    /// The store's, and those of the refused records as a failure of the store.
    pub async fn count(&self, question: &Question, time: Duration) -> Result<Counted, CallError> {
        counting::count(&self.shared, question, time).await
    }

    /// Which aggregator this is, as others know it.
    pub fn id(&self) -> &str {
        &self.shared.me.id
    }

    /// The service has stopped in order. With nothing left in its spool it need not be waited for.
    pub async fn leave(&self) {
        presence::leave(&self.shared).await;
    }
}
