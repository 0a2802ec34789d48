//! The data folder of a service, as a flag of a command names it.

use crate::config::DEFAULT_DATA_DIR;
use clap::Args;
use std::path::PathBuf;

/// Which data folder.
#[derive(Debug, Clone, Args)]
pub struct FolderArgs {
    /// The data folder of the service.
    #[arg(
        long,
        env = "DATA_DIR",
        default_value = DEFAULT_DATA_DIR,
        value_name = "FOLDER"
    )]
    pub data_dir: PathBuf,
}
