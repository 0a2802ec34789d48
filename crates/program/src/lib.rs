//! What both programs share beside the record: how a setting's text is read and a wrong one is told, how a
//! shell and the manual are told of all of them, how sizes are shown, which characters are not seen, how
//! standard error is written to, where a token is, how a service is trusted, and how a `main` ends.

pub mod completions;
pub mod exit;
pub mod invisible;
pub mod line_queue;
pub mod manual;
pub mod shown;
pub mod standard_error;
pub mod tls;
pub mod token;
pub mod usage;
pub mod values;
