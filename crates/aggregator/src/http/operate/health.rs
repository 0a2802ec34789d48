//! `GET /health`: what the service knows of itself; 503 only while a batch could not be accepted.

use crate::access::Caller;
use crate::accounting::record_counts::RecordCounts;
use crate::breaker::{Snapshot, State as BreakerState};
use crate::deliver::dead_letters::DeadLetterSnapshot;
use crate::deliver::drain::DrainSnapshot;
use crate::http::audit;
use crate::http::services::Services;
use crate::search::tail::TailSnapshot;
use crate::worker::LaneSnapshot;
use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use spool::SpoolSnapshot;
use std::sync::Arc;
use store::StoreStatus;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    version: &'static str,
    instance: String,
    uptime_seconds: u64,
    store: StoreStatus,
    spool: SpoolSnapshot,
    rejected: DeadLetterSnapshot,
    records: RecordCounts,
    workers: Lanes<LaneSnapshot>,
    breakers: Lanes<Snapshot>,
    drain: DrainSnapshot,
    /// Whether one is being made; it holds up what puts records back and what forgets.
    backup_under_way: bool,
    memory: Memory,
    /// None where the store does not tell what is stored.
    tail: Option<TailSnapshot>,
    connections: usize,
    access: audit::Counts,
    log: Log,
}

/// For those who only ask whether it is well: a load balancer, the check of a container.
#[derive(Debug, Serialize)]
struct ForStrangers {
    status: &'static str,
    more: &'static str,
}

#[derive(Debug, Serialize)]
struct Lanes<T> {
    write: T,
    read: T,
}

/// Of the service's own log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    /// Lines that nobody read in time.
    left_out: u64,
}

/// Memory of requests under way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    reserved_bytes: usize,
    limit_bytes: usize,
    /// The same of answers under way.
    reads: Room,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Room {
    reserved_bytes: usize,
    limit_bytes: usize,
}

/// The handler.
pub(in crate::http) async fn health(
    State(services): State<Arc<Services>>,
    Extension(caller): Extension<Caller>,
) -> Response {
    let store = services.store.status();
    let (intake, retrieval) = (&services.intake, &services.retrieval);
    let spool = intake.spool().snapshot();
    let (readiness, problem) = readiness_of(&services, &store, &spool);
    let (status, word) = match readiness {
        Readiness::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Readiness::Degraded => (StatusCode::OK, "degraded"),
        Readiness::Ok => (StatusCode::OK, "ok"),
    };
    // The numbers are of all records.
    if !caller.sees_numbers() {
        let more = "is told to a token with the scope operate, or read and no filter";
        let told = ForStrangers { status: word, more };
        return (status, Json(told)).into_response();
    }
    let health = Health {
        status: word,
        problem,
        version: env!("CARGO_PKG_VERSION"),
        instance: services.instance.to_string(),
        uptime_seconds: services.clock.elapsed().as_secs(),
        store,
        spool,
        rejected: services.dead_letters.snapshot(),
        records: intake.accounting().snapshot(),
        workers: Lanes {
            write: services.drain.lane(),
            read: retrieval.lane(),
        },
        breakers: Lanes {
            write: services.drain.guard().snapshot(),
            read: retrieval.guard().snapshot(),
        },
        drain: services.drain.snapshot(),
        backup_under_way: services.backups.is_under_way(),
        memory: Memory {
            reserved_bytes: services.admission.reserved(),
            limit_bytes: services.admission.limit(),
            reads: Room {
                reserved_bytes: retrieval.room().reserved(),
                limit_bytes: retrieval.room().limit(),
            },
        },
        tail: services.tails.as_ref().map(|tails| tails.snapshot()),
        connections: services.connections.open(),
        access: services.audit.counts(),
        log: Log {
            left_out: program::standard_error::left_out(),
        },
    };
    (status, Json(health)).into_response()
}

/// Whether batches are taken and go on to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) enum Readiness {
    /// They are.
    Ok,
    /// They are taken, and wait; or something could be better.
    Degraded,
    /// They are refused.
    Unavailable,
}

/// How ready the service is, and what is in the way.
pub(in crate::http) fn readiness(services: &Services) -> (Readiness, Option<String>) {
    let spool = services.intake.spool().snapshot();
    readiness_of(services, &services.store.status(), &spool)
}

/// The same, by what is known of both already.
pub(in crate::http) fn readiness_of(
    services: &Services,
    store: &StoreStatus,
    spool: &SpoolSnapshot,
) -> (Readiness, Option<String>) {
    let refused = services.refusal();
    let of_store = |available| (store.available == available).then(|| store.problem.clone());
    let away = of_store(false).flatten();
    // What only could be better comes last.
    let waits = away
        .or_else(|| services.drain.problem())
        .or_else(|| services.dead_letters.problem())
        .or(of_store(true).flatten())
        .or_else(|| services.access.problem())
        .or_else(|| services.tls.as_ref()?.problem());
    let waits = with_held(services, spool.problem.clone().or(waits));
    let readiness = match (&refused, &waits) {
        (Some(_), _) => Readiness::Unavailable,
        (None, Some(_)) => Readiness::Degraded,
        (None, None) => Readiness::Ok,
    };
    (readiness, refused.or(waits))
}

/// Whatever else is in the way, with all that an operator holds and might have forgotten.
fn with_held(services: &Services, problem: Option<String>) -> Option<String> {
    let held = services.drain.pause_problem().into_iter();
    let held = held.chain(held_breakers(services));
    let mut told: Vec<String> = problem.into_iter().collect();
    for one in held {
        if !told.contains(&one) {
            told.push(one);
        }
    }
    (!told.is_empty()).then(|| told.join("; "))
}

fn held_breakers(services: &Services) -> impl Iterator<Item = String> {
    services.guards().into_iter().filter_map(|(lane, guard)| {
        let held = match guard.snapshot().state {
            BreakerState::ForcedOpen => "open",
            BreakerState::ForcedClosed => "closed",
            BreakerState::Closed | BreakerState::Open | BreakerState::HalfOpen => return None,
        };
        Some(format!(
            "the breaker of the {lane} lane is held {held} by an operator"
        ))
    })
}
