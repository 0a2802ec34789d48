//! What both programs share beside the record: how a setting's text is read, and how a `main` ends.

pub mod exit;
pub mod values;
