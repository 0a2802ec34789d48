//! The command line: what the program can be told to do besides serving, and how it says what came of it.
//!
//! Takes arguments and standard output; gives sentences and exit codes. It asks a running service over
//! HTTP, or reads what is in a data folder; it knows nothing of how a service answers. Each command
//! has the flags that it uses, and no others.

pub mod arguments;
pub mod asked;
pub mod backup;
pub mod breaker;
pub mod config;
pub mod drain;
pub mod export;
mod filters;
mod first_look;
mod folder;
pub mod health;
pub mod import;
pub mod log_level;
pub mod migrate;
pub mod output_form;
mod progress;
pub mod query;
pub mod rejected;
mod sanitize;
pub mod service;
pub mod settings;
pub mod spool;
pub mod stats;
pub mod store;
pub mod tail;
pub mod token;
