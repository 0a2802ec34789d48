//! Says to the other aggregators on the same store that this one is there, and answers what they ask when records are to
//! be deleted: when nothing is left outside of the store that was taken here by then.

use super::Shared;
use super::question::Question;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;
use store::aggregators::{Aggregators, Request};
use tokio::task::JoinSet;

/// Between two times that it is said.
const PAUSE: Duration = Duration::from_secs(2);
/// Where the user may not say it, or ask.
const LONG_PAUSE: Duration = Duration::from_secs(60);
/// What a stop waits for a store to take note of it.
const LEAVING: Duration = Duration::from_secs(1);

/// Runs until it is dropped.
pub(super) async fn run(shared: Arc<Shared>, others: Arc<dyn Aggregators>) {
    let (mut answering, mut answered) = (JoinSet::new(), HashSet::new());
    let mut is_told = false;
    loop {
        let deadline = shared.clock.elapsed() + shared.timeout;
        let mut pause = PAUSE;
        // Held while it is said, so that nobody says it after it was taken back.
        let has_left = shared.has_left.lock().await;
        if *has_left {
            return;
        }
        let said = others.is_here(&shared.me, deadline).await;
        drop(has_left);
        match said {
            Ok(requests) => {
                is_told = false;
                let open: HashSet<String> = requests.iter().map(|one| one.id.clone()).collect();
                answered.retain(|id| open.contains(id));
                for request in requests {
                    if !shared.jobs.has(&request.id) && answered.insert(request.id.clone()) {
                        let (shared, others) = (Arc::clone(&shared), Arc::clone(&others));
                        answering.spawn(answer(shared, others, request));
                    }
                }
            }
            Err(error @ StoreError::Rejected(_)) => {
                pause = LONG_PAUSE;
                if !std::mem::replace(&mut is_told, true) {
                    tracing::warn!(%error, "other aggregators cannot be told that this one is there: a deletion by one of them does not wait for what is in its spool");
                }
            }
            // It is told elsewhere that the store is away.
            Err(_) => {}
        }
        while answering.try_join_next().is_some() {}
        tokio::time::sleep(pause).await;
    }
}

async fn answer(shared: Arc<Shared>, others: Arc<dyn Aggregators>, request: Request) {
    let question: Option<Question> = serde_json::from_str(&request.records).ok();
    let query = question.and_then(|question| question.query().ok());
    let Some(query) = query else {
        let id = &request.id;
        tracing::error!(
            id,
            "another aggregator deletes records, and which ones cannot be read here: it waits for this one until that has a version that can, or is left out"
        );
        return;
    };
    let letters = shared.holdings.clear(&Arc::new(query), |_| {}).await;
    loop {
        let deadline = shared.clock.elapsed() + shared.timeout;
        let answered = others
            .answer(&shared.me, &request.id, letters.matching, deadline)
            .await;
        if answered.is_ok() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Has others forget this one, if it has nothing that they would have to wait for.
pub(super) async fn leave(shared: &Shared) {
    let Some(others) = &shared.others else {
        return;
    };
    if shared.jobs.next().is_some() || !shared.holdings.are_empty() {
        return;
    }
    let leaving = async {
        *shared.has_left.lock().await = true;
        let deadline = shared.clock.elapsed() + LEAVING;
        others.leaves(&shared.me, deadline).await
    };
    // Not told: then it is waited for until it comes again, or is left out.
    drop(tokio::time::timeout(LEAVING, leaving).await);
}
