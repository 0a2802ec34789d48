//! The log: on standard error, as text or as JSON.

use crate::config::{LogConfig, LogFormat};
use std::io::IsTerminal as _;

/// Starts logging, once for the process.
///
/// # Errors
/// When the filter is none, or logging was started before.
pub fn start(config: &LogConfig) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(config.filter()?)
        .with_writer(std::io::stderr)
        // A reader of the log that has left is told of nowhere: to say it on the same stream would panic.
        .log_internal_errors(false);
    match config.log_format {
        LogFormat::Json => builder.json().try_init(),
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(colours).with_target(false).try_init()
        }
    }
}
