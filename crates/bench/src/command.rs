//! The command line, and what each command measures.

use crate::failure::Failure;
use crate::parts::{
    acceptance, embedded, growth, latency, layouts, merging, mongodb, protocols, reading,
    searching, size, small_blocks,
};
use crate::programs::Programs;
use crate::report::{Part, Report};
use crate::session::{Session, say};
use crate::{host, table};
use clap::{Parser, Subcommand};
use std::io::Write;
use std::path::PathBuf;

/// Measures the service as real processes, beside what a user would take instead.
#[derive(Debug, Clone, Parser)]
#[command(name = "bench", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to measure.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Writes everything that was measured to this file, as JSON.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Runs of each case, in turn with those of the others.
    #[arg(long, global = true, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Length of a run that writes; MongoDB's checkpoints come every 60 seconds.
    #[arg(long, global = true, default_value_t = 10, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Memory of MongoDB's cache.
    #[arg(long, global = true, default_value_t = 1.0, value_name = "GIB")]
    cache_gb: f64,
    /// Takes aggregator and producer as they lie beside this program, and does not build them.
    #[arg(long, global = true)]
    no_build: bool,
    /// Keeps data here while it is needed, on the disk that is to be measured [default: cargo's target folder].
    #[arg(long, global = true, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// The parts.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Command {
    /// Every part, with its defaults.
    All,
    /// Into MongoDB: durable in the spool and stored.
    Mongodb(mongodb::Settings),
    /// Into the spool alone, while the store is away.
    Acceptance(acceptance::Settings),
    /// The same records by every protocol, into the spool alone.
    Protocols(protocols::Settings),
    /// Into the embedded store.
    Embedded(embedded::Settings),
    /// Latency in an open loop.
    Latency(latency::Settings),
    /// As the collection grows, and as connections become many.
    Growth(growth::Settings),
    /// A first page, and everything.
    Reading(reading::Settings),
    /// A day of records looked through for what no index knows.
    Searching(searching::Settings),
    /// The same records as rows and as blocks: stored, kept and searched.
    Layouts(layouts::Settings),
    /// What merging blocks costs those who wait until a batch is stored.
    Merging(merging::Settings),
    /// An hour of a quiet service searched beside the same records in full blocks.
    SmallBlocks(small_blocks::Settings),
    /// Programs, starts, idle memory, builds.
    Size(size::Settings),
    /// For CI: the accounts and the ratios in less than a minute; times never fail it.
    Short,
    /// A bare program, told what to do as JSON.
    #[command(hide = true)]
    Bare {
        /// What to do.
        what: String,
    },
}

const ALL: [&[&str]; 12] = [
    &["mongodb"],
    &["acceptance"],
    &["protocols"],
    &["embedded"],
    &["latency"],
    &["growth"],
    &["reading"],
    &["searching"],
    &["layouts"],
    &["merging"],
    &["small-blocks"],
    &["size", "--data-mb", "1000"],
];
const SHORT: [&[&str]; 6] = [
    &["mongodb", "--shapes", "1000x8,10x64", "--no-trials"],
    &["acceptance", "--shapes", "1000x8"],
    &["protocols"],
    &["embedded", "--shapes", "1000x8"],
    &["reading", "--records", "50000", "--pages", "50"],
    &["searching", "--records", "50000"],
];

/// Measures what is asked for and prints each part when it is done.
pub(crate) async fn measure(cli: &Cli, out: &mut impl Write) -> Result<Report, Failure> {
    let short = matches!(cli.command, Command::Short);
    let programs = Programs::find(cli.no_build, cli.folder.as_deref())?;
    let session = Session {
        runs: if short { 1 } else { usize::from(cli.runs) },
        seconds: if short { 1 } else { cli.seconds },
        cache_gb: cli.cache_gb,
        programs,
    };
    let mut report = Report {
        about: host::about(&session.programs),
        accounts_add_up: true,
        parts: Vec::new(),
    };
    table::about(&report, out)?;
    let commands = match cli.command {
        Command::All => parse(&ALL)?,
        Command::Short => parse(&SHORT)?,
        ref one => vec![one.clone()],
    };
    for command in &commands {
        let part = part(&session, command).await?;
        table::part(&part, out)?;
        report.accounts_add_up &= part.cases.iter().all(crate::report::Case::adds_up);
        report.parts.push(part);
    }
    if !report.accounts_add_up {
        say("the accounts of some run do not add up: see above");
    }
    Ok(report)
}

/// Commands with their defaults, as a user would give them.
fn parse(all: &[&[&str]]) -> Result<Vec<Command>, Failure> {
    let one = |arguments: &&[&str]| {
        let cli = Cli::try_parse_from([&["bench"], *arguments].concat());
        cli.map(|cli| cli.command)
            .map_err(|error| Failure::told(error.to_string()))
    };
    all.iter().map(one).collect()
}

async fn part(session: &Session, command: &Command) -> Result<Part, Failure> {
    match command {
        Command::Mongodb(settings) => mongodb::run(session, settings).await,
        Command::Acceptance(settings) => acceptance::run(session, settings).await,
        Command::Protocols(settings) => protocols::run(session, settings).await,
        Command::Embedded(settings) => embedded::run(session, settings).await,
        Command::Latency(settings) => latency::run(session, settings).await,
        Command::Growth(settings) => growth::run(session, settings).await,
        Command::Reading(settings) => reading::run(session, settings).await,
        Command::Searching(settings) => searching::run(session, settings).await,
        Command::Layouts(settings) => layouts::run(session, settings).await,
        Command::Merging(settings) => merging::run(session, settings).await,
        Command::SmallBlocks(settings) => small_blocks::run(session, settings).await,
        Command::Size(settings) => size::run(session, settings).await,
        Command::All | Command::Short | Command::Bare { .. } => {
            Err(Failure::told("not a part of its own"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_all_and_short_are_ones_that_a_user_could_give() {
        assert_eq!(parse(&ALL).unwrap().len(), ALL.len());
        assert_eq!(parse(&SHORT).unwrap().len(), SHORT.len());
    }
}
