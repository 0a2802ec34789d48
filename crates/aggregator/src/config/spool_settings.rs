//! Settings of the spool.

use clap::Args;
use program::values::disk_size;

/// How much acknowledged data may wait on disk for the store.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Spool")]
pub struct SpoolConfig {
    /// Bytes that the spool may take; at this bound batches are refused with 503.
    #[arg(long, env = "SPOOL_MAX_BYTES", default_value = "8GiB", value_name = "SIZE", value_parser = disk_size)]
    pub spool_max_bytes: u64,
    /// Bytes of the data folder's disk that stay free; below this batches are refused with 503.
    #[arg(long, env = "SPOOL_MIN_FREE_DISK", default_value = "1GiB", value_name = "SIZE", value_parser = disk_size)]
    pub spool_min_free_disk: u64,
    /// Bytes of records that the store refused for good or that are too large for any; at this bound the former wait in the spool, and batches with the latter are refused with 503.
    #[arg(long, env = "REJECTED_MAX_BYTES", default_value = "256MiB", value_name = "SIZE", value_parser = disk_size)]
    pub rejected_max_bytes: u64,
    /// Set damaged segments of the spool aside, keep what is intact of them, and start.
    #[arg(long, env = "SPOOL_RECOVER", default_value_t = false, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub spool_recover: bool,
}
