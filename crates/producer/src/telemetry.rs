//! The log: text on standard error, above the progress bar when there is one.

use indicatif::ProgressBar;
use std::io::{self, IsTerminal as _, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;

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
/// When the text is no filter, or logging was started before.
pub fn start(text: &str, bar: ProgressBar) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter(text)?)
        .with_writer(AboveBar(bar))
        .with_ansi(colours)
        .with_target(false)
        // A reader of the log that has left is told of nowhere: to say it on the same stream would panic.
        .log_internal_errors(false)
        .try_init()
}

/// Writes to standard error while the bar is taken away.
struct AboveBar(ProgressBar);

impl<'a> MakeWriter<'a> for AboveBar {
    type Writer = LineAbove<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LineAbove(&self.0)
    }
}

/// One event's writer.
struct LineAbove<'a>(&'a ProgressBar);

impl Write for LineAbove<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
