//! The same records as several programs or layouts keep them, asked the same in turn.

use super::median_of;
use super::questions::Question;
use super::spread::Spread;
use crate::bare::{Bare, Done};
use crate::failure::Failure;
use crate::peer::VictoriaLogs;
use crate::report::{Case, Run};
use crate::rig::Rig;
use crate::session::Session;
use std::fmt;

/// Who keeps them.
pub(super) enum Keeper<'a> {
    Ours(Rig<'a>),
    Peer(VictoriaLogs),
}

/// Records that are kept, and what is wrong with them, if anything is.
pub(super) struct Kept<'a> {
    pub(super) name: &'static str,
    pub(super) keeper: Keeper<'a>,
    pub(super) fault: Option<String>,
}

/// A question to one of them.
struct Subject<'a> {
    kept: &'a Kept<'a>,
    bare: Bare,
    name: String,
    rows: u64,
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

/// What was measured, a case for each.
pub(super) struct Asked {
    pub(super) cases: Vec<Case>,
    question: &'static str,
}

impl Asked {
    /// The median of one of them, in milliseconds.
    pub(super) fn median(&self, name: &str) -> f64 {
        median_of(&self.cases, &format!("{name}, {}", self.question))
    }
}

/// Asks each of them. No run counts where one finds another number of records than the others: it would
/// have been asked something else.
pub(super) async fn ask(
    session: &Session,
    all: &[Kept<'_>],
    question: &Question,
    spread: &Spread,
) -> Result<Asked, Failure> {
    let mut subjects = Vec::new();
    for kept in all {
        let bare = match &kept.keeper {
            Keeper::Ours(rig) => question.of(rig, spread),
            Keeper::Peer(peer) => question.of_peer(peer, spread)?,
        };
        let rows = bare.measure(&session.programs).await?.records;
        let name = format!("{}, {}", kept.name, question.what);
        subjects.push(Subject {
            kept,
            bare,
            name,
            rows,
        });
    }
    let differing = differing(&subjects);
    let measured = session.alternate("ms", &subjects, async |subject: &Subject<'_>| {
        let (run, done) = subject.read(session).await?;
        let (found, rows) = (done.records, subject.rows);
        let changed = (found != rows).then(|| format!("{found} records are found, then {rows}"));
        let run = Run {
            value: done.seconds * 1e3,
            ..run
        };
        let run = run.faulty(subject.kept.fault.clone());
        Ok(run.faulty(differing.clone()).faulty(changed))
    });
    Ok(Asked {
        cases: measured.await?,
        question: question.what,
    })
}

/// The numbers of records that are found, where they are not all the same, or none.
fn differing(subjects: &[Subject<'_>]) -> Option<String> {
    let first = subjects.first().map_or(0, |subject| subject.rows);
    if first > 0 && subjects.iter().all(|subject| subject.rows == first) {
        return None;
    }
    let told = subjects.iter().map(|subject| {
        let (name, rows) = (subject.kept.name, subject.rows);
        format!("{name} {rows}")
    });
    let told: Vec<String> = told.collect();
    Some(format!("records found: {}", told.join(", ")))
}

impl Subject<'_> {
    async fn read(&self, session: &Session) -> Result<(Run, Done), Failure> {
        match &self.kept.keeper {
            Keeper::Ours(rig) => {
                let before = rig.before()?;
                let done = self.bare.measure(&session.programs).await?;
                Ok((rig.add_usage(done.rate("reader"), &before)?, done))
            }
            Keeper::Peer(peer) => {
                let before = peer.usage()?.cpu_seconds;
                let done = self.bare.measure(&session.programs).await?;
                let mut usage = peer.usage()?;
                usage.cpu_seconds -= before;
                Ok((done.rate("reader").with("victorialogs", usage), done))
            }
        }
    }
}

impl Kept<'_> {
    /// The most memory that was held, in MiB.
    pub(super) fn peak_rss_mib(&self) -> Result<f64, Failure> {
        let usage = match &self.keeper {
            Keeper::Ours(rig) => rig.service().usage()?,
            Keeper::Peer(peer) => peer.usage()?,
        };
        Ok(usage.peak_rss_mib)
    }

    /// Ends it and removes the records.
    pub(super) async fn end(self) -> Result<(), Failure> {
        match self.keeper {
            Keeper::Ours(rig) => rig.end().await,
            Keeper::Peer(peer) => peer.end().await,
        }
    }
}
