//! The log record as both programs speak it: its level, its time and its JSON form.

mod level;
mod record;
mod timestamp;

pub use level::{Level, SEVERITY_UNKNOWN, severity_of};
pub use record::LogRecord;
pub use timestamp::{TimeError, Timestamp};
