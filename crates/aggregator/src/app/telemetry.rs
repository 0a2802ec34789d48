//! The log: on standard error, as text or as JSON, and in the store where that is asked for. It waits for nobody to read it.

mod json_line;
mod lines;
mod repeats;
#[cfg(test)]
mod tests;
mod unstored;

pub use unstored::Unstored;

use crate::config::{Instance, LogConfig, LogFilter, LogFormat};
use lines::Lines;
use logs::clock::Clock;
use program::line_queue::LineQueue;
use program::standard_error;
use std::error::Error;
use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use tracing::Subscriber;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt, reload};

type Failure = Box<dyn Error + Send + Sync>;

/// Starts logging, once for the process; the clock tells how long ago the same was said. Also gives the lines that are to
/// be stored, where any are, as those of this one of several aggregators.
///
/// # Errors
/// When the filter is none, there is no thread for it, or logging was started before.
pub fn start(
    config: &LogConfig,
    instance: Instance,
    clock: Arc<dyn Clock>,
) -> Result<(LogFilter, Option<Unstored>), Failure> {
    let last_words = match config.log_format {
        LogFormat::Json => json_line::last_words,
        LogFormat::Text => standard_error::as_text,
    };
    let log = standard_error::install(io::stderr(), last_words, |lines| {
        tracing::warn!(lines, "lines of the log were left out here: nobody read it");
    })?;
    let (filter, handle) = reload::Layer::new(config.filter()?);
    let unstored = config.log_to_store.then(Unstored::default);
    let stored = unstored
        .clone()
        .map(|lines| stored(lines, instance, &clock));
    tracing_subscriber::registry()
        .with(filter)
        .with(written(config.log_format, log, clock))
        .with(stored)
        .try_init()?;
    let filter = LogFilter::new(&config.rust_log, move |filter| handle.reload(filter));
    Ok((filter, unstored))
}

/// What writes the log to standard error.
fn written<S>(
    format: LogFormat,
    log: LineQueue,
    clock: Arc<dyn Clock>,
) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = fmt::layer()
        .with_writer(move || log.clone())
        // It would be said on the stream itself, which may be full.
        .log_internal_errors(false);
    match format {
        LogFormat::Json => {
            let layer = layer.fmt_fields(JsonFields::new());
            layer.event_format(Lines::json(clock)).boxed()
        }
        LogFormat::Text => {
            let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let layer = layer.with_ansi(colours);
            layer.event_format(Lines::text(colours, clock)).boxed()
        }
    }
}

/// What keeps it for the store.
fn stored<S>(lines: Unstored, instance: Instance, clock: &Arc<dyn Clock>) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fmt::layer()
        .with_writer(move || lines.clone())
        .log_internal_errors(false)
        .fmt_fields(JsonFields::new())
        .event_format(Lines::stored(instance, Arc::clone(clock)))
}
