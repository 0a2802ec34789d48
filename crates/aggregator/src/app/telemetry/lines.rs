//! A line of the log: its form, and whether it is written or only counted.

use super::json_line;
use super::repeats::Repeats;
use logs::clock::Clock;
use std::fmt;
use std::sync::Arc;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, format};
use tracing_subscriber::registry::LookupSpan;

/// Writes the lines of a log.
pub(super) struct Lines {
    form: Form,
    repeats: Repeats,
}

enum Form {
    Text(Format<Full>),
    Json,
}

impl Lines {
    /// For people.
    pub(super) fn text(colours: bool, clock: Arc<dyn Clock>) -> Self {
        let format = format().with_target(false).with_ansi(colours);
        Self {
            form: Form::Text(format),
            repeats: Repeats::new(clock),
        }
    }

    /// For programs; the fields of spans have to be JSON objects as well.
    pub(super) fn json(clock: Arc<dyn Clock>) -> Self {
        Self {
            form: Form::Json,
            repeats: Repeats::new(clock),
        }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // Whoever asks may ask as often as they like; what the service does by itself is told each time.
        let is_in = |mut spans: tracing_subscriber::registry::Scope<'_, S>| {
            spans.any(|span| span.metadata().target() == crate::config::REQUEST)
        };
        let others = match context.event_scope().is_some_and(is_in) {
            true => match self.repeats.note(event) {
                Some(others) => others,
                None => return Ok(()),
            },
            false => 0,
        };
        match &self.form {
            Form::Json => json_line::write(context, writer, event, others),
            Form::Text(text) if others == 0 => text.format_event(context, writer, event),
            Form::Text(text) => {
                let mut line = String::new();
                text.format_event(context, Writer::new(&mut line), event)?;
                let (line, name) = (line.trim_end(), json_line::OTHERS);
                writeln!(writer, "{line} {name}={others}")
            }
        }
    }
}
