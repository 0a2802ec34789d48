//! One program's way to read something, and the rows that it must find.

use crate::bare::{Bare, Done};
use crate::failure::Failure;
use crate::report::Run;
use crate::rig::Rig;
use crate::session::Session;
use std::fmt;

/// What is read, and how.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) bare: Bare,
    /// Rows that it must find.
    pub(super) rows: u64,
}

impl fmt::Display for Subject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl Subject {
    /// Reads it once, in rows a second; a run that finds another number of them does not count.
    pub(super) async fn read(
        &self,
        session: &Session,
        rig: &Rig<'_>,
    ) -> Result<(Run, Done), Failure> {
        let before = rig.before()?;
        let done = self.bare.measure(&session.programs).await?;
        let run = rig.add_usage(done.rate("reader"), &before)?;
        let (rows, expected) = (done.records, self.rows);
        let fault =
            (rows != expected).then(|| format!("{rows} rows were read, {expected} are there"));
        Ok((run.faulty(fault), done))
    }
}
