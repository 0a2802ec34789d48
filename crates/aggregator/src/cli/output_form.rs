//! Whom the output of a command is for.

use clap::ValueEnum;

/// Forms of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OutputForm {
    /// Lines for people.
    Text,
    /// JSON, for programs.
    Json,
}
