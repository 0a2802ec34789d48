//! The command line: what the program can be told to do besides serving, and how it says what came of it.
//!
//! Takes arguments and standard output; gives sentences and exit codes. It knows the settings and the
//! addresses of a service, and nothing of how the service answers them.

pub mod arguments;
pub mod health;
pub mod query;
pub mod spool;
