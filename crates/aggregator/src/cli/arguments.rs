//! The command line: the commands, and the settings of a service.

use super::asked::AskedArgs;
use super::backup::{BackupArgs, RestoreArgs};
use super::breaker::BreakerCommand;
use super::config::ConfigCommand;
use super::drain::DrainCommand;
use super::export::ExportArgs;
use super::first_look::FirstLook;
use super::folder::FolderArgs;
use super::health::HealthArgs;
use super::import::ImportArgs;
use super::log_level::LogLevelArgs;
use super::migrate::MigrateArgs;
use super::query::QueryArgs;
use super::rejected::RejectedCommand;
use super::service::ServiceArgs;
use super::settings;
use super::store::StoreCommand;
use super::tail::TailArgs;
use super::token::TokenCommand;
use crate::config::settings_file::BadSettingsFile;
use crate::config::{Config, Setting};
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use program::completions::CompletionsArgs;
use program::manual::ManualArgs;
use program::usage;
use std::ffi::OsString;
use std::path::PathBuf;
use store::address::hide_credentials;

/// Takes batches of logs over HTTP, keeps them in MongoDB or in an embedded store, and gives them back.
#[derive(Debug, Clone, Parser)]
#[command(name = "aggregator", version, max_term_width = 100)]
pub struct Cli {
    /// What to do; serves when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// File of settings, in TOML; the environment counts more, and flags more than that. `aggregator config example`
    /// prints one.
    // Set to nothing, it is none.
    #[arg(
        long = "config",
        env = settings::CONFIG_FILE,
        value_name = "FILE",
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub config_file: Option<PathBuf>,
    /// The settings of the service.
    #[command(flatten)]
    pub config: Config,
    /// The same as they are shown; those of a command that does not serve are not known.
    #[arg(skip)]
    pub settings: Vec<Setting>,
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
    /// Shows, checks and explains the settings of the service.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Asks a running service for its health: prints it, and exits 0 only if batches are accepted.
    Health(HealthArgs),
    /// Shows what a running service keeps aside of refused records, or puts it back.
    #[command(subcommand)]
    Rejected(RejectedCommand),
    /// Shows who sends to a running service, how much, what they were told, and what its store holds.
    Stats(AskedArgs),
    /// Shows what a running service logs, or has it log more or less until it starts again.
    LogLevel(LogLevelArgs),
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
    /// Shows records of a running service as they are stored, until interrupted; connects again by itself.
    Tail(Box<TailArgs>),
    /// Sends files of logs to a running service; started again after a kill, it stores nothing twice.
    Import(Box<ImportArgs>),
    /// Writes records into files, from a running service or from a data folder.
    Export(Box<ExportArgs>),
    /// Moves the records of a data folder from rows to blocks, while no aggregator runs on it.
    Migrate(Box<MigrateArgs>),
    /// Prints what makes a shell complete commands and flags.
    Completions(CompletionsArgs),
    /// Writes the manual pages of the program and its commands.
    Manual(ManualArgs),
    /// Copies the data folder, also of a service that runs: all that was acknowledged before, and nothing twice.
    Backup(BackupArgs),
    /// Puts a backup into an empty data folder.
    Restore(RestoreArgs),
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
    /// Reads the arguments, the program's name among them, the environment, and the file of settings. A command has
    /// flags of its own: of the settings of a service on this machine, it takes those that it has as well.
    ///
    /// # Errors
    /// What clap has to say, help included, or what is wrong with the file.
    pub fn read(args: &[OsString]) -> Result<Self, clap::Error> {
        let asked = FirstLook::by(&Self::command(), args);
        let file = asked.settings_file().map_err(|error| unusable(&error))?;
        let mut command = Self::command();
        if let Some(file) = &file {
            settings::check(file).map_err(|error| unusable(&error))?;
            command = settings::with_file(command, file);
        }
        if !asked.reads_all {
            command = settings::without_environment(command);
        }
        let matches = command.try_get_matches_from(args)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        if asked.reads_all {
            cli.settings = settings::read(&matches, file.as_ref());
        }
        if let (Some(command), Some((_, of_command))) = (&mut cli.command, matches.subcommand()) {
            let mut before = given_before(&matches);
            before.retain(|flag| flag != "config" || !asked.reads_file);
            command.take(&before, &cli.config, of_command)?;
        }
        Ok(cli)
    }
}

/// One sentence: a usage of the command line would be beside the point.
fn unusable(error: &BadSettingsFile) -> clap::Error {
    clap::Error::raw(ErrorKind::ValueValidation, error)
}

impl Command {
    /// Where the service is, of one that asks the one of this machine.
    fn service_mut(&mut self) -> Option<&mut ServiceArgs> {
        match self {
            Self::Health(args) => Some(&mut args.service),
            Self::Rejected(command) => Some(command.service_mut()),
            Self::Stats(asked) => Some(&mut asked.service),
            Self::LogLevel(args) => Some(&mut args.asked.service),
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
            Self::Backup(args) => Some(&mut args.folder),
            Self::Restore(args) => Some(&mut args.folder),
            Self::Config(_)
            | Self::Health(_)
            | Self::Rejected(_)
            | Self::Stats(_)
            | Self::LogLevel(_)
            | Self::Drain(_)
            | Self::Breaker(_)
            | Self::Token(_)
            | Self::Query(_)
            | Self::Tail(_)
            | Self::Import(_)
            | Self::Export(_)
            | Self::Completions(_)
            | Self::Manual(_) => None,
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
            (_, Self::Config(command)) => return command.reads_settings(),
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

/// What is said of a command line or an environment that clap cannot read: a sentence, and the usage
/// where it is the command line that is put together wrongly.
pub fn told(error: &clap::Error) -> String {
    let text = usage::told(error);
    // clap repeats what it cannot use, and that may be a connection string in the wrong place.
    let lines: Vec<String> = text.lines().map(hide_credentials).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests;
