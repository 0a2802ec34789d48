//! The log: on standard error, as text or as JSON. It waits for nobody to read it.

mod json_line;
mod lines;
mod repeats;
#[cfg(test)]
mod tests;

use crate::config::{LogConfig, LogFormat};
use lines::Lines;
use logs::clock::Clock;
use program::standard_error;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use tracing_subscriber::fmt::format::JsonFields;

/// Starts logging, once for the process; the clock tells how long ago the same was said.
///
/// # Errors
/// When the filter is none, there is no thread for it, or logging was started before.
pub fn start(
    config: &LogConfig,
    clock: Arc<dyn Clock>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let log = standard_error::install(io::stderr(), |lines| {
        tracing::warn!(lines, "lines of the log were left out here: nobody read it");
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(config.filter()?)
        .with_writer(move || log.clone())
        // It would be said on the stream itself, which may be full.
        .log_internal_errors(false);
    match config.log_format {
        LogFormat::Json => builder
            .fmt_fields(JsonFields::new())
            .event_format(Lines::json(clock))
            .try_init(),
        LogFormat::Text => {
            let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder
                .with_ansi(colours)
                .event_format(Lines::text(colours, clock))
                .try_init()
        }
    }
}
