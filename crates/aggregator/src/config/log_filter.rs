//! What is logged, by parts of the program, and who says so.

use logs::Timestamp;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::{EnvFilter, reload};

/// Of the span of a request: whatever is logged within it belongs to one, whichever parts are logged.
pub const REQUEST: &str = "aggregator::request_span";

/// Of the span in which the service's own log is taken to be stored: what is said there is not stored itself.
pub const OF_STORING: &str = "aggregator::own_log_span";

/// Of what is said of records that the store did not take, which may be those of the service's own log.
pub const OF_UNSTORED: &str = "aggregator::deliver::unstored";

type Change = dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync;

/// What is logged by a text as `RUST_LOG` has it.
///
/// # Errors
/// When it is no filter.
pub fn log_filter(text: &str) -> Result<EnvFilter, ParseError> {
    const TLS: &str = "rustls";
    let filter = EnvFilter::builder().parse(text)?;
    let filter = filter.add_directive(format!("{REQUEST}=error").parse()?);
    let filter = filter.add_directive(format!("{OF_STORING}=error").parse()?);
    if text.contains(TLS) {
        return Ok(filter);
    }
    // A client can have it say something as often as it likes; why a handshake failed we say ourselves.
    Ok(filter.add_directive(format!("{TLS}=off").parse()?))
}

/// The filter of the log, which can be changed while the process runs.
#[derive(Clone)]
pub struct LogFilter(Arc<Inner>);

struct Inner {
    change: Box<Change>,
    logged: Mutex<Logged>,
}

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// The filter that counts.
    pub filter: String,
    /// That of the settings.
    pub setting: String,
    /// Since when that of an operator counts in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
}

/// Why a filter does not count.
#[derive(Debug, thiserror::Error)]
pub enum NotLogged {
    /// A part of it cannot be read.
    #[error("{part:?} cannot be read: {error}")]
    Unreadable {
        /// Which.
        part: String,
        /// Why.
        error: ParseError,
    },
    /// A word that is no level would be the name of a part of the program, and nothing else were logged.
    #[error("{0:?} is no level: expected off, error, warn, info, debug or trace, or PART=LEVEL")]
    NoLevel(String),
    /// The process is about to end.
    #[error("the log cannot be changed any more: {0}")]
    Ended(#[from] reload::Error),
}

impl LogFilter {
    /// That of the settings counts, and `change` puts another in its place.
    pub fn new(
        setting: &str,
        change: impl Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(Inner {
            change: Box::new(change),
            logged: Mutex::new(Logged {
                filter: setting.to_owned(),
                setting: setting.to_owned(),
                since: None,
            }),
        }))
    }

    /// What is logged now.
    pub fn logged(&self) -> Logged {
        self.lock().clone()
    }

    /// From here on that is logged, as the settings say now: what an operator has set is over.
    ///
    /// # Errors
    /// When it cannot be; then all is as it was.
    pub fn set(&self, setting: &str) -> Result<(), NotLogged> {
        self.replace(setting, |logged| {
            setting.clone_into(&mut logged.setting);
            logged.since = None;
        })
    }

    /// From here on that is logged, as an operator says at this time, until the service starts again or the settings say
    /// something else than they did. The filter of the settings ends it.
    ///
    /// # Errors
    /// When it cannot be; then all is as it was.
    pub fn set_for_now(&self, text: &str, now: Timestamp) -> Result<(), NotLogged> {
        Self::check(text)?;
        self.replace(text, |logged| {
            logged.since = match text == logged.setting {
                true => None,
                false if text == logged.filter => logged.since.or(Some(now)),
                false => Some(now),
            };
        })
    }

    /// Whether an operator may say so.
    ///
    /// # Errors
    /// Why not.
    pub fn check(text: &str) -> Result<(), NotLogged> {
        for word in text.split(',') {
            let is_name_alone = !word.contains(['=', '[', ']', '{', '}']);
            if !word.is_empty() && is_name_alone && word.parse::<LevelFilter>().is_err() {
                return Err(NotLogged::NoLevel(word.to_owned()));
            }
        }
        log_filter(text)
            .map(drop)
            .map_err(|error| unreadable(text, error))
    }

    fn replace(&self, text: &str, note: impl FnOnce(&mut Logged)) -> Result<(), NotLogged> {
        let filter = log_filter(text).map_err(|error| unreadable(text, error))?;
        let mut logged = self.lock();
        (self.0.change)(filter)?;
        note(&mut logged);
        text.clone_into(&mut logged.filter);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Logged> {
        self.0.logged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first part that cannot be read by itself.
fn unreadable(text: &str, error: ParseError) -> NotLogged {
    let mut parts = text.split(',');
    let found = parts.find_map(|part| Some((part, log_filter(part).err()?)));
    let (part, error) = found.unwrap_or((text, error));
    NotLogged::Unreadable {
        part: part.to_owned(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter() -> (LogFilter, Arc<Mutex<Vec<String>>>) {
        let set = Arc::<Mutex<Vec<String>>>::default();
        let all = Arc::clone(&set);
        let filter = LogFilter::new("info", move |filter| {
            all.lock().unwrap().push(filter.to_string());
            Ok(())
        });
        (filter, set)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * 1_000_000_000)
    }

    fn logged(filter: &LogFilter) -> (String, String, Option<Timestamp>) {
        let Logged {
            filter,
            setting,
            since,
        } = filter.logged();
        (filter, setting, since)
    }

    #[test]
    fn what_an_operator_sets_counts_until_the_settings_say_something_else() {
        let (filter, set) = filter();
        let told = |text: &str, setting: &str, since| (text.to_owned(), setting.to_owned(), since);
        assert_eq!(logged(&filter), told("info", "info", None));
        filter.set_for_now("debug", at(1)).unwrap();
        filter.set_for_now("debug", at(2)).unwrap();
        assert_eq!(logged(&filter), told("debug", "info", Some(at(1))));
        filter.set_for_now("info", at(3)).unwrap();
        assert_eq!(logged(&filter), told("info", "info", None));
        filter.set_for_now("warn,spool=debug", at(4)).unwrap();
        filter.set("error").unwrap();
        assert_eq!(logged(&filter), told("error", "error", None));
        assert_eq!(set.lock().unwrap().len(), 5);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_the_part_that_cannot_and_changes_nothing() {
        let (filter, set) = filter();
        for (text, said) in [
            ("info,store=loud", "\"store=loud\" cannot be read: "),
            ("debgu", "\"debgu\" is no level: expected off, error, warn"),
            ("info,spool", "\"spool\" is no level"),
            ("aggregator::http", "\"aggregator::http\" is no level"),
            ("info, debug", "\" debug\" is no level"),
        ] {
            let error = filter.set_for_now(text, at(1)).unwrap_err().to_string();
            assert!(error.starts_with(said), "{text}: {error}");
        }
        for text in [
            "INFO",
            "2",
            "off",
            "warn,aggregator::http::requests=debug",
            "[request]=trace",
        ] {
            filter.set_for_now(text, at(1)).unwrap();
            assert_eq!(filter.logged().filter, text);
        }
        assert_eq!(set.lock().unwrap().len(), 5);
    }
}
