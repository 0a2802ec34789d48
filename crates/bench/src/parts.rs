//! The parts of the benchmark: a file each.

pub(crate) mod acceptance;
pub(crate) mod embedded;
pub(crate) mod growth;
pub(crate) mod latency;
pub(crate) mod mongodb;
pub(crate) mod reading;
pub(crate) mod searching;
pub(crate) mod size;

use crate::failure::Failure;
use crate::report::Case;
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
    /// Measures on each of them in turn.
    async fn each(
        self,
        session: &Session,
        mut measure: impl AsyncFnMut(Target<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        if self != Self::Embedded {
            let mongod = session.mongod().await?;
            measure(Target::MongoDb(&mongod)).await?;
        }
        if self != Self::Mongodb {
            measure(Target::Embedded).await?;
        }
        Ok(())
    }
}

/// The median of a case; NaN when it was not measured.
fn median_of(cases: &[Case], name: &str) -> f64 {
    let case = cases.iter().find(|case| case.name == name);
    case.map_or(f64::NAN, |case| case.median)
}
