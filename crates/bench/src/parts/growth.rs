//! Part 5, growth: the rate into MongoDB as the collection grows, and as connections become many.

use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::report::{Case, Part, Ratio};
use crate::rig::{self, Rig, Target};
use crate::session::{Session, say};
use crate::usage::as_f64;

const UNIT: &str = "logs/s";

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Records at the end.
    #[arg(long, default_value_t = 2_000_000, value_name = "COUNT")]
    records: u64,
    /// Portions, each with a rate of its own.
    #[arg(long, default_value_t = 5, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    segments: u64,
    /// Logs a batch and connections while it grows.
    #[arg(long, default_value = "1000x64", value_name = "BATCHxCONNECTIONS")]
    shape: Shape,
    /// Connections, each number with an empty collection; at most 1024.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1,8,64,256,1000",
        value_name = "COUNT,…"
    )]
    connections: Vec<usize>,
    /// Logs in a batch while connections become many.
    #[arg(long, default_value_t = 100, value_name = "LOGS")]
    batch: usize,
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let mongod = session.mongod().await?;
    let target = Target::MongoDb(&mongod);
    let mut cases = grow(session, settings, target).await?;
    let mut ratios = Vec::new();
    if let (Some(first), Some(last)) = (cases.first(), cases.last()) {
        let what = "the last portion against the first";
        ratios.push(Ratio::more(what, last.median / first.median, None));
    }
    let shapes = settings.connections.iter().map(|connections| Shape {
        batch: settings.batch,
        connections: *connections,
    });
    let shapes: Vec<Shape> = shapes.collect();
    let wide = session
        .alternate(UNIT, &shapes, async |shape: &Shape| {
            let load = Load::full(*shape, Amount::Seconds(session.seconds));
            rig::one_load(session, target, &load).await
        })
        .await?;
    let best = wide.iter().map(|case| case.median).fold(f64::NAN, f64::max);
    if let Some(last) = wide.last() {
        let what = format!("{} against the best", last.name);
        ratios.push(Ratio::more(what, last.median / best, None));
    }
    cases.extend(wide);
    Ok(Part {
        name: "Growth",
        cases,
        ratios,
    })
}

/// A case for every portion; a run is one whole growth.
async fn grow(
    session: &Session,
    settings: &Settings,
    target: Target<'_>,
) -> Result<Vec<Case>, Failure> {
    let portion = (settings.records / settings.segments).max(1);
    let mut runs = vec![Vec::new(); usize::try_from(settings.segments).unwrap_or(1)];
    for round in 1..=session.runs {
        let mut rig = Rig::start(session, target).await?;
        let (mut after, mut grown) = (0, Vec::new());
        let mut load = Load::full(settings.shape, Amount::Records(portion));
        for _ in &runs {
            load.after = after;
            let run = rig.store(session, &load).await?.run;
            after += portion;
            let rate = run.value;
            say(format_args!(
                "{round}/{} up to {after} records: {rate:.0} {UNIT}",
                session.runs
            ));
            grown.push(run);
        }
        let fault = rig.fault(load.step(), 0).await?;
        rig.end().await?;
        for (runs, run) in runs.iter_mut().zip(grown) {
            runs.push(run.faulty(fault.clone()));
        }
    }
    let ends = (1..).map(|number| as_f64(number * portion) / 1e6);
    let cases = runs.into_iter().zip(ends).map(|(runs, end)| {
        let name = format!("up to {end:.2} million records, {}", settings.shape);
        Case::new(name, UNIT, runs)
    });
    Ok(cases.collect())
}
