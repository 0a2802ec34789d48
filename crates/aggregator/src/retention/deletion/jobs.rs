//! All jobs: those that are kept in their file, and what is known of them while they run.

use super::job::{Job, State};
use super::kept::Place;
use super::question::Question;
use logs::Timestamp;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Jobs that have not ended.
const MOST_OPEN: usize = 16;
/// Those that have, of which the oldest are forgotten.
const MOST_ENDED: usize = 100;

/// Why none is begun.
#[derive(Debug, thiserror::Error)]
pub enum NotBegun {
    /// As many as may be wait for one another.
    #[error("{MOST_OPEN} deletions are under way or wait already")]
    TooMany,
    /// It cannot be kept.
    #[error("the deletion cannot be noted on the disk: {0}")]
    Disk(#[from] io::Error),
}

/// Why one is not ended.
#[derive(Debug, thiserror::Error)]
pub enum NotCancelled {
    /// Records are being removed, or it is over.
    #[error("the deletion is {}: only one that waits can be ended", .0.name())]
    State(State),
    /// That cannot be kept.
    #[error("that cannot be noted on the disk: {0}")]
    Disk(#[from] io::Error),
}

/// What a job waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitsFor {
    /// The aggregator, as others know it.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was seen last.
    pub seen: Option<Timestamp>,
    /// What of it is waited for, and what stands in the way, in a sentence.
    pub what: String,
}

/// A job, with what is known of it at present.
#[derive(Debug, Clone)]
pub struct Told {
    /// The job.
    pub job: Job,
    /// What it waits for.
    pub waits_for: Vec<WaitsFor>,
    /// What holds it up.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Live {
    own: Option<WaitsFor>,
    others: Vec<WaitsFor>,
    problem: Option<String>,
}

/// All of them.
pub(super) struct Jobs {
    place: Arc<Place>,
    all: Mutex<Vec<(Job, Live)>>,
    /// Held by whoever writes the file, so that a later state is never replaced by an earlier one.
    writing: tokio::sync::Mutex<()>,
    pub(super) news: Notify,
}

impl Jobs {
    /// Those that are kept in a place.
    pub(super) fn of(place: Place) -> Self {
        let kept = place.read().unwrap_or_else(|error| {
            let aside = place.set_aside();
            tracing::error!(%error, ?aside, "what is known of deletions cannot be read and is put aside: one that was under way does not go on");
            Vec::new()
        });
        let all = kept.into_iter().map(|job| (job, Live::default()));
        Self {
            place: Arc::new(place),
            all: Mutex::new(all.collect()),
            writing: tokio::sync::Mutex::default(),
            news: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Job, Live)>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings all of them to the disk.
    pub(super) async fn keep(&self) -> io::Result<()> {
        let _alone = self.writing.lock().await;
        let jobs = self.lock().iter().map(|(job, _)| job.clone()).collect();
        let place = Arc::clone(&self.place);
        let written = tokio::task::spawn_blocking(move || place.write(jobs)).await;
        written.unwrap_or_else(|error| Err(io::Error::other(error)))
    }

    pub(super) async fn begin(
        &self,
        question: Question,
        without: Vec<String>,
    ) -> Result<Told, NotBegun> {
        let job = Job::new(question, without);
        {
            let mut all = self.lock();
            let is_open = |(job, _): &&(Job, Live)| !job.state.has_ended();
            if all.iter().filter(is_open).count() >= MOST_OPEN {
                return Err(NotBegun::TooMany);
            }
            forget_oldest(&mut all);
            all.push((job.clone(), Live::default()));
        }
        if let Err(error) = self.keep().await {
            self.lock().retain(|(other, _)| other.id != job.id);
            return Err(error.into());
        }
        let (id, filters) = (&job.id, job.filters.join(", "));
        tracing::info!(id, filters, "records are going to be deleted on purpose");
        self.news.notify_one();
        Ok(told(&(job, Live::default())))
    }

    pub(super) async fn cancel(
        &self,
        id: &str,
        now: Timestamp,
    ) -> Option<Result<Told, NotCancelled>> {
        let before = {
            let mut all = self.lock();
            let (job, _) = all.iter_mut().find(|(job, _)| job.id == id)?;
            if job.state != State::Waiting {
                return Some(Err(NotCancelled::State(job.state)));
            }
            let before = job.clone();
            job.end(State::Cancelled, now);
            before
        };
        if let Err(error) = self.keep().await {
            // The next start would go on with it.
            if let Some((job, _)) = self.lock().iter_mut().find(|(job, _)| job.id == id) {
                *job = before;
            }
            return Some(Err(error.into()));
        }
        tracing::info!(id, "a deletion is ended by an operator");
        self.one(id).map(Ok)
    }

    pub(super) fn all(&self) -> Vec<Told> {
        self.lock().iter().rev().map(told).collect()
    }

    pub(super) fn one(&self, id: &str) -> Option<Told> {
        let all = self.lock();
        all.iter().find(|(job, _)| job.id == id).map(told)
    }

    /// Whether this is one of them.
    pub(super) fn has(&self, id: &str) -> bool {
        self.lock().iter().any(|(job, _)| job.id == id)
    }

    /// The first that has not ended.
    pub(super) fn next(&self) -> Option<Job> {
        let all = self.lock();
        let open = all.iter().find(|(job, _)| !job.state.has_ended());
        open.map(|(job, _)| job.clone())
    }

    /// Changes one, unless it has ended; whether that was done.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut Job)) -> bool {
        let mut all = self.lock();
        let found = all.iter_mut().find(|(job, _)| job.id == id);
        match found.filter(|(job, _)| !job.state.has_ended()) {
            Some((job, live)) => {
                change(job);
                if job.state.has_ended() {
                    *live = Live::default();
                }
                true
            }
            None => false,
        }
    }

