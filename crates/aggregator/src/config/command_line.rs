//! Reading the command line, and of the environment what concerns the command.

use super::Cli;
use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _};
use std::ffi::OsString;

/// The command that asks a service somewhere.
const QUERY: &str = "query";

impl Cli {
    /// Reads the arguments, the program's name among them, and the environment. For a query the
    /// settings of a service on this machine are left out: they are none of its business.
    ///
    /// # Errors
    /// What clap has to say, help included.
    pub fn read(args: &[OsString]) -> Result<Self, clap::Error> {
        let command = match is_query(args) {
            true => without_settings(),
            false => Self::command(),
        };
        let matches = command.try_get_matches_from(args)?;
        Self::from_arg_matches(&matches)
    }
}

fn is_query(args: &[OsString]) -> bool {
    let matches = without_settings()
        .ignore_errors(true)
        .try_get_matches_from(args);
    matches.is_ok_and(|matches| matches.subcommand_name() == Some(QUERY))
}

/// The same command line with settings that are not in the environment.
fn without_settings() -> clap::Command {
    Cli::command().mut_args(|arg| arg.env(Resettable::Reset))
}
