//! A line of the log as a JSON object without nested ones, which the service itself takes for a record: `timestamp`,
//! `level`, `message`, `target`, and beside them what the line and the request that it belongs to say.

use serde_json::{Map, Value};
use std::fmt;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Of a line that others like it went before, which were not told.
pub(super) const OTHERS: &str = "others_before";

/// Of whoever says it.
const SERVICE: &str = "service";
const INSTANCE: &str = "instance";

/// What it is called.
const PROGRAM: &str = "aggregator";

/// Names that a line has for itself.
const OWN: [&str; 4] = ["timestamp", "level", "message", "target"];

/// What is said, beside what the line and the request that it belongs to say.
pub(super) struct Beside<'s> {
    /// Others like it that went before and were not told.
    pub(super) others: u64,
    /// Which of several aggregators says it, where its lines lie among those of others.
    pub(super) instance: Option<&'s str>,
}

/// Writes one.
pub(super) fn write<S, N>(
    context: &FmtContext<'_, S, N>,
    mut writer: Writer<'_>,
    event: &Event<'_>,
    beside: &Beside<'_>,
) -> fmt::Result
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    let metadata = event.metadata();
    let time = time()?;
    let mut said = Said::default();
    if let Some(instance) = beside.instance {
        said.add(SERVICE, PROGRAM.into());
        said.add(INSTANCE, instance.into());
    }
    for span in context.event_scope().into_iter().flatten() {
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<N>>();
        let fields = fields.and_then(|fields| serde_json::from_str(&fields.fields).ok());
        for (name, value) in fields.into_iter().flat_map(|fields: Map<_, _>| fields) {
            said.add(&name, value);
        }
    }
    event.record(&mut said);
    if beside.others > 0 {
        said.add(OTHERS, beside.others.into());
    }
    let target = said.target.as_deref().unwrap_or(metadata.target());
    let (level, message) = (metadata.level(), Value::from(said.message));
    let target = Value::from(target);
    write!(
        writer,
        r#"{{"timestamp":"{time}","level":"{level}","message":{message},"target":{target}"#
    )?;
    for (name, value) in said.others {
        write!(writer, ",{}:{value}", Value::from(name))?;
    }
    writeln!(writer, "}}")
}

/// Why a thread or the process ends, as such a line.
pub(super) fn last_words(words: &str) -> String {
    let time = time().unwrap_or_default();
    let message = words.strip_prefix("error: ").unwrap_or(words);
    let message = Value::from(message);
    format!(
        "{{\"timestamp\":\"{time}\",\"level\":\"ERROR\",\"message\":{message},\"target\":\"{PROGRAM}\"}}\n"
    )
}

/// Now, as `timestamp` has it.
fn time() -> Result<String, fmt::Error> {
    let mut time = String::new();
    SystemTime.format_time(&mut Writer::new(&mut time))?;
    Ok(time)
}

/// What a line says.
#[derive(Default)]
struct Said {
    message: String,
    /// Of a library that logs in another way.
    target: Option<String>,
    others: Map<String, Value>,
}

impl Said {
    /// Under this name, or one like it where that is taken.
    fn add(&mut self, name: &str, value: Value) {
        if self.others.get(name) == Some(&value) {
            return;
        }
        let mut name = name.to_owned();
        while OWN.contains(&name.as_str()) || self.others.contains_key(&name) {
            name.push('_');
        }
        self.others.insert(name, value);
    }

    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("log.target", Value::String(text)) => self.target = Some(text),
            ("log.module_path" | "log.file" | "log.line", _) => {}
            (name, value) => self.add(name.strip_prefix("r#").unwrap_or(name), value),
        }
    }
}

impl Visit for Said {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}
