//! `aggregator import`: files of logs, sent to a running service as any other client sends its batches.
//!
//! Each portion has a key that is made of what the file has up to its end, so an import that was killed is started again and
//! stores nothing twice. In memory are the portions that are being sent, and one that is being read.

mod cutter;
mod failure;
#[cfg(feature = "parquet")]
mod parquet_lines;
mod reader;
mod sending;
mod source;
mod summary;

pub use failure::Failure;

use super::output_form::OutputForm;
use super::progress::ProgressBar;
use super::service::UrlArgs;
use clap::{Args, ValueEnum};
use cutter::Form;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use program::standard_error::say;
use program::values::{size, time};
use reader::{Cutting, Event};
use sending::{BatchSender, Fate};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;
use summary::FileSummary;
use tokio::runtime;

/// What is imported, and where.
#[derive(Debug, Clone, Args)]
pub struct ImportArgs {
    /// Files, also packed with gzip or zstd, or what export wrote as Parquet; standard input when none is named, or for -.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which service.
    #[command(flatten)]
    pub service: UrlArgs,
    /// How files are read; auto: each one tells by how it begins. An import that is started again needs the same.
    #[arg(long, value_enum, default_value = "auto", value_name = "FORMAT")]
    pub format: ImportFormat,
    /// When a portion counts as taken: it is safe on the service's disk, or in the store.
    #[arg(long, value_enum, default_value = "spooled", value_name = "WHEN")]
    pub ack: Ack,
    /// Makes other keys of the same content: for files that are alike, and are not the same. An import that is started again needs the same.
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "NAME"
    )]
    pub name: String,
    /// About so much is sent at one time. An import that is started again needs the same.
    #[arg(long, default_value = "1MiB", value_name = "SIZE", value_parser = portion_bytes)]
    pub portion_bytes: usize,
    /// So many portions are sent at the same time.
    #[arg(long, default_value = "2", value_name = "COUNT", value_parser = clap::value_parser!(u8).range(1..=64))]
    pub connections: u8,
    /// How long the answer to a portion may take (10s, 500ms; a plain number is seconds).
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time)]
    pub timeout: Duration,
    /// How long a portion is sent again that the service cannot take.
    #[arg(long, default_value = "10m", value_name = "TIME", value_parser = time)]
    pub patience: Duration,
    /// What became of the files: lines for people, or one JSON object.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: OutputForm,
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ImportFormat {
    /// By how it begins: { or [{ is JSON, anything else lines.
    Auto,
    /// JSON values, also over several lines, and arrays of records.
    Json,
    /// A message a line.
    Lines,
}

/// When a portion counts as taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ack {
    /// When it is on the service's disk.
    Spooled,
    /// When the store has it.
    Stored,
}

/// From a KiB on: each portion costs the service a batch.
fn portion_bytes(text: &str) -> Result<usize, String> {
    const LEAST: usize = 1024;
    // With the line at its end it is still to be held.
    const MOST: usize = cutter::LONGEST / 2;
    match size(text)? {
        bytes if bytes < LEAST => Err(format!("at least {LEAST} bytes")),
        bytes if bytes > MOST => Err(format!("at most {MOST} bytes")),
        bytes => Ok(bytes),
    }
}

/// Imports all files, and says what became of them; `false` when not all of them was taken.
///
/// # Errors
/// [`Failure`], after what became of them until then was said.
pub fn run(args: &ImportArgs, out: &mut impl Write) -> Result<bool, Failure> {
    let is_awaited = args.ack == Ack::Stored;
    let sender = BatchSender::new(&args.service, is_awaited, args.timeout, args.patience)?;
    let mut import = Import::new(args);
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Start(error.to_string()))?;
    let ended = runtime.block_on(import.run(&sender));
    // Without waiting: standard input may still block a thread.
    runtime.shutdown_background();
    import.bar.clear();
    match args.output {
        OutputForm::Text => summary::write_text(&import.files, out)?,
        OutputForm::Json => summary::write_json(&import.files, out)?,
    }
    out.flush()?;
    ended?;
    Ok(import.files.iter().all(FileSummary::is_whole))
}

