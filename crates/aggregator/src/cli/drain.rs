//! `aggregator drain pause` and `aggregator drain resume`: whether a running service hands on to its store what it takes.

use super::asked::{AskedArgs, finished};
use super::query::Failure;
use super::service::ServiceArgs;
use clap::Subcommand;
use std::io::Write;

/// What can be done with the drain.
#[derive(Debug, Clone, Subcommand)]
pub enum DrainCommand {
    /// Keeps batches in the spool until it is resumed or the service starts again; they are taken as before.
    Pause(AskedArgs),
    /// Hands on what waits.
    Resume(AskedArgs),
}

impl DrainCommand {
    /// Which service.
    pub(super) fn service_mut(&mut self) -> &mut ServiceArgs {
        match self {
            Self::Pause(asked) | Self::Resume(asked) => &mut asked.service,
        }
    }
}

/// Carries out a command.
///
/// # Errors
/// [`Failure`], one sentence each.
pub fn run(command: &DrainCommand, out: &mut impl Write) -> Result<(), Failure> {
    let (asked, path) = match command {
        DrainCommand::Pause(asked) => (asked, "/operate/drain/pause"),
        DrainCommand::Resume(asked) => (asked, "/operate/drain/resume"),
    };
    let client = asked.client()?;
    finished(asked.have_done(&client, (path, ""), out))?;
    Ok(out.flush()?)
}
