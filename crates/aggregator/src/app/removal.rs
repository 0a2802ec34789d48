//! What removes records, if anything ever is to go, and what looks at the store's disk.

use crate::config::Config;
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::expired::Expired;
use crate::deliver::write_job::Writer;
use crate::retention::{DiskWatch, Policy, Retention, RetentionState};
use logs::clock::Clock;
use spool::Spool;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// Starts both; what they know.
pub(super) fn start(
    config: &Config,
    (spool, backups, expired): (Spool, BackupLock, Arc<Expired>),
    writer: &Arc<Writer>,
    clock: &Arc<dyn Clock>,
) -> (Vec<AbortOnDropHandle<()>>, Arc<RetentionState>) {
    let mut tasks = Vec::new();
    let state = Arc::new(RetentionState::new(Arc::clone(&expired)));
    if writer.store.status().kind != "mongodb" {
        let least = config.store.store_min_free_disk;
        let watch = DiskWatch {
            store: Arc::clone(&writer.store),
            folder: config.store.data_dir.clone(),
            min_free: least.unwrap_or(config.spool.spool_min_free_disk),
            clock: Arc::clone(clock),
            state: Arc::clone(&state),
        };
        tasks.push(watch.start());
    }
    if let Some(policy) = Policy::of(&config.retention) {
        tasks.push(Retention::start(
            policy,
            Arc::clone(writer),
            (spool, backups),
            (Arc::clone(clock), config.http.request_timeout),
            (Arc::clone(&state), expired),
        ));
    }
    (tasks, state)
}
