//! One invocation: the programs, how long and how often, and the rounds of runs that are compared.

use crate::failure::Failure;
use crate::mongod::Mongod;
use crate::programs::Programs;
use crate::report::{Case, Run};
use crate::table::number;
use std::fmt::Display;
use std::io::{self, Write as _};

/// What every part works with.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) programs: Programs,
    /// Runs of each case.
    pub(crate) runs: usize,
    /// Length of a run that writes.
    pub(crate) seconds: u64,
    /// Memory of MongoDB's cache.
    pub(crate) cache_gb: f64,
}

impl Session {
    /// A MongoDB server of its own.
    pub(crate) async fn mongod(&self) -> Result<Mongod, Failure> {
        let mongod = Mongod::start(&self.programs, self.cache_gb).await?;
        say(format_args!("mongod {}", mongod.version()));
        Ok(mongod)
    }

    /// Length of a run of a bare program.
    #[expect(clippy::cast_precision_loss, reason = "a few seconds")]
    pub(crate) fn bare_seconds(&self) -> f64 {
        self.seconds as f64
    }

    /// Length of a run that only finds out what is best.
    pub(crate) fn trial_seconds(&self) -> f64 {
        (self.bare_seconds() / 5.0).clamp(0.5, 3.0)
    }

    /// Runs every subject once in each round, in turn: first to last, then last to first. So what the
    /// machine does meanwhile, and what one run leaves behind for the next, falls on all of them.
    pub(crate) async fn alternate<S: Display>(
        &self,
        unit: &'static str,
        subjects: &[S],
        mut run: impl AsyncFnMut(&S) -> Result<Run, Failure>,
    ) -> Result<Vec<Case>, Failure> {
        let mut runs = vec![Vec::new(); subjects.len()];
        for round in 0..self.runs {
            let mut turn: Vec<_> = subjects.iter().zip(&mut runs).collect();
            if round % 2 == 1 {
                turn.reverse();
            }
            for (subject, runs) in turn {
                let done = run(subject).await?;
                let (value, round, of) = (done.value, round + 1, self.runs);
                let fault = done.fault.as_ref();
                let fault =
                    fault.map_or_else(String::new, |fault| format!(" DOES NOT COUNT: {fault}"));
                let value = number(value);
                say(format_args!(
                    "{round}/{of} {subject}: {value} {unit}{fault}"
                ));
                runs.push(done);
            }
        }
        let cases = subjects.iter().zip(runs);
        let cases = cases.map(|(subject, runs)| Case::new(subject.to_string(), unit, runs));
        Ok(cases.collect())
    }
}

/// Tells on standard error how far it is.
pub(crate) fn say(what: impl Display) {
    // Nobody has to listen.
    drop(writeln!(io::stderr(), "{what}"));
}
