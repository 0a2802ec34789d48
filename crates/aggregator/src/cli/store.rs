//! `aggregator store verify` and `aggregator store stats`: the embedded store of a folder, beside a service or without one.

mod damage;
mod statistics;

use super::folder::FolderArgs;
use super::output_form::OutputForm;
use super::progress::ProgressBar;
use crate::config::RetentionConfig;
use crate::retention::Policy;
use clap::{Args, Subcommand};
use logs::clock::{Clock, SystemClock};
use std::io::{self, Write};
use std::sync::Arc;
use store::folder_reader::FolderReader;
use store::inspected::Told;
use store::inspection::{Found, InspectionError};
use store::removal::Purpose;

/// What can be done with an embedded store.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// Looks at every block and every sum, and exits 0 only if nothing is damaged.
    Verify(StoreArgs),
    /// Counts what is in it: records, bytes, blocks, by day.
    Stats(StatsArgs),
}

/// Which store, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Which folder.
    #[command(flatten)]
    pub folder: FolderArgs,
    /// Lines for people, or JSON: one object, and of verify one more for each damage, a line each.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: OutputForm,
}

/// Which store, and whether it is counted what would go of it.
#[derive(Debug, Clone, Args)]
pub struct StatsArgs {
    /// Which store.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Count what retention would remove now as well, by the settings of the service or by those that are given here;
    /// nothing is removed.
    #[arg(long)]
    pub dry_run: bool,
    /// What is kept.
    #[command(flatten)]
    pub retention: RetentionConfig,
}

impl StoreCommand {
    /// Which store.
    pub fn args_mut(&mut self) -> &mut StoreArgs {
        match self {
            Self::Verify(args) => args,
            Self::Stats(args) => &mut args.store,
        }
    }
}

/// Why the command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum StoreCommandError {
    /// The store cannot be looked at.
    #[error(transparent)]
    Inspection(#[from] InspectionError),
    /// What it says cannot be written.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
}

impl StoreCommandError {
    /// Whether the reader of the output has left, which is no error.
    pub fn is_closed_pipe(&self) -> bool {
        let (Self::Output(error) | Self::Inspection(InspectionError::Tell(error))) = self else {
            return false;
        };
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Carries out a command; `false` when the store is damaged.
///
/// # Errors
/// [`StoreCommandError`], one sentence each.
pub fn run(command: &StoreCommand, out: &mut impl Write) -> Result<bool, StoreCommandError> {
    let is_sound = match command {
        StoreCommand::Verify(args) => verify(args, out)?,
        StoreCommand::Stats(args) => {
            let found = Found::of(&args.store.folder.data_dir)?;
            let statistics = found.statistics()?;
            let would_go = match args.dry_run {
                true => Some(would_go(&found, &args.retention)?),
                false => None,
            };
            match args.store.output {
                OutputForm::Text => statistics::write_text(&found, &statistics, would_go, out)?,
                OutputForm::Json => statistics::write_json(&found, &statistics, would_go, out)?,
            }
            true
        }
    };
    out.flush()?;
    Ok(is_sound)
}

/// How many records would go for their age now.
fn would_go(found: &Found, config: &RetentionConfig) -> Result<u64, InspectionError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let Some(policy) = Policy::of(config) else {
        return Ok(0);
    };
    let removal = policy.removal(clock.now(), Purpose::Count);
    let mut reader = FolderReader::open(found, clock)?;
    Ok(reader.would_go(&removal)?)
}

fn verify(args: &StoreArgs, out: &mut impl Write) -> Result<bool, StoreCommandError> {
    let found = Found::of(&args.folder.data_dir)?;
    let is_text = args.output == OutputForm::Text;
    let bar = ProgressBar::new();
    let verified = found.verify(&mut |told| {
        match told {
            Told::Progress { done, all } => bar.show(done, Some(all), ""),
            Told::Damage(damage) => bar.suspended(|| match is_text {
                true => damage::write_text(&damage, out),
                false => damage::write_json(&damage, out),
            })?,
        }
        Ok(())
    })?;
    bar.clear();
    match is_text {
        true => damage::write_text_of_all(&found, &verified, out)?,
        false => damage::write_json_of_all(&found, &verified, out)?,
    }
    Ok(verified.is_sound())
}
