//! `GET /metrics`: what the parts of the service count, as Prometheus reads it.
//!
//! Nothing is counted here: a file below asks the parts of one kind what they know, and writes it.

mod blocks;
mod process;
mod records;
mod requests;
mod service;
mod spool;
mod store;
mod tail;
mod written;

use crate::http::error::ApiError;
use crate::http::negotiation;
use crate::http::services::Services;
use ::store::figures::Figures;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use written::Written;

/// How long the store may take to tell its numbers.
const PATIENCE: Duration = Duration::from_secs(2);

/// Scrapes at one time: each looks at all that the process has open.
static SCRAPES: Semaphore = Semaphore::const_new(2);

/// What the names of all series begin with, but for those of the process.
const PREFIX: &str = "aggregator";

/// Prometheus's own text first: it is what anybody gets who names nothing.
const OFFERS: &[&[&str]] = &[&["text/plain"], &["application/openmetrics-text"]];
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The handler.
pub(in crate::http) async fn metrics(
    State(services): State<Arc<Services>>,
    wishes: HeaderMap,
) -> Result<Response, ApiError> {
    let is_open = negotiation::preferred(&wishes, header::ACCEPT, OFFERS) == Some(1);
    let _one_of_few = SCRAPES.acquire().await.map_err(|_| ApiError::internal())?;
    // A disk that stands still holds up nothing else that is told.
    let figures = tokio::time::timeout(PATIENCE, services.store.figures());
    let figures = figures.await.unwrap_or_default();
    let service = Service { services, figures };
    // The process is asked for what it has open, which may be much.
    let writing = tokio::task::spawn_blocking(move || write(service, is_open));
    let written = writing.await.map_err(|_| ApiError::internal())?;
    let written = written.map_err(|_| ApiError::internal())?;
    let content_type = match is_open {
        true => OPEN_METRICS,
        false => prometheus_text::CONTENT_TYPE,
    };
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::VARY, "accept"),
    ];
    Ok((headers, written).into_response())
}

fn write(service: Service, is_open: bool) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(process::Process));
    let of_service = registry.sub_registry_with_prefix(PREFIX);
    of_service.register_collector(Box::new(service));
    let mut written = String::new();
    match is_open {
        true => text::encode(&mut written, &registry)?,
        false => prometheus_text::encode(&mut written, &registry)?,
    }
    Ok(written)
}

/// All that the service knows of itself.
struct Service {
    services: Arc<Services>,
    figures: Figures,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Service")
    }
}

impl Collector for Service {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let out = &mut Written::new(encoder);
        let services = &*self.services;
        service::write(services, out)?;
        requests::write(services, out)?;
        records::write(services, out)?;
        spool::write(services, out)?;
        store::write(services, out)?;
        tail::write(services, out)?;
        blocks::write(&self.figures, out)
    }
}
