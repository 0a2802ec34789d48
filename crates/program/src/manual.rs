//! `manual`, a command of both programs: a page for the program, and one for each of its commands.

use clap::{Args, Command};
use std::fs;
use std::io;
use std::path::PathBuf;

/// Where to.
#[derive(Debug, Clone, Args)]
pub struct ManualArgs {
    /// The folder for the pages (the program's name with `.1` behind it, and so on), which is made unless it is there.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// The pages cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write manual pages into {folder}: {source}")]
pub struct ManualError {
    folder: String,
    source: io::Error,
}

/// Writes the pages of `program`, in place of those that are there.
///
/// # Errors
/// [`ManualError`] when a page cannot be written.
pub fn write(args: &ManualArgs, program: Command) -> Result<(), ManualError> {
    let written = fs::create_dir_all(&args.folder)
        .and_then(|()| clap_mangen::generate_to(program, &args.folder));
    written.map_err(|source| ManualError {
        folder: args.folder.display().to_string(),
        source,
    })
}
