//! `aggregator config show`, `check` and `example`: the settings of a service, from wherever they come.

mod example;
mod show;

use super::output_form::OutputForm;
use crate::app;
use crate::app::StartError;
use crate::config::{Config, Setting};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// What can be done with settings.
#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Shows each setting with its value and where that comes from; flags of the service stand before `config`.
    Show(ShowArgs),
    /// Checks the settings, and the files that they name, as a start does; exits 0 only if nothing in them keeps a service from starting. The data folder and the store are not looked at.
    Check(FileArgs),
    /// Prints a file with every setting, what it is for and its default.
    Example,
}

/// Which settings are shown, and how.
#[derive(Debug, Clone, Args)]
pub struct ShowArgs {
    /// Which.
    #[command(flatten)]
    pub file: FileArgs,
    /// Lines for people, or JSON.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: OutputForm,
}

/// Where settings are.
#[derive(Debug, Clone, Args)]
pub struct FileArgs {
    /// File of settings, in place of the one that `CONFIG_FILE` names.
    #[arg(long = "config", value_name = "FILE")]
    pub config_file: Option<PathBuf>,
}

impl ConfigCommand {
    /// Whether it has to do with the settings of this machine.
    pub(super) fn reads_settings(&self) -> bool {
        match self {
            Self::Show(_) | Self::Check(_) => true,
            Self::Example => false,
        }
    }
}

/// Does it: what is to be printed.
///
/// # Errors
/// [`StartError`] when no service could be started with these settings.
pub fn run(
    command: &ConfigCommand,
    config: &Config,
    settings: &[Setting],
) -> Result<String, StartError> {
    match command {
        ConfigCommand::Show(args) => Ok(show::text(settings, args.output)),
        ConfigCommand::Check(_) => {
            app::check(config)?;
            Ok("ok".to_owned())
        }
        ConfigCommand::Example => Ok(example::text()),
    }
}
