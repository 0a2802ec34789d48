//! The program: settings, log, service, exit code.

use aggregator::app::reload::{Hangups, Reload, Settings};
use aggregator::app::{App, StartError, shutdown, telemetry};
use aggregator::cli;
use aggregator::cli::arguments::{self, Cli, Command, SpoolCommand};
use aggregator::cli::config::ConfigCommand;
use aggregator::cli::export::ExportArgs;
use aggregator::cli::health::HealthArgs;
use aggregator::cli::import::ImportArgs;
use aggregator::cli::migrate::MigrateArgs;
use aggregator::cli::query::Failure;
use aggregator::cli::query::{Failure as QueryFailure, QueryArgs};
use aggregator::cli::settings;
use aggregator::cli::store::StoreCommand;
use aggregator::cli::tail::TailArgs;
use aggregator::cli::token::TokenCommand;
use aggregator::config::{Instance, LogConfig};
use clap::CommandFactory as _;
use logs::clock::SystemClock;
use program::exit::{USAGE, fail, print};
use program::manual::{self, ManualArgs};
use program::{completions, standard_error};
use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().collect();
    // Whoever has started a service may have it read its settings anew at any time.
    let early = may_serve(&args).then(Early::begin);
    let cli = match Cli::read(&args) {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() => return fail(USAGE, &arguments::told(&error)),
        Err(help) => return print(&help.to_string()),
    };
    match &cli.command {
        Some(Command::Query(args)) => query(args),
        Some(Command::Tail(args)) => tail(args),
        Some(Command::Import(args)) => import(args),
        Some(Command::Export(args)) => export(args),
        Some(Command::Spool(command)) => spool(command),
        Some(Command::Health(args)) => health(args),
        Some(Command::Store(command)) => store(command),
        Some(Command::Migrate(args)) => migrate(args),
        Some(Command::Rejected(command)) => {
            asked(cli::rejected::run(command, &mut io::stdout().lock()))
        }
        Some(Command::LogLevel(args)) => asked(cli::log_level::run(args, &mut io::stdout().lock())),
        Some(Command::Stats(args)) => asked(cli::stats::run(args, &mut io::stdout().lock())),
        Some(Command::Drain(command)) => asked(cli::drain::run(command, &mut io::stdout().lock())),
        Some(Command::Breaker(command)) => {
            asked(cli::breaker::run(command, &mut io::stdout().lock()))
        }
        Some(Command::Token(command)) => token(command),
        Some(Command::Config(command)) => config(command, &cli),
        Some(Command::Completions(args)) => print(&completions::script(args, Cli::command())),
        Some(Command::Manual(args)) => manual(args),
        Some(Command::Backup(args)) => told(cli::backup::make(args)),
        Some(Command::Restore(args)) => told(cli::backup::restore(args)),
        None => match cli.config.check() {
            Ok(_) => run(cli, args, early.unwrap_or_else(Early::begin)),
            Err(error) => fail(USAGE, &format!("error: {error}")),
        },
    }
}

/// Whether these are arguments of a service, as far as that is known before they are read: none of them is a command.
fn may_serve(args: &[OsString]) -> bool {
    let program = Cli::command();
    let is_command = |arg: &OsString| {
        let name = arg.to_str();
        name.is_some_and(|name| program.find_subcommand(name).is_some())
    };
    !args.iter().skip(1).any(is_command)
}

/// What there is of a service before anything is read.
struct Early {
    runtime: Runtime,
    hangups: Hangups,
}

impl Early {
    /// Begins it, or says why that cannot be.
    fn begin() -> Result<Self, String> {
        let no_threads = |error| format!("cannot start any threads: {error}");
        let runtime = Runtime::new().map_err(no_threads)?;
        let entered = runtime.enter();
        let hangups = Hangups::listen();
        drop(entered);
        let hangups = hangups.map_err(|error| no_signals(&error))?;
        Ok(Self { runtime, hangups })
    }
}

fn no_signals(error: &io::Error) -> String {
    format!("cannot listen for signals: {error}")
}

fn run(cli: Cli, args: Vec<OsString>, early: Result<Early, String>) -> ExitCode {
    let Early { runtime, hangups } = match early {
        Ok(early) => early,
        Err(error) => return fail(1, &format!("error: {error}")),
    };
    let code = runtime.block_on(serve(cli, args, hangups));
    // Without waiting: what still blocks a thread (a disk, a name server) was not acknowledged.
    runtime.shutdown_background();
    standard_error::finish();
    code
}

fn health(args: &HealthArgs) -> ExitCode {
    match cli::health::ask(args) {
        Ok(answer) if answer.healthy => print(&answer.text),
        Ok(answer) => {
            print(&answer.text);
            ExitCode::FAILURE
        }
        Err(error) if error.is_usage() => fail(USAGE, &format!("error: {error}")),
        Err(error) => fail(1, &format!("error: {error}")),
    }
}