    /// Notes what stands in its way; `None` when nothing does any more.
    pub(super) fn tell_problem(&self, id: &str, problem: Option<String>) {
        self.live(id, |live| live.problem = problem);
    }

    /// Notes what it waits for here.
    pub(super) fn tell_own(&self, id: &str, own: Option<WaitsFor>) {
        self.live(id, |live| live.own = own);
    }

    /// Notes the others that it waits for.
    pub(super) fn tell_others(&self, id: &str, others: Vec<WaitsFor>) {
        self.live(id, |live| live.others = others);
    }

    fn live(&self, id: &str, note: impl FnOnce(&mut Live)) {
        let mut all = self.lock();
        let found = all.iter_mut().find(|(job, _)| job.id == id);
        if let Some((_, live)) = found.filter(|(job, _)| !job.state.has_ended()) {
            note(live);
        }
    }
}

fn told((job, live): &(Job, Live)) -> Told {
    let waits_for = match job.state {
        State::Waiting => live.own.iter().chain(&live.others).cloned().collect(),
        _ => Vec::new(),
    };
    Told {
        job: job.clone(),
        waits_for,
        problem: live.problem.clone(),
    }
}

fn forget_oldest(all: &mut Vec<(Job, Live)>) {
    let ended = all.iter().filter(|(job, _)| job.state.has_ended()).count();
    let mut surplus = ended.saturating_sub(MOST_ENDED);
    all.retain(|(job, _)| {
        let goes = surplus > 0 && job.state.has_ended();
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question() -> Question {
        Question::of("q=x".to_owned(), Timestamp::from_nanos(7), false).unwrap()
    }

    #[tokio::test]
    async fn jobs_outlast_a_process_and_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Jobs::of(Place::of(folder.path()));
        let jobs = open();
        let first = jobs.begin(question(), Vec::new()).await.unwrap().job;
        for _ in 1..MOST_OPEN {
            jobs.begin(question(), Vec::new()).await.unwrap();
        }
        let more = jobs.begin(question(), Vec::new()).await;
        assert!(matches!(more, Err(NotBegun::TooMany)));
        drop(jobs);
        let jobs = open();
        assert_eq!(jobs.next(), Some(first));
        let now = Timestamp::from_nanos(9);
        for _ in 0..MOST_ENDED + 3 {
            let id = jobs.next().unwrap().id;
            jobs.change(&id, |job| job.end(State::Done, now));
            jobs.begin(question(), Vec::new()).await.unwrap();
        }
        let all = open().all();
        let ended = all.iter().filter(|told| told.job.state.has_ended());
        assert_eq!(
            (ended.count(), all.len()),
            (MOST_ENDED, MOST_ENDED + MOST_OPEN)
        );
    }

    #[tokio::test]
    async fn what_was_asked_for_is_forgotten_with_the_end_of_a_job() {
        let folder = tempfile::tempdir().unwrap();
        let jobs = Jobs::of(Place::of(folder.path()));
        let id = jobs.begin(question(), Vec::new()).await.unwrap().job.id;
        let file = || std::fs::read_to_string(folder.path().join("deletions.json")).unwrap();
        assert!(file().contains("q=x"));
        let now = Timestamp::from_nanos(9);
        let told = jobs.cancel(&id, now).await.unwrap().unwrap();
        assert_eq!(told.job.state, State::Cancelled);
        assert!(!file().contains("q=x"));
        let again = jobs.cancel(&id, now).await.unwrap();
        assert!(matches!(again, Err(NotCancelled::State(State::Cancelled))));
        assert!(jobs.cancel("none", now).await.is_none());
        assert!(!jobs.change(&id, |job| job.removed = 1));
    }
}
