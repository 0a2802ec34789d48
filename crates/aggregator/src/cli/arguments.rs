//! The command line: the commands, and the settings of a service.

use super::query::QueryArgs;
use crate::config::Config;
use clap::builder::Resettable;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use std::ffi::OsString;
use store::address::hide_credentials;

/// Takes batches of logs over HTTP, keeps them in MongoDB or in an embedded store, and gives them back.
#[derive(Debug, Clone, Parser)]
#[command(name = "aggregator", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; serves when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings.
    #[command(flatten)]
    pub config: Config,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Reads the spool in the data folder, while no aggregator runs on it.
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Asks a running service for its health: prints it, and exits 0 only if batches are accepted.
    Health,
    /// Asks a running service for records and shows them.
    // Boxed, because it is much larger than the others.
    Query(Box<QueryArgs>),
}

/// What can be done with a spool that is at rest.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum SpoolCommand {
    /// Looks at every byte, and exits 0 only if nothing is damaged.
    Verify,
    /// Prints every record that is in it, one JSON object a line.
    Dump,
}

/// The command that asks a service somewhere.
const QUERY: &str = "query";

impl Cli {
    /// Reads the arguments, the program's name among them, and the environment. For a query the
    /// settings of a service on this machine are left out: they are none of its business.
    ///
    /// # Errors
    /// What clap has to say, help included.
    pub fn read(args: &[OsString]) -> Result<Self, clap::Error> {
        let command = match is_query(args) {
            true => without_settings(),
            false => Self::command(),
        };
        let matches = command.try_get_matches_from(args)?;
        Self::from_arg_matches(&matches)
    }
}

fn is_query(args: &[OsString]) -> bool {
    let matches = without_settings()
        .ignore_errors(true)
        .try_get_matches_from(args);
    matches.is_ok_and(|matches| matches.subcommand_name() == Some(QUERY))
}

/// The same command line with settings that are not in the environment.
fn without_settings() -> clap::Command {
    Cli::command().mut_args(|arg| arg.env(Resettable::Reset))
}

/// One sentence for a command line or an environment that clap cannot read.
pub fn sentence(error: &clap::Error) -> String {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().collect();
    // clap repeats what it cannot use, and that may be a connection string in the wrong place.
    hide_credentials(&words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const MIB: usize = 1024 * 1024;

    fn parse(args: &[&str]) -> Result<Config, String> {
        let args = [&["aggregator"], args].concat();
        let cli = Cli::try_parse_from(args).map_err(|error| sentence(&error))?;
        cli.config.check().map_err(|error| error.to_string())?;
        Ok(cli.config)
    }

    #[test]
    fn sizes_and_times_are_read_with_their_units() {
        let config = parse(&[
            "--max-body-bytes",
            "2MiB",
            "--request-timeout",
            "1.5",
            "--body-timeout",
            "2m",
        ])
        .unwrap();
        assert_eq!(config.http.max_body_bytes, 2 * MIB);
        assert_eq!(config.http.request_timeout, Duration::from_millis(1500));
        assert_eq!(config.http.body_timeout, Duration::from_secs(120));
    }

    #[test]
    fn a_wrong_value_gives_one_sentence_that_names_it() {
        for (args, said) in [
            (["--workers", "0"], "--workers"),
            (["--listen-addr", "nowhere"], "--listen-addr"),
            (["--max-body-bytes", "lots"], "--max-body-bytes"),
            (["--request-timeout", "0"], "--request-timeout"),
            (["--log-format", "xml"], "--log-format"),
            (["--mongodb-database", "a.b"], "--mongodb-database"),
            (["--mongodb-uri", "http://x"], "MONGODB_URI"),
            (["--max-inflight-bytes", "1MiB"], "MAX_INFLIGHT_BYTES"),
            (["--rust-log", "a=b=c"], "RUST_LOG"),
        ] {
            let error = parse(&args).unwrap_err();
            assert!(error.contains(said) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn the_password_in_a_uri_is_in_no_sentence() {
        let error = parse(&["--mongodb-uri", "mongodb://u:hunter2@x:port"]).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