fn told(done: Result<String, impl Display>) -> ExitCode {
    match done {
        Ok(text) => print(&text),
        Err(error) => fail(1, &format!("error: {error}")),
    }
}

fn migrate(args: &MigrateArgs) -> ExitCode {
    if let Err(error) = telemetry::start(&LogConfig::warnings(), Instance::of_host(), clock()) {
        return fail(1, &format!("error: {error}"));
    }
    let code = match cli::migrate::run(args) {
        Ok(text) => print(&text),
        Err(error) if error.is_usage() => fail(USAGE, &format!("error: {error}")),
        Err(error) => fail(1, &format!("error: {error}")),
    };
    standard_error::finish();
    code
}

fn clock() -> Arc<SystemClock> {
    Arc::new(SystemClock::start())
}

async fn serve(cli: Cli, args: Vec<OsString>, hangups: Hangups) -> ExitCode {
    let Cli {
        config, settings, ..
    } = cli;
    let (filter, unstored) = match telemetry::start(&config.log, config.http.instance(), clock()) {
        Ok(started) => started,
        Err(error) => return fail(USAGE, &format!("error: {error}")),
    };
    settings::warn_of_slips(&Cli::command());
    let read = Arc::new(move || read_anew(&args));
    let reload = Reload::on_hangup(hangups, filter.clone(), settings, read);
    let stop = match shutdown::on_signals() {
        Ok(stop) => stop,
        Err(error) => return fail(1, &format!("error: {}", no_signals(&error))),
    };
    match App::build(config, filter).await {
        Ok(app) => match app.run(stop, reload, unstored).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(1, &format!("error: {error}")),
        },
        Err(error) => not_started(&error),
    }
}

/// The settings as they are now.
fn read_anew(args: &[OsString]) -> Result<Settings, String> {
    let cli = Cli::read(args).map_err(|error| {
        let told = arguments::told(&error);
        told.strip_prefix("error: ").unwrap_or(&told).to_owned()
    })?;
    match cli.config.check() {
        Ok(_) => Ok((cli.config, cli.settings)),
        Err(error) => Err(error.to_string()),
    }
}

fn not_started(error: &StartError) -> ExitCode {
    let code = match error {
        StartError::Config(_) => USAGE,
        _ => 1,
    };
    fail(code, &format!("error: {error}"))
}

fn config(command: &ConfigCommand, cli: &Cli) -> ExitCode {
    if let Err(error) = telemetry::start(&LogConfig::warnings(), Instance::of_host(), clock()) {
        return fail(1, &format!("error: {error}"));
    }
    if !matches!(command, ConfigCommand::Example) {
        settings::warn_of_slips(&Cli::command());
    }
    let code = match cli::config::run(command, &cli.config, &cli.settings) {
        Ok(text) => print(&text),
        Err(error) => not_started(&error),
    };
    standard_error::finish();
    code
}

fn spool(command: &SpoolCommand) -> ExitCode {
    let mut out = io::stdout().lock();
    match cli::spool::run(command, &mut out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is_closed_pipe() => ExitCode::SUCCESS,
        Err(error) => fail(1, &format!("error: {error}")),
    }
}

fn store(command: &StoreCommand) -> ExitCode {
    match cli::store::run(command, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if error.is_closed_pipe() => match command {
            StoreCommand::Stats(_) => ExitCode::SUCCESS,
            // Not all was looked at, so nobody knows that nothing is damaged.
            StoreCommand::Verify(_) => ExitCode::FAILURE,
        },
        Err(error) => fail(1, &format!("error: {error}")),
    }
}

fn export(args: &ExportArgs) -> ExitCode {
    match cli::export::run(args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => fail(failure.exit_code(), &format!("error: {failure}")),
    }
}

fn import(args: &ImportArgs) -> ExitCode {
    match cli::import::run(args, &mut io::stdout().lock()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => fail(failure.exit_code(), &format!("error: {failure}")),
    }
}

fn manual(args: &ManualArgs) -> ExitCode {
    match manual::write(args, Cli::command()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(1, &format!("error: {error}")),
    }
}

/// How a command ends that has asked a running service.
fn asked(done: Result<(), Failure>) -> ExitCode {
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => fail(failure.exit_code(), &format!("error: {failure}")),
    }
}

fn token(command: &TokenCommand) -> ExitCode {
    match cli::token::run(command, &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_usage() => fail(USAGE, &format!("error: {failure}")),
        Err(failure) => fail(1, &format!("error: {failure}")),
    }
}

fn query(args: &QueryArgs) -> ExitCode {
    shown(cli::query::run(args, &mut io::stdout().lock()))
}

fn tail(args: &TailArgs) -> ExitCode {
    shown(cli::tail::run(args, &mut io::stdout().lock()))
}

fn shown(ended: Result<(), QueryFailure>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_closed_pipe() => ExitCode::SUCCESS,
        Err(failure) => fail(failure.exit_code(), &format!("error: {failure}")),
    }
}
