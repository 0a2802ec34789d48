//! The log record as both programs speak it: its level, its time and its JSON form; the clock that
//! times come from, how durations are counted, and how numbers of records are said.

pub mod clock;
mod counted;
pub mod durations;
mod level;
mod record;
mod timestamp;

pub use counted::counted;
pub use level::{Level, SEVERITY_UNKNOWN, severity_of};
pub use record::LogRecord;
pub use timestamp::{TimeError, Timestamp};
