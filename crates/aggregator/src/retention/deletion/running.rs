//! The steps of a job, one job after another.

use super::Shared;
use super::job::{Job, State};
use super::jobs::WaitsFor;
use super::passing::{InVain, erase, first, keep, pass};
use super::question::{Question, removal};
use query::Query;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::aggregators::{Aggregators, Request, Seen};
use store::removal::Purpose;

/// Between two looks whether others have answered, or somebody has ended the job.
const LOOK_PAUSE: Duration = Duration::from_millis(500);
/// After a call of the store that failed.
const FAILURE_PAUSE: Duration = Duration::from_secs(2);
/// Ways through the store. What matches and comes meanwhile is found by each, without end; nothing that was there before
/// is left after the second.
const LEAST_PASSES: u32 = 2;
const MOST_PASSES: u32 = 5;

/// How often it is tried to take a request back.
const CLOSING: u32 = 20;

/// Goes on with what is there, and with what comes.
pub(super) async fn run(shared: Arc<Shared>) {
    loop {
        match shared.jobs.next() {
            Some(job) => go_on(&shared, job).await,
            None => shared.jobs.news.notified().await,
        }
    }
}

async fn go_on(shared: &Shared, job: Job) {
    let id = job.id.clone();
    let ended = match &job.question {
        Some(question) => steps(shared, &job, question).await,
        None => Err(InVain("what it is about is not known any more".to_owned())),
    };
    let now = shared.clock.now();
    let (state, reason) = match ended {
        Ok(()) => (State::Done, None),
        Err(InVain(reason)) => (State::Failed, Some(reason)),
    };
    // One that somebody has ended meanwhile stays as it is.
    shared.jobs.change(&id, |job| {
        job.reason = reason;
        job.end(state, now);
    });
    keep(shared).await;
    if let Some(others) = &shared.others {
        close(shared, others, &id).await;
    }
    if let Some(told) = shared.jobs.one(&id) {
        let Job {
            state,
            removed,
            letters,
            reason,
            ..
        } = told.job;
        let state = state.name();
        tracing::info!(
            id,
            state,
            removed,
            letters,
            reason,
            "a deletion on purpose has ended"
        );
    }
}

/// All that is left to be done of a job.
async fn steps(shared: &Shared, job: &Job, question: &Question) -> Result<(), InVain> {
    let query = question
        .query()
        .map_err(|error| InVain(error.to_string()))?;
    let id = job.id.as_str();
    if job.state == State::Waiting {
        if !everything_stored(shared, job, question, &query).await {
            return Ok(());
        }
        if !shared.jobs.change(id, |job| job.state = State::Removing) {
            return Ok(());
        }
        keep(shared).await;
    }
    if matches!(job.state, State::Waiting | State::Removing) {
        let removal = Arc::new(removal(&query, Purpose::ForGood));
        for round in 1..=MOST_PASSES {
            let removed = pass(shared, id, &removal, first(&query)).await?;
            if round >= LEAST_PASSES && removed == 0 {
                break;
            }
            if round < MOST_PASSES {
                tokio::time::sleep(shared.writer.store.settles_within()).await;
            }
        }
        shared.jobs.change(id, |job| job.state = State::Erasing);
        keep(shared).await;
    }
    erase(shared, id).await;
    Ok(())
}

/// Waits until everything is in the store that was taken before, here and by others; false when somebody ends the job.
async fn everything_stored(shared: &Shared, job: &Job, question: &Question, query: &Query) -> bool {
    let id = job.id.as_str();
    let here = async {
        let query = Arc::new(query.clone());
        let tell = |waits| shared.jobs.tell_own(id, Some(waits));
        let letters = shared.holdings.clear(&query, tell).await;
        shared.jobs.tell_own(id, None);
        letters
    };
    let elsewhere = async {
        match &shared.others {
            Some(others) => others_stored(shared, others, job, question).await,
            None => 0,
        }
    };
    tokio::select! {
        (here, elsewhere) = async { tokio::join!(here, elsewhere) } => {
            shared.jobs.change(id, |job| {
                job.letters += here.matching + elsewhere;
                job.unreadable = here.unreadable;
            })
        }
        () = ended(shared, id) => false,
    }
}

async fn ended(shared: &Shared, id: &str) {
    while shared
        .jobs
        .one(id)
        .is_some_and(|told| !told.job.state.has_ended())
    {
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Waits for the other aggregators; how many refused records they have removed.
async fn others_stored(
    shared: &Shared,
    others: &Arc<dyn Aggregators>,
    job: &Job,
    question: &Question,
) -> u64 {
    let id = job.id.as_str();
    let request = Request {
        id: job.id.clone(),
        records: serde_json::to_string(question).unwrap_or_default(),
    };
    let deadline = || shared.clock.elapsed() + shared.timeout;
    while let Err(error) = others.ask(&request, deadline()).await {
        failed(shared, id, &error).await;
    }
    loop {
        match others.seen(id, deadline()).await {
            Ok(all) => {
                shared.jobs.tell_problem(id, None);
                let waits = all.iter().filter(|seen| is_waited_for(shared, job, seen));
                let waits: Vec<WaitsFor> = waits.map(waits_for).collect();
                let is_over = waits.is_empty();
                shared.jobs.tell_others(id, waits);
                if is_over {
                    return all.iter().filter_map(|seen| seen.answer).sum();
                }
                tokio::time::sleep(LOOK_PAUSE).await;
            }
            Err(error) => failed(shared, id, &error).await,
        }
    }
}

fn is_waited_for(shared: &Shared, job: &Job, seen: &Seen) -> bool {
    let is_left_out = job
        .without
        .iter()
        .any(|without| *without == seen.who.id || *without == seen.who.name);
    seen.who.id != shared.me.id && seen.answer.is_none() && !is_left_out
}

fn waits_for(seen: &Seen) -> WaitsFor {
    WaitsFor {
        id: seen.who.id.clone(),
        name: seen.who.name.clone(),
        seen: seen.at,
        what: "it has not said yet that all it had taken is stored".to_owned(),
    }
}

async fn failed(shared: &Shared, id: &str, error: &StoreError) {
    shared.jobs.tell_problem(id, Some(error.to_string()));
    tokio::time::sleep(FAILURE_PAUSE).await;
}

/// Others need not answer any more. When that cannot be said, they answer in vain.
async fn close(shared: &Shared, others: &Arc<dyn Aggregators>, id: &str) {
    for again in (0..CLOSING).rev() {
        let deadline = shared.clock.elapsed() + shared.timeout;
        match others.close(id, deadline).await {
            Ok(()) => return,
            Err(error) if again == 0 => {
                tracing::warn!(%error, id, "the request of a deletion to other aggregators could not be taken away");
            }
            Err(_) => tokio::time::sleep(FAILURE_PAUSE).await,
        }
    }
}
