//! Part 1, into MongoDB: durable in the spool and stored, beside two bare programs on the same server.

use crate::bare::{Bare, DRIVER_COLLECTION};
use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::mongod::Mongod;
use crate::parts::median_of;
use crate::report::{Case, Part, Ratio, Run};
use crate::rig::{self, DATABASE, Target};
use crate::session::{Session, say};
use crate::tally::{STEP_NANOS, Tally};
use crate::verify;
use std::fmt;

const UNIT: &str = "logs/s";

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Logs a batch and connections, of each case; the whole matrix is 10, 100, 1000 and 10000 by 1, 8 and 64.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1000x8,1000x64,10x64",
        value_name = "BATCHxCONNECTIONS,…"
    )]
    shapes: Vec<Shape>,
    /// Takes the bare programs as they are usually best, and does not try which number in flight is.
    #[arg(long)]
    no_trials: bool,
}

#[derive(Debug, Clone)]
enum Subject {
    Ours(Shape),
    Driver { in_flight: usize },
    Raw { in_flight: usize, batch: u64 },
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(shape) => write!(out, "service, {shape}"),
            Self::Driver { in_flight } => {
                write!(
                    out,
                    "(a) typed insert_many, 1000 a batch, {in_flight} in flight"
                )
            }
            Self::Raw { in_flight, batch } => {
                write!(
                    out,
                    "(b) our layout, {batch} a batch, {in_flight} in flight"
                )
            }
        }
    }
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let mongod = session.mongod().await?;
    let (drivers, raws): (&[usize], &[(usize, u64)]) = if settings.no_trials {
        (&[4], &[(3, 1000)])
    } else {
        let raws = &[(2, 1000), (3, 1000), (4, 1000), (2, 5000), (3, 5000)];
        (&[1, 2, 4, 8], raws)
    };
    let drivers = drivers
        .iter()
        .map(|&in_flight| Subject::Driver { in_flight });
    let raws = raws.iter();
    let raws = raws.map(|&(in_flight, batch)| Subject::Raw { in_flight, batch });
    let driver = best(session, &mongod, drivers.collect()).await?;
    let raw = best(session, &mongod, raws.collect()).await?;
    let ours = settings.shapes.iter().copied().map(Subject::Ours);
    let subjects: Vec<Subject> = ours.chain([driver.clone(), raw.clone()]).collect();
    let cases = session
        .alternate(UNIT, &subjects, async |subject: &Subject| {
            one(session, &mongod, subject, session.bare_seconds()).await
        })
        .await?;
    let ratios = ratios(
        &cases,
        &settings.shapes,
        &driver.to_string(),
        &raw.to_string(),
    );
    Ok(Part {
        name: "Into MongoDB",
        cases,
        ratios,
    })
}

/// The fastest of some bare programs, in a short run of each; a single one is not tried.
async fn best(
    session: &Session,
    mongod: &Mongod,
    mut all: Vec<Subject>,
) -> Result<Subject, Failure> {
    if all.len() == 1
        && let Some(only) = all.pop()
    {
        return Ok(only);
    }
    let mut best = None;
    for subject in all {
        let run = one(session, mongod, &subject, session.trial_seconds()).await?;
        say(format_args!("trial of {subject}: {:.0} {UNIT}", run.value));
        if best.as_ref().is_none_or(|(value, _)| run.value > *value) {
            best = Some((run.value, subject));
        }
    }
    best.map(|(_, subject)| subject)
        .ok_or_else(|| Failure::told("nothing to try"))
}

async fn one(
    session: &Session,
    mongod: &Mongod,
    subject: &Subject,
    seconds: f64,
) -> Result<Run, Failure> {
    let (uri, database) = (mongod.uri(), DATABASE.to_owned());
    let bare = match *subject {
        Subject::Ours(shape) => {
            let load = Load::full(shape, Amount::Seconds(session.seconds));
            return rig::one_load(session, Target::MongoDb(mongod), &load).await;
        }
        Subject::Driver { in_flight } => Bare::Driver {
            uri,
            database,
            in_flight,
            seconds,
        },
        Subject::Raw { in_flight, batch } => Bare::Raw {
            uri,
            database,
            in_flight,
            batch,
            seconds,
        },
    };
    mongod.drop_database(DATABASE).await?;
    let before = mongod.mark()?;
    let done = bare.measure(&session.programs).await?;
    let run = done.rate("bare").with("mongod", mongod.since(before)?);
    let database = mongod.database(DATABASE);
    let fault = if matches!(subject, Subject::Raw { .. }) {
        let mut tally = Tally::new(done.records, STEP_NANOS);
        verify::mongodb(&database, &mut tally).await?;
        tally.fault(0)
    } else {
        let found = verify::documents(&database, DRIVER_COLLECTION).await?;
        let wrong = found != done.records;
        wrong.then(|| format!("{} documents were sent, {found} are there", done.records))
    };
    mongod.drop_database(DATABASE).await?;
    Ok(run.faulty(fault))
}

fn ratios(cases: &[Case], shapes: &[Shape], driver: &str, raw: &str) -> Vec<Ratio> {
    let name = |shape: Shape| Subject::Ours(shape).to_string();
    let thousand = |shape: &&Shape| shape.batch == 1000;
    let mut ratios = Vec::new();
    for shape in shapes.iter().filter(thousand) {
        let ours = median_of(cases, &name(*shape));
        let against = |what: &str| format!("stored, {shape}, against {what}");
        let (driver, raw) = (
            ours / median_of(cases, driver),
            ours / median_of(cases, raw),
        );
        ratios.push(Ratio::more(against("(a)"), driver, Some((2.2, 2.6))));
        ratios.push(Ratio::more(
            against("(b), the limit"),
            raw,
            Some((0.75, 0.9)),
        ));
    }
    let thousands = shapes.iter().filter(thousand);
    let widest = thousands.max_by_key(|shape| shape.connections);
    let small = shapes
        .iter()
        .find(|shape| shape.batch == 10 && shape.connections == 64);
    if let (Some(widest), Some(small)) = (widest, small) {
        let ratio = median_of(cases, &name(*small)) / median_of(cases, &name(*widest));
        let what = "batches of 10 over 64 connections, against batches of 1000";
        ratios.push(Ratio::more(what, ratio, Some((0.25, 0.35))));
    }
    let case_of = |shape: &Shape| cases.iter().find(|case| case.name == name(*shape));
    if let Some(case) = widest.and_then(case_of) {
        let cpu = case.cpu_micros("aggregator");
        let what = "aggregator's own CPU a record, batches of 1000";
        ratios.push(Ratio::less(what, cpu, "µs", Some((1.2, 0.8))));
    }
    let busy = shapes.iter().filter(thousand);
    let busy = busy
        .filter(|shape| shape.connections == 64)
        .filter_map(case_of);
    let peaks = busy.map(|case| case.peak_rss_mib("aggregator"));
    if let Some(peak) = peaks.reduce(f64::max) {
        let what = "aggregator's peak RSS, 64 connections";
        ratios.push(Ratio::less(what, peak, "MiB", Some((256.0, 128.0))));
    }
    ratios
}
