//! `aggregator store verify` and `aggregator store stats`: the embedded store of a folder, beside a service or without one.

mod damage;
mod statistics;

use super::folder::FolderArgs;
use super::output_form::OutputForm;
use super::progress::ProgressBar;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use store::inspected::Told;
use store::inspection::{Found, InspectionError};

/// What can be done with an embedded store.
#[derive(Debug, Clone, Subcommand)]
pub enum StoreCommand {
    /// Looks at every block and every sum, and exits 0 only if nothing is damaged.
    Verify(StoreArgs),
    /// Counts what is in it: records, bytes, blocks, by day.
    Stats(StoreArgs),
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

impl StoreCommand {
    /// Which store.
    pub fn args_mut(&mut self) -> &mut StoreArgs {
        let (Self::Verify(args) | Self::Stats(args)) = self;
        args
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
            let found = Found::of(&args.folder.data_dir)?;
            let statistics = found.statistics()?;
            match args.output {
                OutputForm::Text => statistics::write_text(&found, &statistics, out)?,
                OutputForm::Json => statistics::write_json(&found, &statistics, out)?,
            }
            true
        }
    };
    out.flush()?;
    Ok(is_sound)
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
