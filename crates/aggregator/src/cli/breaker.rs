//! `aggregator breaker open`, `close` and `release`: holds the breakers of a running service, or lets them decide.

use super::asked::{AskedArgs, finished};
use super::query::Failure;
use super::service::ServiceArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::io::Write;

/// What can be done with breakers.
#[derive(Debug, Clone, Subcommand)]
pub enum BreakerCommand {
    /// Holds them open: no call goes to the store.
    Open(BreakerArgs),
    /// Holds them closed: every call goes to the store, whatever comes of it.
    Close(BreakerArgs),
    /// Lets them decide again, as a start of the service does.
    Release(BreakerArgs),
}

/// Which breakers.
#[derive(Debug, Clone, Args)]
pub struct BreakerArgs {
    /// How.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// That of one lane; without it, those of both.
    #[arg(long, value_enum, value_name = "LANE")]
    pub lane: Option<LaneName>,
}

/// The calls that a breaker stands before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LaneName {
    /// What goes to the store.
    Write,
    /// What is asked of it.
    Read,
}

impl BreakerCommand {
    /// Which service.
    pub(super) fn service_mut(&mut self) -> &mut ServiceArgs {
        match self {
            Self::Open(args) | Self::Close(args) | Self::Release(args) => &mut args.asked.service,
        }
    }
}

/// Carries out a command.
///
/// # Errors
/// [`Failure`], one sentence each.
pub fn run(command: &BreakerCommand, out: &mut impl Write) -> Result<(), Failure> {
    let (args, action) = match command {
        BreakerCommand::Open(args) => (args, "open"),
        BreakerCommand::Close(args) => (args, "close"),
        BreakerCommand::Release(args) => (args, "release"),
    };
    let lanes = match args.lane {
        None => &["write", "read"][..],
        Some(LaneName::Write) => &["write"],
        Some(LaneName::Read) => &["read"],
    };
    let client = args.asked.client()?;
    finished(async {
        for lane in lanes {
            let path = format!("/operate/breakers/{lane}/{action}");
            args.asked.have_done(&client, (&path, ""), out).await?;
        }
        Ok(())
    })?;
    Ok(out.flush()?)
}
