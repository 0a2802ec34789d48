//! The program: from the command line to the exit code.

use clap::{CommandFactory as _, Parser as _};
use producer::config::{Command, Config, Output};
use producer::send::Endpoint;
use producer::shutdown::Stop;
use producer::summary::Summary;
use producer::{progress, run, telemetry};
use program::exit::{USAGE, fail, print};
use program::{completions, manual, standard_error, usage};
use std::process::ExitCode;

fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(error) if error.use_stderr() => return fail(USAGE, &usage::told(&error)),
        Err(help) => return print(&help.to_string()),
    };
    match &config.command {
        Some(Command::Completions(args)) => {
            return print(&completions::script(args, Config::command()));
        }
        Some(Command::Manual(args)) => {
            return match manual::write(args, Config::command()) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(1, &format!("error: {error}")),
            };
        }
        None => {}
    }
    match config.check() {
        Ok(endpoint) => {
            let code = send(&config, endpoint);
            standard_error::finish();
            code
        }
        Err(error) => fail(USAGE, &format!("error: {error}")),
    }
}

#[tokio::main]
async fn send(config: &Config, endpoint: Endpoint) -> ExitCode {
    let bar = progress::bar(config.count);
    if let Err(error) = telemetry::start(&config.rust_log, bar.clone()) {
        return fail(USAGE, &format!("error: {error}"));
    }
    let stop = Stop::default();
    if let Err(error) = stop.on_signals() {
        return fail(1, &format!("error: cannot listen for signals: {error}"));
    }
    match run::run(config, endpoint, stop, bar).await {
        Ok(summary) => show(&summary, config.output),
        Err(error) => fail(1, &format!("error: {error}")),
    }
}

fn show(summary: &Summary, output: Output) -> ExitCode {
    let text = match output {
        Output::Text => summary.to_string(),
        Output::Json => serde_json::to_string(summary).unwrap_or_default(),
    };
    match (print(&text), summary.is_success()) {
        (shown, true) => shown,
        (_, false) => ExitCode::FAILURE,
    }
}
