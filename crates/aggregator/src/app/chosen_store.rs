//! The store that the settings ask for.

use super::wiring::SpoolFolder;
use crate::config::{Compression, Config, Layout, StoreConfig};
use logs::clock::Clock;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::address::MongoAddress;
use store::blocks::BlockSettings;
use store::layout::{self, LayoutError, Opened, SpoolAtHand};
use store::mongo::{MongoStore, NewFormat, Target};

/// Connections of one MongoDB client beyond one for each worker: probes, and operations that
/// nobody waits for any more.
pub(super) const SPARE_CONNECTIONS: usize = 4;
/// Between two looks at MongoDB's collection.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Opens the embedded store in this folder, before the spool: see [`layout::open`].
///
/// # Errors
/// [`LayoutError`]
pub(super) fn open_embedded(
    config: &Config,
    folder: &Path,
    clock: &Arc<dyn Clock>,
    spool: &SpoolFolder,
) -> Result<Opened, LayoutError> {
    let (layout, settings) = embedded(config);
    let spool = SpoolAtHand {
        id: spool.identity.id,
        nameless_from: spool
            .identity
            .nameless_from
            .filter(|_| !config.spool.spool_recover),
        keep: &|| spool.keep(),
    };
    layout::open(folder, layout, Arc::clone(clock), settings, spool)
}

/// Opens the store at this address; `new_format` says which ids a new collection gets. Of a server that is away, it
/// is the first insert that tells.
pub(super) fn open_mongodb(
    config: &Config,
    address: MongoAddress,
    new_format: NewFormat,
    clock: &Arc<dyn Clock>,
) -> Opened {
    let target = target(&config.store, address, config.workers.workers, new_format);
    Opened {
        store: Arc::new(MongoStore::start(target, Arc::clone(clock))),
        forgotten_below: 0,
        blocks: None,
    }
}

fn embedded(config: &Config) -> (Option<layout::Layout>, BlockSettings) {
    let wanted = config.store.layout.map(|wanted| match wanted {
        Layout::Rows => layout::Layout::Rows,
        Layout::Blocks => layout::Layout::Blocks,
    });
    let least = config.store.store_min_free_disk;
    let settings = BlockSettings {
        cache_bytes: config.store.block_cache_bytes,
        min_free_disk: least.unwrap_or(config.spool.spool_min_free_disk),
    };
    (wanted, settings)
}

fn target(
    config: &StoreConfig,
    address: MongoAddress,
    workers: usize,
    new_format: NewFormat,
) -> Target {
    let compression = match config.mongodb_compression {
        Compression::Default => None,
        Compression::Snappy => Some("snappy".to_owned()),
        Compression::Zstd => Some("zstd".to_owned()),
    };
    Target {
        address,
        database: config.mongodb_database.clone(),
        collection: config.mongodb_collection.clone(),
        compression,
        look_interval: LOOK_INTERVAL,
        new_format,
        max_connections: u32::try_from(workers + SPARE_CONNECTIONS).unwrap_or(u32::MAX),
    }
}
