//! Measures the service beside what a user would take instead: real processes, one machine, one run.
//!
//! ```text
//!  main ── parts::* ── session: rounds of runs, in turn
//!            │           rig: service + store + load ── process: children, killed at the end
//!            │             tally, verify: is every acknowledged record there exactly once?
//!            └── bare::*: the same work without the service, each in a process of its own
//!  report ── table (Markdown), JSON
//! ```
//!
//! The exit code is 0 when every run counts, 1 when the accounts of one do not add up, and 2 when there
//! was no measurement. Times never decide it.

mod bare;
mod block_count;
mod clock;
mod command;
mod failure;
mod forms;
mod host;
mod load;
mod mongod;
mod parts;
mod peer;
mod process;
mod programs;
mod records;
mod report;
mod rig;
mod service;
mod session;
mod table;
mod tally;
mod usage;
mod verify;

use clap::Parser as _;
use command::{Cli, Command};
use failure::{During as _, Failure};
use std::io::{self, Write as _};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // What is dropped with the measurement kills its processes and removes its folders.
    let measured = tokio::select! {
        measured = run(&cli) => measured,
        stopped = stop() => Err(stopped),
    };
    match measured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(failure) => {
            session::say(failure);
            ExitCode::from(2)
        }
    }
}

async fn run(cli: &Cli) -> Result<bool, Failure> {
    let stdout = &mut io::stdout();
    if let Command::Bare { what } = &cli.command {
        let bare: bare::Bare = serde_json::from_str(what)?;
        let done = serde_json::to_string(&bare.run().await?)?;
        writeln!(stdout, "{done}").during("standard output")?;
        return Ok(true);
    }
    let report = command::measure(cli, stdout).await?;
    if let Some(path) = &cli.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(path, json).during(path.display())?;
    }
    Ok(report.accounts_add_up)
}

/// A Ctrl-C or a SIGTERM.
async fn stop() -> Failure {
    let (interrupt, terminate) = (SignalKind::interrupt(), SignalKind::terminate());
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(interrupt), signal(terminate)) else {
        return Failure::told("signals cannot be heard");
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Failure::told("stopped")
}
