//! Settings of the store.

use super::DEFAULT_DATA_DIR;
use super::mongodb_names::{collection_name, database_name};
use clap::{Args, ValueEnum};
use program::values::{disk_size, size, time_of_days};
use std::path::PathBuf;
use std::time::Duration;

/// Where the records are kept.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Store")]
pub struct StoreConfig {
    /// MongoDB's connection string; without one, the embedded store is used.
    // A text and not an address here: clap repeats a wrong value, and this one holds a password.
    #[arg(long, env = "MONGODB_URI", hide_env_values = true, value_name = "URI")]
    pub mongodb_uri: Option<String>,
    /// Database in MongoDB.
    #[arg(long, env = "MONGODB_DATABASE", default_value = "logdb", value_name = "NAME", value_parser = database_name)]
    pub mongodb_database: String,
    /// Collection in MongoDB; two small ones beside it end in _receipts and _meta.
    #[arg(long, env = "MONGODB_COLLECTION", default_value = "logs", value_name = "NAME", value_parser = collection_name)]
    pub mongodb_collection: String,
    /// How a new collection is compressed.
    #[arg(
        long,
        env = "MONGODB_COMPRESSION",
        default_value = "default",
        value_name = "NAME"
    )]
    pub mongodb_compression: Compression,
    /// How long a client's own key is remembered (90days), in rows and MongoDB that of a batch with records without a
    /// time of their own; for ever unless set. Longer than a batch may wait in any spool.
    #[arg(long, env = "KEY_MEMORY", value_name = "TIME", value_parser = time_of_days)]
    pub key_memory: Option<Duration>,
    /// What the records of the embedded store lie in, in a new data folder: blocks unless set. A folder keeps what it has.
    #[arg(long, env = "LAYOUT", value_name = "NAME")]
    pub layout: Option<Layout>,
    /// Memory for what was read last of blocks, in bytes.
    #[arg(long, env = "BLOCK_CACHE_BYTES", default_value = "64MiB", value_name = "SIZE", value_parser = size)]
    pub block_cache_bytes: usize,
    /// Bytes of the data folder's disk that blocks leave free: below this batches wait in the spool; as
    /// `SPOOL_MIN_FREE_DISK` unless set.
    #[arg(long, env = "STORE_MIN_FREE_DISK", value_name = "SIZE", value_parser = disk_size)]
    pub store_min_free_disk: Option<u64>,
    /// Folder for data on this machine: the spool of acknowledged batches, what the store refused,
    /// and with the embedded store the records. For one process at a time.
    #[arg(
        long,
        env = "DATA_DIR",
        default_value = DEFAULT_DATA_DIR,
        value_name = "FOLDER"
    )]
    pub data_dir: PathBuf,
}

/// Compressors of MongoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// The server's own choice.
    Default,
    /// Fast.
    Snappy,
    /// Smaller, at 0.73 to 0.88 of the speed of writing.
    Zstd,
}

/// Layouts of the embedded store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// A row for each record, which `sqlite3` shows.
    Rows,
    /// Columns of thousands together: a fraction of the disk, and faster searches.
    Blocks,
}
