//! What both programs share beside the record: how a setting's text is read, how standard error is
//! written to, and how a `main` ends.

pub mod exit;
pub mod line_queue;
pub mod standard_error;
pub mod values;
