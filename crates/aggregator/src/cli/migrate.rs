//! `aggregator migrate`: a data folder with rows becomes one with blocks, and how far that is told.

mod progress;

use crate::app::migration::{self, MoveError, MoveSettings, Moved};
use crate::cli::folder::FolderArgs;
use crate::config::SpoolConfig;
use clap::Args;
use logs::clock::{Clock, SystemClock};
use logs::counted;
use program::values::disk_size;
use progress::Line;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;

/// What is moved, and what is left free.
#[derive(Debug, Clone, Args)]
pub struct MigrateArgs {
    /// Which folder.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Bytes of the data folder's disk that stay free; as `SPOOL_MIN_FREE_DISK` unless set.
    #[arg(long, env = "STORE_MIN_FREE_DISK", value_name = "SIZE", value_parser = disk_size)]
    pub store_min_free_disk: Option<u64>,
    /// What the spool holds is delivered first, as the service does it.
    #[command(flatten)]
    pub spool: SpoolConfig,
    /// Where the service keeps its records in MongoDB there is nothing to move.
    // A text, as that of the service: clap repeats a wrong value, and this one holds a password.
    #[arg(
        long,
        env = "MONGODB_URI",
        hide = true,
        hide_env_values = true,
        value_name = "URI"
    )]
    pub mongodb_uri: Option<String>,
}

/// Why rows were not moved.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// They are not in this folder.
    #[error(
        "the records are in MongoDB (MONGODB_URI): only those of a data folder can be moved to blocks; leave MONGODB_URI out to move what is in DATA_DIR"
    )]
    MongoDb,
    /// Something is in the way.
    #[error(transparent)]
    Move(#[from] MoveError),
}

impl MigrateError {
    /// Whether a setting is wrong.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::MongoDb)
    }
}

/// Moves the rows; what is said of it in the end.
///
/// # Errors
/// [`MigrateError`], one sentence each.
pub fn run(args: &MigrateArgs) -> Result<String, MigrateError> {
    if args
        .mongodb_uri
        .as_deref()
        .is_some_and(|uri| !uri.is_empty())
    {
        return Err(MigrateError::MongoDb);
    }
    let least = args.store_min_free_disk;
    let settings = MoveSettings {
        data_dir: args.folder.data_dir.clone(),
        spool: args.spool.clone(),
        min_free_disk: least.unwrap_or(args.spool.spool_min_free_disk),
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let stderr = io::stderr();
    let is_terminal = stderr.is_terminal();
    let mut line = Line::new(is_terminal, stderr, Arc::clone(&clock));
    let moved = migration::run(&settings, &clock, &mut |moving| line.tell(moving));
    line.end();
    let folder = args.folder.data_dir.display();
    Ok(match moved? {
        Moved::Records(records, mut told) => {
            told.push(format!(
                "moved to blocks, and read back there: {} of {folder}; the rows are removed",
                counted(records, "record", "records")
            ));
            told.join("\n")
        }
        Moved::Before => format!("the records of {folder} are in blocks: there is nothing to move"),
        Moved::Nothing => {
            format!("{folder} holds no records: a service begins with blocks there")
        }
    })
}
