//! The log record as both programs speak it: its level, its time and its JSON form; the clock that
//! times come from, how numbers of records are said, and what keeps a log from being filled.

pub mod clock;
mod counted;
mod level;
pub mod notices;
mod record;
mod timestamp;

pub use counted::counted;
pub use level::{Level, SEVERITY_UNKNOWN, severity_of};
pub use record::LogRecord;
pub use timestamp::{TimeError, Timestamp};
