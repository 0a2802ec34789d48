//! `GET /health`: what the service knows of itself; 503 only while a batch could not be accepted.

use super::Services;
use crate::breaker::Snapshot;
use crate::store::StoreStatus;
use crate::worker::LaneSnapshot;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    version: &'static str,
    uptime_seconds: u64,
    store: StoreStatus,
    workers: Lanes<LaneSnapshot>,
    breakers: Lanes<Snapshot>,
    memory: Memory,
    connections: usize,
}

#[derive(Debug, Serialize)]
struct Lanes<T> {
    write: T,
    read: T,
}

/// Memory of requests under way.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    reserved_bytes: usize,
    limit_bytes: usize,
}

/// The handler.
pub(super) async fn health(State(services): State<Arc<Services>>) -> Response {
    let store = services.store.status();
    let (intake, retrieval) = (&services.intake, &services.retrieval);
    let problem = if services.stopping.is_cancelled() {
        Some("the service is stopping".to_owned())
    } else if !store.available {
        store.problem.clone()
    } else {
        let held = intake.guard().retry_after();
        held.map(|wait| {
            format!(
                "calls to the store are held back for {} ms",
                wait.as_millis()
            )
        })
    };
    let status = if problem.is_some() {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    let health = Health {
        status: if problem.is_some() {
            "unavailable"
        } else {
            "ok"
        },
        problem,
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: services.clock.elapsed().as_secs(),
        store,
        workers: Lanes {
            write: intake.lane(),
            read: retrieval.lane(),
        },
        breakers: Lanes {
            write: intake.guard().snapshot(),
            read: retrieval.guard().snapshot(),
        },
        memory: Memory {
            reserved_bytes: services.admission.reserved(),
            limit_bytes: services.admission.limit(),
        },
        connections: services.connections.open(),
    };
    (status, Json(health)).into_response()
}
