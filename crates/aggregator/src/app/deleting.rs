//! What deletes on purpose, put together of what else there is.

use crate::breaker::guard::Guard;
use crate::config::Instance;
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::dead_letters::DeadLetters;
use crate::deliver::drain::Drain;
use crate::deliver::write_job::Writer;
use crate::retention::deletion::{DeletionParts, Deletions};
use logs::clock::Clock;
use spool::Spool;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Goes on with what was under way, and takes what is asked for.
pub(super) fn start(
    folder: &Path,
    (spool, dead_letters, backups): (&Spool, &Arc<DeadLetters>, &BackupLock),
    (writer, reads, drain): (Arc<Writer>, &Guard, &Arc<Drain>),
    clock: &Arc<dyn Clock>,
    instance: &Instance,
    timeout: Duration,
) -> (Deletions, Vec<AbortOnDropHandle<()>>) {
    let parts = DeletionParts {
        writer,
        reads: reads.clone(),
        spool: spool.clone(),
        drain: Arc::clone(drain),
        dead_letters: Arc::clone(dead_letters),
        backups: backups.clone(),
        clock: Arc::clone(clock),
        timeout,
        name: instance.as_str().to_owned(),
    };
    Deletions::start(folder, parts)
}
