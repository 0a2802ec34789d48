//! The command line: the commands, and the settings of a service.

use super::asked::AskedArgs;
use super::breaker::BreakerCommand;
use super::drain::DrainCommand;
use super::export::ExportArgs;
use super::folder::FolderArgs;
use super::health::HealthArgs;
use super::import::ImportArgs;
use super::migrate::MigrateArgs;
use super::query::QueryArgs;
use super::rejected::RejectedCommand;
use super::service::ServiceArgs;
use super::store::StoreCommand;
use super::token::TokenCommand;
use crate::config::Config;
use clap::builder::Resettable;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use program::usage;
use std::ffi::OsString;
use store::address::hide_credentials;

/// Takes batches of logs over HTTP, keeps them in MongoDB or in an embedded store, and gives them back.
#[derive(Debug, Clone, Parser)]
#[command(name = "aggregator", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; serves when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The settings of the service.
    #[command(flatten)]
    pub config: Config,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Reads the spool in the data folder, while no aggregator runs on it.
    #[command(subcommand)]
    Spool(SpoolCommand),
    /// Looks at the embedded store in the data folder.
    #[command(subcommand)]
    Store(StoreCommand),
    /// Asks a running service for its health: prints it, and exits 0 only if batches are accepted.
    Health(HealthArgs),
    /// Shows what a running service keeps aside of refused records, or puts it back.
    #[command(subcommand)]
    Rejected(RejectedCommand),
    /// Shows who sends to a running service, how much, and what they were told.
    Stats(AskedArgs),
    /// Pauses the way from the spool of a running service to its store, or resumes it.
    #[command(subcommand)]
    Drain(DrainCommand),
    /// Holds the breakers before the store of a running service open or closed, or releases them.
    #[command(subcommand)]
    Breaker(BreakerCommand),
    /// Makes, lists and revokes the tokens that let one into a service.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Asks a running service for records and shows them.
    // Boxed, because it is much larger than the others.
    Query(Box<QueryArgs>),
    /// Sends files of logs to a running service; started again after a kill, it stores nothing twice.
    Import(Box<ImportArgs>),
    /// Writes records into files, from a running service or from a data folder.
    Export(Box<ExportArgs>),
    /// Moves the records of a data folder from rows to blocks, while no aggregator runs on it.
    Migrate(Box<MigrateArgs>),
}

/// What can be done with a spool that is at rest.
#[derive(Debug, Clone, Subcommand)]
pub enum SpoolCommand {
    /// Looks at every byte, and exits 0 only if nothing is damaged.
    Verify(FolderArgs),
    /// Prints every record that is in it, one JSON object a line.
    Dump(FolderArgs),
}

impl Cli {
    /// Reads the arguments, the program's name among them, and the environment. A command has flags of
    /// its own: the settings of a service on this machine are none of its business.
    ///
    /// # Errors
    /// What clap has to say, help included.
    pub fn read(args: &[OsString]) -> Result<Self, clap::Error> {
        let command = match names_a_command(args) {
            true => without_settings(),
            false => Self::command(),
        };
        let matches = command.try_get_matches_from(args)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if let (Some(command), Some((_, of_command))) = (&mut cli.command, matches.subcommand()) {
            let before = given_before(&matches);
            command.take(&before, &cli.config, of_command)?;
        }
        Ok(cli)
    }
}

impl Command {
    /// Where the service is, of one that asks the one of this machine.
    fn service_mut(&mut self) -> Option<&mut ServiceArgs> {
        match self {
            Self::Health(args) => Some(&mut args.service),
            Self::Rejected(command) => Some(command.service_mut()),
            Self::Stats(asked) => Some(&mut asked.service),
            Self::Drain(command) => Some(command.service_mut()),
            Self::Breaker(command) => Some(command.service_mut()),
            _ => None,
        }
    }

    /// The folder of one that works on a folder and nothing else.
    fn folder_mut(&mut self) -> Option<&mut FolderArgs> {
        match self {
            Self::Spool(SpoolCommand::Verify(folder) | SpoolCommand::Dump(folder)) => Some(folder),
            Self::Store(command) => Some(&mut command.args_mut().folder),
            Self::Migrate(args) => Some(&mut args.folder),
            Self::Health(_)
            | Self::Rejected(_)
            | Self::Stats(_)
            | Self::Drain(_)
            | Self::Breaker(_)
            | Self::Token(_)
            | Self::Query(_)
            | Self::Import(_)
            | Self::Export(_) => None,
        }
    }

    /// Takes what stands before the command's name, and is a setting of the service and of the command.
    fn take(
        &mut self,
        before: &[String],
        config: &Config,
        own: &ArgMatches,
    ) -> Result<(), clap::Error> {
        // Of a command of commands, it is the inner one's.
        let own = own.subcommand().map_or(own, |(_, inner)| inner);
        for flag in before {
            if !self.take_one(flag, config, own) {
                let message = format!("--{flag} is a setting of the service: no command takes it");
                return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
            }
        }
        match self.service_mut() {
            Some(service) => one_place(service, own),
            None => Ok(()),
        }
    }

    /// Takes one of them; whether it is one of the command's.
    fn take_one(&mut self, flag: &str, config: &Config, own: &ArgMatches) -> bool {
        match (flag, self) {
            ("data-dir", Self::Export(args)) => {
                let folder = || config.store.data_dir.clone();
                args.data_dir.get_or_insert_with(folder);
            }
            ("data-dir", command) => {
                let Some(folder) = command.folder_mut() else {
                    return false;
                };
                if !is_typed(own, "data_dir") {
                    folder.data_dir.clone_from(&config.store.data_dir);
                }
            }
            ("tokens-file", Self::Token(command)) => {
                if !is_typed(own, "tokens_file") {
                    let file = &mut command.file_mut().tokens_file;
                    file.clone_from(&config.http.tokens_file);
                }
            }
            ("tls-cert-file", command) => {
                let Some(service) = command.service_mut() else {
                    return false;
                };
                if !is_typed(own, "tls_cert_file") {
                    service
                        .tls_cert_file
                        .clone_from(&config.http.tls.tls_cert_file);
                }
            }
            ("listen-addr", command) => {
                let Some(service) = command.service_mut() else {
                    return false;
                };
                service.ask_at(&config.http.listen_addr, is_typed(own, "listen_addr"));
            }
            _ => return false,
        }
        true
    }
}

