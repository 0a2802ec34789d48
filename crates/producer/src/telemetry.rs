//! The log: text on standard error, above the progress bar when there is one. It waits for nobody to read
//! it.

use crate::clock;
use indicatif::ProgressBar;
use logs::Timestamp;
use program::standard_error;
use std::fmt;
use std::io::{self, IsTerminal as _, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// What is logged.
///
/// # Errors
/// When the text is no filter.
pub fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::builder().parse(text)
}

/// Starts logging, once for the process.
///
/// # Errors
/// When the text is no filter, there is no thread for it, or logging was started before.
pub fn start(text: &str, bar: ProgressBar) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log = standard_error::install(AboveBar(bar), standard_error::as_text, |lines| {
        tracing::warn!(lines, "lines of the log were left out here: nobody read it");
    })?;
    tracing_subscriber::fmt()
        .with_env_filter(filter(text)?)
        .with_writer(move || log.clone())
        .with_ansi(colours)
        .with_target(false)
        .with_timer(WholeSeconds)
        // It would be said on the stream itself, which may be full.
        .log_internal_errors(false)
        .try_init()
}

/// Times of lines, short enough that the progress of a run fits beside them in 80 columns.
struct WholeSeconds;

impl FormatTime for WholeSeconds {
    fn format_time(&self, out: &mut Writer<'_>) -> fmt::Result {
        let nanos = clock::now().nanos();
        let whole = Timestamp::from_nanos(nanos - nanos.rem_euclid(1_000_000_000));
        write!(out, "{whole}")
    }
}

/// Writes to standard error while the bar is taken away.
struct AboveBar(ProgressBar);

impl Write for AboveBar {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Without a terminal there is nothing to take away, and its lock is not held while this waits.
        match self.0.is_hidden() {
            true => io::stderr().write(bytes),
            false => self.0.suspend(|| io::stderr().write(bytes)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
