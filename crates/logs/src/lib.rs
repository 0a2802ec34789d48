//! The log record as both programs speak it: its level, its time and its JSON form; and the clock
//! that times come from.

pub mod clock;
mod level;
mod record;
mod timestamp;

pub use level::{Level, SEVERITY_UNKNOWN, severity_of};
pub use record::LogRecord;
pub use timestamp::{TimeError, Timestamp};
