//! A line of the log: its form, and whether it is written or only counted.

use super::json_line::{self, Beside};
use super::repeats::Repeats;
use crate::config::{Instance, OF_STORING, OF_UNSTORED, REQUEST};
use logs::clock::Clock;
use std::fmt;
use std::sync::Arc;
use tracing::{Event, Level, Metadata, Subscriber};
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
    /// JSON for the store, from this one of several aggregators.
    Stored(Instance),
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

    /// For the store, among the records of others: what its storing makes the service say is left out.
    pub(super) fn stored(instance: Instance, clock: Arc<dyn Clock>) -> Self {
        Self {
            form: Form::Stored(instance),
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
        let is_within = |target: &str| {
            let mut spans = context.event_scope().into_iter().flatten();
            spans.any(|span| span.metadata().target() == target)
        };
        // Not by a filter of the layer: what only asks whether a level is logged leaves that one with an answer for
        // the next line.
        if matches!(self.form, Form::Stored(_))
            && (!is_for_store(event.metadata()) || is_within(OF_STORING))
        {
            return Ok(());
        }
        // Whoever asks may ask as often as they like; what the service does by itself is told each time.
        let others = match is_within(REQUEST) {
            true => match self.repeats.note(event) {
                Some(others) => others,
                None => return Ok(()),
            },
            false => 0,
        };
        let instance = match &self.form {
            Form::Stored(instance) => Some(instance.as_str()),
            Form::Text(_) | Form::Json => None,
        };
        let beside = Beside { others, instance };
        match &self.form {
            Form::Json | Form::Stored(_) => json_line::write(context, writer, event, &beside),
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

/// Whether it may be a line for the store.
fn is_for_store(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO && metadata.target() != OF_UNSTORED
}
