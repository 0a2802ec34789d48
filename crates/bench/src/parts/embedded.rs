//! Part 3, into the embedded store, beside a bare loop over the same table.

use crate::bare::Bare;
use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::parts::median_of;
use crate::report::{Part, Ratio, Run};
use crate::rig::{self, Target};
use crate::session::Session;
use crate::tally::{STEP_NANOS, Tally};
use crate::verify;
use std::fmt;

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Logs a batch and connections, of each case.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1000x8,1000x64,10x64",
        value_name = "BATCHxCONNECTIONS,…"
    )]
    shapes: Vec<Shape>,
}

#[derive(Debug)]
enum Subject {
    Ours(Shape),
    Bare,
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(shape) => write!(out, "service, {shape}"),
            Self::Bare => out.write_str("bare rusqlite loop, 1000 rows a transaction"),
        }
    }
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let ours = settings.shapes.iter().copied().map(Subject::Ours);
    let subjects: Vec<Subject> = ours.chain([Subject::Bare]).collect();
    let cases = session
        .alternate(
            "logs/s",
            &subjects,
            async |subject: &Subject| match subject {
                Subject::Ours(shape) => {
                    let load = Load::full(*shape, Amount::Seconds(session.seconds));
                    rig::one_load(session, Target::Embedded, &load).await
                }
                Subject::Bare => bare(session).await,
            },
        )
        .await?;
    let limit = median_of(&cases, &Subject::Bare.to_string());
    let thousands = settings.shapes.iter().filter(|shape| shape.batch == 1000);
    let ratios = thousands.map(|shape| {
        let ours = median_of(&cases, &Subject::Ours(*shape).to_string());
        let what = format!("embedded, {shape}, against the bare loop");
        Ratio::more(what, ours / limit, Some((0.75, 0.9)))
    });
    Ok(Part {
        name: "Embedded store",
        ratios: ratios.collect(),
        cases,
    })
}

async fn bare(session: &Session) -> Result<Run, Failure> {
    let folder = session.programs.folder()?;
    let data = folder.path().to_path_buf();
    let seconds = session.bare_seconds();
    let loop_over = Bare::Sqlite { data, seconds };
    let done = loop_over.measure(&session.programs).await?;
    let mut tally = Tally::new(done.records, STEP_NANOS);
    verify::sqlite(folder.path(), &mut tally)?;
    Ok(done.rate("bare").faulty(tally.fault(0)))
}
