//! `aggregator export`: records into files, from a running service or from a data folder, in bounded memory.
//!
//! A thread reads, this one writes, and two pages are between them at most. What goes into a file is written beside it under
//! another name until all of it is there; an export that was broken off goes on at the place that it has noted.

mod days;
mod encoder;
mod failure;
mod files;
#[cfg(feature = "parquet")]
mod parquet_encoder;
#[cfg(feature = "parquet")]
mod parquet_group;
mod place;
mod source;
mod target;
mod waiting;
mod window;

pub use failure::Failure;

use super::filters::FilterArgs;
use super::progress::ProgressBar;
use super::service::UrlArgs;
use clap::{Args, ValueEnum};
use logs::counted;
use program::standard_error::say;
use program::values::time;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use target::Target;

/// Standard output, as an argument.
const STANDARD_OUTPUT: &str = "-";

/// What is exported, and whereto.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Which service.
    #[command(flatten)]
    pub service: UrlArgs,
    /// Read the embedded store in this data folder instead, beside a running service or without one.
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Which records.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// What is written.
    #[arg(long, value_enum, default_value = "ndjson", value_name = "FORMAT")]
    pub format: ExportFormat,
    /// The file; standard output without it, or for -.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// A file for each UTC day, which its name has before its ending: logs-2024-10-08.parquet.
    #[arg(long, value_enum, value_name = "TIME", requires = "output")]
    pub by: Option<By>,
    /// Replace files that are there.
    #[arg(long, requires = "output")]
    pub overwrite: bool,
    /// How long an answer of the service may take to begin (10s, 500ms; a plain number is seconds).
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time)]
    pub timeout: Duration,
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A JSON object a line, as the service gives it.
    Ndjson,
    /// A head and a row for each record, as the service gives them.
    Csv,
    /// Columns, for programs that count and search.
    #[cfg(feature = "parquet")]
    Parquet,
}

/// What has a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Each UTC day.
    Day,
}

impl ExportArgs {
    /// The file that is named; `None` for standard output.
    fn file(&self) -> Option<&Path> {
        let named = self.output.as_deref();
        named.filter(|path| *path != Path::new(STANDARD_OUTPUT))
    }
}

impl ExportFormat {
    /// Whether a part of it is whole up to its last record.
    fn is_text(self) -> bool {
        match self {
            Self::Ndjson | Self::Csv => true,
            #[cfg(feature = "parquet")]
            Self::Parquet => false,
        }
    }
}

/// Exports, and says on standard error what came of it: to a closed standard output nothing is lost but what was to go there.
///
/// # Errors
/// [`Failure`]; what was exported until then is whole, and the next run goes on there.
pub fn run(args: &ExportArgs) -> Result<(), Failure> {
    if let Some(sentence) = args.filters.contradiction() {
        return Err(Failure::Usage(sentence));
    }
    if args.file().is_none() && (args.by.is_some() || args.overwrite) {
        return Err(Failure::Usage(
            "--by and --overwrite are for files: --output names one",
        ));
    }
    let is_terminal = args.file().is_none() && io::stdout().is_terminal();
    if is_terminal && !args.format.is_text() {
        return Err(Failure::Usage(
            "Parquet is no text for a terminal: --output names a file",
        ));
    }
    let bar = ProgressBar::new();
    let Some(mut target) = Target::open(args, is_terminal)? else {
        say("all of it is there already");
        return Ok(());
    };
    if let Some((records, time)) = target.begun() {
        let records = counted(records, "record", "records");
        say(&format!("going on behind {records}, at {time}"));
    }
    let waiting = args.data_dir.as_deref().and_then(waiting::sentence);
    let ended = copy(args, &mut target, &bar);
    bar.clear();
    let records = target.records();
    if let Err(failure) = ended {
        let is_kept = target.give_up();
        return Err(match records {
            0 => failure,
            records => failure.after(records, is_kept),
        });
    }
    target.finish(&say)?;
    match (records, args.file().is_some()) {
        (0, _) => say("nothing was found"),
        (records, false) => say(&counted(records, "record", "records")),
        _ => {}
    }
    if let Some(sentence) = waiting {
        say(&sentence);
    }
    Ok(())
}

fn copy(args: &ExportArgs, target: &mut Target, bar: &ProgressBar) -> Result<(), Failure> {
    let pages = source::start(args, target.window(), target.behind())?;
    let tell = |sentence: &str| bar.suspended(|| say(sentence));
    while let Some(page) = source::next(&pages)? {
        for row in page.rows() {
            target.push(row, &tell)?;
        }
        target.note_place()?;
        if let Some(last) = page.rows().last() {
            let message = format!("records, up to {}", last.id.time());
            bar.show(target.records(), None, &message);
        }
    }
    Ok(())
}
