//! File descriptors: what spool and store need is kept for them, and connections take the rest.

use super::chosen_store::SPARE_CONNECTIONS;
use crate::config::Backend;
use rlimit::Resource;

/// The process itself: standard streams (3), the runtime's polling and waking (3), signals (3), the
/// lock, the listener and the connection that waits there for a place.
const PROCESS: usize = 12;
/// A file of spool or refused records: beside it the same one that bypasses the page cache.
const FILE: usize = 2;
/// The newest segment and the next one, the hint, what the drain reads, gives out again and looks up for
/// parked batches, the search for keys after a start, and of refused records the file that is written
/// and those that a listing and a replay read.
const FILES: usize = 10;
/// Folders that are synced.
const FOLDERS: usize = 2;
const QUEUES: usize = FILES * FILE + FOLDERS;
/// What nobody counts: name servers, the machine's time zone, a question of `/health` about the disk.
const OTHERS: usize = 4;
/// The embedded store is made of SQLite's files, with the index of one log. Rows: file, log and what a large sort
/// puts aside for each reader and the writer. Blocks: file and log for the writer, for what puts its log into the file, for
/// merging, and for each worker, for a delivery reads the ledger; and the log once more, to sync it.
const INDEX: usize = 1;
const SYNCED_LOG: usize = 1;
const ROWS_EACH: usize = 3;
const BLOCKS_EACH: usize = 2;
/// MongoDB, for each lane beside its pool: two that watch each of three members.
const MONGODB_WATCHING: usize = 6;
/// Of workers.
const LANES: usize = 2;
/// However few there are: with less nobody could ask for `/health` while senders are connected.
const LEAST_CONNECTIONS: usize = 4;

/// Descriptors that are kept for everything but connections.
fn kept(backend: &Backend, workers: usize) -> usize {
    let store = match backend {
        Backend::Embedded => {
            let (rows, blocks) = (
                ROWS_EACH * (workers + 1),
                BLOCKS_EACH * (LANES * workers + 3) + SYNCED_LOG,
            );
            INDEX + rows.max(blocks)
        }
        Backend::MongoDb(_) => LANES * (workers + SPARE_CONNECTIONS + MONGODB_WATCHING),
    };
    PROCESS + QUEUES + OTHERS + store
}

/// How many connections there may be beside what is kept, at most `wanted`.
fn connections_beside(kept: usize, limit: u64, wanted: usize) -> usize {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    wanted.min(limit.saturating_sub(kept).max(LEAST_CONNECTIONS))
}

/// Raises the limit of open files as far as it may be, and says how many of the `wanted` connections
/// it allows, in the log too where it is fewer.
pub(super) fn connections(backend: &Backend, workers: usize, wanted: usize) -> usize {
    // The usual limit of 1024 is soft.
    let raised = rlimit::increase_nofile_limit(u64::MAX);
    let limit = raised.or_else(|error| {
        tracing::warn!(%error, "the limit of open files stays as it is");
        Resource::NOFILE.get_soft()
    });
    let Ok(limit) = limit else {
        return wanted;
    };
    let kept = kept(backend, workers);
    let connections = connections_beside(kept, limit, wanted);
    if connections < wanted {
        tracing::warn!(
            connections,
            MAX_CONNECTIONS = wanted,
            limit,
            kept,
            "the limit of open files (ulimit -n) allows fewer connections than MAX_CONNECTIONS: some are kept for spool and store"
        );
    }
    connections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_take_what_spool_and_store_leave_of_the_limit_and_no_more_than_is_wanted() {
        for (limit, wanted, connections) in [
            (1024, 2048, 962),
            (1024, 100, 100),
            (67, 2048, 5),
            (62, 2048, LEAST_CONNECTIONS),
            (10, 2048, LEAST_CONNECTIONS),
            (10, 2, 2),
            (u64::MAX, 2048, 2048),
        ] {
            let kept = kept(&Backend::Embedded, 4);
            let given = connections_beside(kept, limit, wanted);
            assert_eq!(given, connections, "{limit} {wanted}");
        }
    }
}
