//! `GET /stats`: what the store holds, who sends, how much, and what they were told.

use crate::access::Caller;
use crate::accounting::senders::SendersStatistics;
use crate::http::error::ApiError;
use crate::http::services::Services;
use crate::search::retrieval::is_too_slow;
use crate::search::statistics::{Asked, NotAll, StoreStatistics};
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;

/// How much longer than it is given the store is waited for: senders are told without it as well.
const GRACE: Duration = Duration::from_secs(2);

const TOO_SLOW: &str = "the store needs more time for it than QUERY_MAX_TIME";

/// All of it.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Answer {
    store: OfStore,
    #[serde(flatten)]
    senders: SendersStatistics,
}

#[derive(Debug, Serialize)]
struct OfStore {
    kind: &'static str,
    #[serde(flatten)]
    statistics: StoreStatistics,
    /// Why something of it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// The handler.
pub(in crate::http) async fn stats(
    State(services): State<Arc<Services>>,
    Extension(caller): Extension<Caller>,
) -> Json<Answer> {
    Json(Answer {
        store: of_store(&services, &caller).await,
        senders: services.senders.snapshot(services.clock.elapsed()),
    })
}

/// Whoever may operate may know of all records, as `/logs/rejected` shows whole ones.
async fn of_store(services: &Services, caller: &Caller) -> OfStore {
    let time = services.limits().query_max_time;
    let asked = Asked {
        retrieval: &services.retrieval,
        clock: &services.clock,
        owner: caller.token().map(|token| Arc::clone(&token.name)),
        time,
    };
    let mut statistics = StoreStatistics::default();
    let gathering = asked.gather(&mut statistics);
    let gathered = tokio::time::timeout(time.saturating_add(GRACE), gathering).await;
    let problem = match gathered {
        Ok(Ok(())) => None,
        Ok(Err(NotAll::Failed(error))) if is_too_slow(&error) => Some(TOO_SLOW.to_owned()),
        Ok(Err(NotAll::Failed(error))) => Some(sentence(error)),
        Ok(Err(NotAll::NotBegun(error))) => Some(sentence(error)),
        Err(_) => Some(sentence(StoreError::Timeout)),
    };
    OfStore {
        kind: services.store.status().kind,
        statistics,
        problem,
    }
}

/// As it would be told of a request that failed for it.
fn sentence(error: impl Into<ApiError>) -> String {
    let error: ApiError = error.into();
    error.message().to_owned()
}
