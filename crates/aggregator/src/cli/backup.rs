//! `aggregator backup` and `aggregator restore`: a copy of a data folder that is in use, and a new folder made of one.

use super::folder::FolderArgs;
use crate::app::backup::restoring::{self, RestoreError};
use crate::app::backup::{self, BackupError, Contents};
use clap::Args;
use logs::clock::{Clock as _, SystemClock};
use logs::counted;
use program::shown::size;
use program::standard_error;
use std::path::PathBuf;

/// What MongoDB's own tools have to do.
const MONGODB: &str = "Where the records are in MongoDB, run mongodump now that this is done, with --oplog where \
MongoDB is a replica set: of the collection, and of those beside it that end in _receipts and _meta. Until it has ended, put no refused records back. \
To restore, run mongorestore first, and then aggregator restore.";

/// Of what, and where to.
#[derive(Debug, Clone, Args)]
pub struct BackupArgs {
    /// Folder for the backup: a new one, or an empty one.
    #[arg(value_name = "DIR")]
    pub target: PathBuf,
    /// The service's own: where there is one, MongoDB has the records.
    #[arg(long, env = "MONGODB_URI", hide_env_values = true, value_name = "URI")]
    pub mongodb_uri: Option<String>,
    /// Which folder.
    #[command(flatten)]
    pub folder: FolderArgs,
}

/// Of what, and where to.
#[derive(Debug, Clone, Args)]
pub struct RestoreArgs {
    /// Folder of the backup.
    #[arg(value_name = "DIR")]
    pub backup: PathBuf,
    /// The data folder to put it into, in which nothing is.
    #[command(flatten)]
    pub folder: FolderArgs,
}

/// Makes a backup; what is said of it.
///
/// # Errors
/// [`BackupError`], one sentence each.
pub fn make(args: &BackupArgs) -> Result<String, BackupError> {
    let now = SystemClock::start().now();
    let tell_waiting = || {
        standard_error::say(
            "refused records are being put back, or another backup is made: waiting until that is done",
        );
    };
    let contents = backup::make(&args.folder.data_dir, &args.target, now, tell_waiting)?;
    let told = format!(
        "backed up {} to {}: {}",
        args.folder.data_dir.display(),
        args.target.display(),
        shown(&contents)
    );
    let uri = args.mongodb_uri.as_deref().unwrap_or_default();
    Ok(match (contents.layout, !uri.is_empty()) {
        (Some(_), false) => told,
        (Some(layout), true) => format!(
            "{told}\nMONGODB_URI is set: those {layout} are of before, and no service adds to them. {MONGODB}"
        ),
        (None, _) => format!("{told}\nThere is no embedded store in it. {MONGODB}"),
    })
}

/// Puts a backup into a new folder; what is said of it.
///
/// # Errors
/// [`RestoreError`], one sentence each.
pub fn restore(args: &RestoreArgs) -> Result<String, RestoreError> {
    let contents = restoring::restore(&args.backup, &args.folder.data_dir)?;
    Ok(format!(
        "restored {} to {}: {}; a service may start on it now",
        args.backup.display(),
        args.folder.data_dir.display(),
        shown(&contents)
    ))
}

fn shown(contents: &Contents) -> String {
    let files = counted(contents.files as u64, "file", "files");
    let bytes = size(contents.bytes);
    match &contents.layout {
        Some(layout) => format!("{files}, {bytes}, records in {layout}"),
        None => format!("{files}, {bytes}"),
    }
}
