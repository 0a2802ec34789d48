//! Every setting: a flag and an environment variable, with its default and its unit.

use crate::generate::LevelWeights;
use crate::send::{Endpoint, EndpointError};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use logs::Timestamp;
use program::completions::CompletionsArgs;
use program::manual::ManualArgs;
use program::values::{self, count_up_to, long_time, whole_number};
use std::path::PathBuf;
use std::time::Duration;

/// Sends random, realistic logs to the aggregator: a steady trickle, or as much load as is asked for.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "producer",
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
pub struct Config {
    /// What to do; sends when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Where the service is; without a path, /logs/batch is meant.
    // A text and not a URL here: clap repeats a wrong value, and this one may hold a password.
    #[arg(
        long,
        env = "PRODUCER_URL",
        default_value = "http://127.0.0.1:8005",
        value_name = "URL",
        hide_env_values = true
    )]
    pub url: String,
    /// File that holds the token that the service wants, and nothing else.
    #[arg(long, env = "PRODUCER_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// For https: file with the certificates (PEM) of those that may vouch for the service, in place of the system's.
    #[arg(long = "ca", env = "PRODUCER_CA_FILE", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Certificate (PEM) that a service is shown that asks for one, with those of its issuers.
    #[arg(long, env = "PRODUCER_CLIENT_CERT_FILE", value_name = "FILE")]
    pub client_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, env = "PRODUCER_CLIENT_KEY_FILE", value_name = "FILE")]
    pub client_key: Option<PathBuf>,
    /// Logs a second; 0 sends as fast as the answers come.
    #[arg(long, env = "PRODUCER_RATE", default_value = "100", value_name = "LOGS/S", value_parser = rate)]
    pub rate: f64,
    /// Logs in one request.
    #[arg(long, env = "PRODUCER_BATCH_SIZE", default_value = "100", value_name = "LOGS", value_parser = batch_size)]
    pub batch_size: usize,
    /// Stop after so many logs; without it, and without a duration, it goes on until it is stopped.
    #[arg(long, env = "PRODUCER_COUNT", value_name = "LOGS", value_parser = log_count)]
    pub count: Option<u64>,
    /// Stop after this time (30s, 5m; a plain number is seconds).
    #[arg(long, env = "PRODUCER_DURATION", value_name = "TIME", value_parser = long_time)]
    pub duration: Option<Duration>,
    /// Requests under way at one time.
    #[arg(long, env = "PRODUCER_CONCURRENCY", default_value = "8", value_name = "REQUESTS", value_parser = concurrency)]
    pub concurrency: usize,
    /// The same seed gives the same logs; without one it is random, and the log says which.
    #[arg(long, env = "PRODUCER_SEED", value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Time of the first log, in RFC 3339; now when nothing is said.
    #[arg(long, env = "PRODUCER_START_TIME", value_name = "TIMESTAMP", value_parser = timestamp)]
    pub start_time: Option<Timestamp>,
    /// Levels and their weights.
    #[arg(
        long,
        env = "PRODUCER_LEVELS",
        default_value = "DEBUG=8,INFO=75,WARNING=12,ERROR=4,FATAL=1",
        value_name = "LEVEL=WEIGHT,…"
    )]
    pub levels: LevelWeights,
    /// Cuts and fills every message to so many bytes (a character that does not fit is left out).
    #[arg(long, env = "PRODUCER_MESSAGE_BYTES", value_name = "BYTES", value_parser = message_bytes)]
    pub message_bytes: Option<usize>,
    /// Share of the logs, from 0 to 1, that carry an older time: by 1 second up to 1 hour.
    #[arg(long, env = "PRODUCER_LATE", default_value = "0", value_name = "SHARE", value_parser = fraction)]
    pub late: f64,
    /// Compress the bodies (true, false).
    #[arg(long, env = "PRODUCER_GZIP", default_value_t = false, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set)]
    pub gzip: bool,
    /// Make the bodies before the clock starts: at most 64 MiB and 4096 of them, which then repeat with new times and keys (true, false).
    #[arg(long, env = "PRODUCER_PREBUILT", default_value_t = false, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = ArgAction::Set)]
    pub prebuilt: bool,
    /// For one request, from connecting to the end of its answer.
    #[arg(long, env = "PRODUCER_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = long_time)]
    pub timeout: Duration,
    /// Count a batch as failed when it was not accepted within this time; without it, it is tried until a stop.
    #[arg(long, env = "PRODUCER_GIVE_UP_AFTER", value_name = "TIME", value_parser = long_time)]
    pub give_up_after: Option<Duration>,
    /// For what is under way when a signal comes or the duration is over; what is left then has failed.
    #[arg(long, env = "PRODUCER_GRACE", default_value = "10s", value_name = "TIME", value_parser = long_time)]
    pub grace: Duration,
    /// Keep each batch in this folder from before its first try until it is answered; what an earlier run left there is sent first.
    #[arg(long, env = "PRODUCER_SPOOL", value_name = "DIR")]
    pub spool: Option<PathBuf>,
    /// Most that the spool may hold (64MiB, 1GB, a plain number is bytes); a batch for which there is no room ends the run.
    #[arg(long, env = "PRODUCER_SPOOL_MAX_BYTES", default_value = "256MiB", value_name = "BYTES", value_parser = spool_size)]
    pub spool_max_bytes: u64,
    /// Form of the summary on standard output.
    #[arg(
        long,
        env = "PRODUCER_OUTPUT",
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: Output,
    /// What is logged to standard error: a level, or levels by part (info,producer=debug).
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub rust_log: String,
}

