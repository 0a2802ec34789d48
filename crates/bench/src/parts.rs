//! The parts of the benchmark: a file each.

pub(crate) mod acceptance;
pub(crate) mod embedded;
pub(crate) mod growth;
pub(crate) mod latency;
pub(crate) mod mongodb;
pub(crate) mod reading;
pub(crate) mod size;

use crate::report::Case;

/// Which stores a part is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Stores {
    Mongodb,
    Embedded,
    Both,
}

impl Stores {
    fn mongodb(self) -> bool {
        self != Self::Embedded
    }

    fn embedded(self) -> bool {
        self != Self::Mongodb
    }
}

/// The median of a case; NaN when it was not measured.
fn median_of(cases: &[Case], name: &str) -> f64 {
    let case = cases.iter().find(|case| case.name == name);
    case.map_or(f64::NAN, |case| case.median)
}