/// The address that is typed counts more than a URL of the environment.
fn one_place(service: &mut ServiceArgs, own: &ArgMatches) -> Result<(), clap::Error> {
    if is_typed(own, "listen_addr") {
        if is_typed(own, "url") {
            let message = "--url and --listen-addr say both where the service is";
            return Err(Cli::command().error(ErrorKind::ArgumentConflict, message));
        }
        service.url = None;
    }
    Ok(())
}

/// The settings of the service that are typed, without their dashes.
fn given_before(matches: &ArgMatches) -> Vec<String> {
    let command = Cli::command();
    let given = command
        .get_arguments()
        .filter(|arg| is_typed(matches, arg.get_id().as_str()));
    given
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect()
}

fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

fn names_a_command(args: &[OsString]) -> bool {
    let matches = without_settings()
        .ignore_errors(true)
        .try_get_matches_from(args);
    matches.is_ok_and(|matches| matches.subcommand_name().is_some())
}

/// The same command line with settings that are not in the environment.
fn without_settings() -> clap::Command {
    Cli::command().mut_args(|arg| arg.env(Resettable::Reset))
}

/// What is said of a command line or an environment that clap cannot read: a sentence, and the usage
/// where it is the command line that is put together wrongly.
pub fn told(error: &clap::Error) -> String {
    let text = usage::told(error);
    // clap repeats what it cannot use, and that may be a connection string in the wrong place.
    let lines: Vec<String> = text.lines().map(hide_credentials).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::time::Duration;

    const MIB: usize = 1024 * 1024;

    fn parse(args: &[&str]) -> Result<Config, String> {
        let args = [&["aggregator"], args].concat();
        let cli = Cli::try_parse_from(args).map_err(|error| told(&error))?;
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

    fn read(args: &[&str]) -> Result<Cli, String> {
        let args: Vec<OsString> = [&["aggregator"], args]
            .concat()
            .iter()
            .map(OsString::from)
            .collect();
        Cli::read(&args).map_err(|error| told(&error))
    }

    fn asked(args: &[&str]) -> (Option<String>, String) {
        match read(args).unwrap().command {
            Some(mut command) => {
                let service = command.service_mut().unwrap();
                (service.url.clone(), service.listen_addr.to_string())
            }
            None => panic!("{args:?}"),
        }
    }

    #[test]
    fn a_command_takes_what_it_uses_also_before_its_name() {
        for args in [
            &["health", "--listen-addr", "8006"][..],
            &["--listen-addr", "8006", "health"],
            &["rejected", "list", "--listen-addr", "8006"],
            &["--listen-addr", "8006", "rejected", "replay"],
            &["--listen-addr", "8006", "drain", "pause"],
            &["breaker", "open", "--listen-addr", "8006", "--lane", "read"],
        ] {
            assert_eq!(asked(args), (None, "127.0.0.1:8006".to_owned()));
        }
        let twice = asked(&["--listen-addr", "8006", "health", "--listen-addr", "8007"]);
        assert_eq!(twice.1, "127.0.0.1:8007");
        for args in [
            ["spool", "verify", "--data-dir", "/x"],
            ["--data-dir", "/x", "spool", "verify"],
        ] {
            match read(&args).unwrap().command {
                Some(Command::Spool(SpoolCommand::Verify(args))) => {
                    assert_eq!(args.data_dir, PathBuf::from("/x"));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn migrate_takes_the_folder_of_the_service() {
        for args in [
            ["migrate", "--data-dir", "/x"],
            ["--data-dir", "/x", "migrate"],
        ] {
            match read(&args).unwrap().command {
                Some(Command::Migrate(args)) => {
                    assert_eq!(args.folder.data_dir, PathBuf::from("/x"));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_it_does_not_use_is_refused_with_its_usage() {
        for (args, said) in [
            (
                &["query", "--listen-addr", "8006"][..],
                "unexpected argument '--listen-addr'",
            ),
            (
                &["query", "--data-dir", "x"],
                "unexpected argument '--data-dir'",
            ),
            (
                &["health", "--workers", "3"],
                "unexpected argument '--workers'",
            ),
            (
                &["spool", "verify", "--listen-addr", "8006"],
                "unexpected argument '--listen-addr'",
            ),
            (
                &["--listen-addr", "8006", "query"],
                "--listen-addr is a setting of the service",
            ),
            (
                &["--workers", "3", "health"],
                "--workers is a setting of the service",
            ),
            (
                &["health", "--url", "http://x", "--listen-addr", "8006"],
                "--url and --listen-addr say both",
            ),
            (
                &["migrate", "--layout", "blocks"],
                "unexpected argument '--layout'",
            ),
            (
                &[
                    "rejected",
                    "list",
                    "--url",
                    "http://x",
                    "--listen-addr",
                    "8006",
                ],
                "--url and --listen-addr say both",
            ),
            (&["spool"], "a command is missing"),
            (&["rejected"], "a command is missing"),
        ] {
            let error = read(args).unwrap_err();
            assert!(error.starts_with(&format!("error: {said}")), "{error}");
            assert!(error.contains("\nUsage: aggregator"), "{error}");
        }
    }
}