const MAYBE_TORN: &str = "it ends without a newline: if it broke off, its last record is a part of one, and all that came last is \
stored once more when the whole is imported";

struct Import<'a> {
    args: &'a ImportArgs,
    paths: Vec<PathBuf>,
    files: Vec<FileSummary>,
    /// Bytes of all files, where that is known.
    size: Option<u64>,
    bar: ProgressBar,
}

/// A portion that is sent, and what came of it.
struct Sent {
    file: usize,
    place: u64,
    end: u64,
    read: u64,
    fate: Fate,
}

impl<'a> Import<'a> {
    fn new(args: &'a ImportArgs) -> Self {
        let mut paths = args.files.clone();
        if paths.is_empty() {
            paths.push(source::STANDARD_INPUT.into());
        }
        let name = |path: &PathBuf| FileSummary::new(&path.display().to_string());
        Self {
            args,
            files: paths.iter().map(name).collect(),
            size: paths.iter().map(|path| source::size(path)).sum(),
            paths,
            bar: ProgressBar::new(),
        }
    }

    async fn run(&mut self, sender: &BatchSender) -> Result<(), Failure> {
        let cutting = Cutting {
            form: match self.args.format {
                ImportFormat::Auto => None,
                ImportFormat::Json => Some(Form::Values),
                ImportFormat::Lines => Some(Form::Lines),
            },
            target: self.args.portion_bytes,
            name: self.args.name.clone(),
        };
        let events = reader::start(self.paths.clone(), cutting);
        let mut events = events.map_err(|error| Failure::Start(error.to_string()))?;
        let (mut sent, mut is_read) = (FuturesUnordered::new(), false);
        let most = usize::from(self.args.connections);
        let bar = self.bar.clone();
        while !is_read || !sent.is_empty() {
            tokio::select! {
                event = reader::next(&mut events), if !is_read && sent.len() < most => match event? {
                    Event::End => is_read = true,
                    Event::Failed { file, error } => self.fail(file, &error.to_string()),
                    Event::MaybeTorn { file } => self.warn(file, MAYBE_TORN),
                    Event::Portion { file, cut, read } => {
                        let (place, end, bar) = (cut.place, cut.end, bar.clone());
                        sent.push(async move {
                            let notice = |sentence: &str| bar.suspended(|| say(sentence));
                            let fate = sender.send(cut, notice).await?;
                            Ok::<_, Failure>(Sent { file, place, end, read, fate })
                        });
                    }
                },
                Some(done) = sent.next(), if !sent.is_empty() => self.note(&done?),
            }
        }
        Ok(())
    }

    fn note(&mut self, sent: &Sent) {
        let Some(file) = self.files.get_mut(sent.file) else {
            return;
        };
        let told = match &sent.fate {
            Fate::Taken(taken) => file.note(sent.place, taken),
            Fate::Refused(said) => {
                file.refused_portions += 1;
                let name = file.shown();
                vec![format!(
                    "{name}: the portion at byte {} up to {} is refused: {said}",
                    sent.place, sent.end
                )]
            }
        };
        self.bar
            .suspended(|| told.iter().for_each(|sentence| say(sentence)));
        let records: u64 = self.files.iter().map(|file| file.records).sum();
        let message = logs::counted(records, "record taken", "records taken");
        self.bar.show(sent.read, self.size, &message);
    }

    fn warn(&self, number: usize, sentence: &str) {
        if let Some(file) = self.files.get(number) {
            let sentence = format!("{}: {sentence}", file.shown());
            self.bar.suspended(|| say(&sentence));
        }
    }

    fn fail(&mut self, number: usize, error: &str) {
        if let Some(file) = self.files.get_mut(number) {
            file.error = Some(error.to_owned());
            let sentence = format!("error: {}: {error}", file.shown());
            self.bar.suspended(|| say(&sentence));
        }
    }
}