/// What the program can do besides sending.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Prints what makes a shell complete commands and flags.
    Completions(CompletionsArgs),
    /// Writes the manual pages of the program and its commands.
    Manual(ManualArgs),
}

/// Forms of the summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines for people.
    Text,
    /// One JSON object, for programs.
    Json,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The address.
    #[error("--url (PRODUCER_URL) {0}")]
    Url(#[from] EndpointError),
    /// The log's filter.
    #[error("RUST_LOG is no filter: {0}")]
    Filter(String),
}

impl Config {
    /// Checks what clap does not, and says where to send to.
    ///
    /// # Errors
    /// One sentence that names the setting.
    pub fn check(&self) -> Result<Endpoint, ConfigError> {
        if let Err(error) = crate::telemetry::filter(&self.rust_log) {
            return Err(ConfigError::Filter(error.to_string()));
        }
        Ok(Endpoint::parse(&self.url)?)
    }
}

fn rate(text: &str) -> Result<f64, String> {
    number_between(text, 0.0, 100_000_000.0)
        .filter(|rate| *rate == 0.0 || *rate >= 0.001)
        .ok_or_else(|| "expected 0, or logs a second from 0.001 to 100000000".to_owned())
}

fn fraction(text: &str) -> Result<f64, String> {
    number_between(text, 0.0, 1.0).ok_or_else(|| "expected a share from 0 to 1".to_owned())
}

fn number_between(text: &str, least: f64, most: f64) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (least..=most).contains(&number).then_some(number)
}

fn batch_size(text: &str) -> Result<usize, String> {
    count_up_to(text, 100_000)
}

fn concurrency(text: &str) -> Result<usize, String> {
    count_up_to(text, 1024)
}

fn message_bytes(text: &str) -> Result<usize, String> {
    count_up_to(text, 1024 * 1024)
}

fn log_count(text: &str) -> Result<u64, String> {
    whole_number(text, 1_000_000_000_000)
}

fn spool_size(text: &str) -> Result<u64, String> {
    values::bytes(text)
        .filter(|size| *size > 0)
        .ok_or_else(|| "expected a size such as 64MiB or 1000000".to_owned())
}

fn timestamp(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::usage;

    fn parse(args: &[&str]) -> Result<Config, String> {
        let args = [&["producer"], args].concat();
        let config = Config::try_parse_from(args).map_err(|error| usage::told(&error))?;
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }

    #[test]
    fn a_wrong_value_gives_one_sentence_that_names_it() {
        for (flag, value) in [
            ("--url", "ftp://logs.example"),
            ("--url", "nowhere"),
            ("--rate", "-1"),
            ("--rate", "NaN"),
            ("--batch-size", "0"),
            ("--count", "many"),
            ("--duration", "0"),
            ("--concurrency", "100000"),
            ("--seed", "-1"),
            ("--start-time", "yesterday"),
            ("--levels", "INFO"),
            ("--message-bytes", "0"),
            ("--late", "2"),
            ("--gzip", "perhaps"),
            ("--timeout", "soon"),
            ("--spool-max-bytes", "0"),
            ("--spool-max-bytes", "a lot"),
            ("--output", "xml"),
        ] {
            let error = parse(&[&format!("{flag}={value}")]).unwrap_err();
            assert!(error.contains(flag) && !error.contains('\n'), "{error}");
        }
        let error = parse(&["--rust-log", "a=b=c"]).unwrap_err();
        assert!(error.contains("RUST_LOG"), "{error}");
    }

    #[test]
    fn a_password_in_the_address_is_refused_and_not_repeated() {
        let error = parse(&["--url", "http://u:hunter2@localhost:8005"]).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }

    #[test]
    fn a_flag_alone_means_true() {
        let config = parse(&["--gzip", "--prebuilt", "false"]).unwrap();
        assert!(config.gzip && !config.prebuilt);
    }
}
