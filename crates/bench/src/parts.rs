//! The parts of the benchmark: a file each.

pub(crate) mod acceptance;
mod bytes;
mod day;
pub(crate) mod embedded;
pub(crate) mod growth;
mod kept;
pub(crate) mod latency;
pub(crate) mod layouts;
pub(crate) mod merging;
pub(crate) mod mongodb;
pub(crate) mod protocols;
mod questions;
pub(crate) mod reading;
mod real_text;
pub(crate) mod searching;
pub(crate) mod size;
pub(crate) mod small_blocks;
mod spread;
mod storing;
mod subject;

use crate::failure::Failure;
use crate::report::{Case, Part};
use crate::rig::Target;
use crate::session::Session;

/// Which stores a part is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stores {
    Mongodb,
    Embedded,
    Both,
}

impl Stores {
    /// A part that is measured on each of them in turn.
    async fn part(
        self,
        session: &Session,
        name: &'static str,
        mut measure: impl AsyncFnMut(Target<'_>, &mut Part) -> Result<(), Failure>,
    ) -> Result<Part, Failure> {
        let mut part = Part {
            name,
            cases: Vec::new(),
            ratios: Vec::new(),
        };
        if self != Self::Embedded {
            let mongod = session.mongod().await?;
            measure(Target::MongoDb(&mongod), &mut part).await?;
        }
        if self != Self::Mongodb {
            measure(Target::Embedded, &mut part).await?;
        }
        Ok(part)
    }
}

/// The median of a case; NaN when it was not measured.
fn median_of(cases: &[Case], name: &str) -> f64 {
    let case = cases.iter().find(|case| case.name == name);
    case.map_or(f64::NAN, |case| case.median)
}
