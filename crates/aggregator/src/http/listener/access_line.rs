//! A line in the log for each request once its answer is over, for those who ask for it: `debug`, of a target of its own.

use crate::http::audit::known;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use logs::clock::Clock;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::{Level, Span};

const TARGET: &str = "aggregator::http::requests";

/// Which address a request came to, among its extensions where that is to be told.
#[derive(Clone, Default)]
pub struct Route(Arc<OnceLock<MatchedPath>>);

impl Route {
    /// Has it told, if it is to be.
    pub fn note<B>(request: &Request<B>) {
        let extensions = request.extensions();
        if let Some(route) = extensions.get::<Self>()
            && let Some(matched) = extensions.get::<MatchedPath>()
        {
            route.0.get_or_init(|| matched.clone());
        }
    }
}

/// What is told when it is dropped.
pub(super) struct AccessLine {
    span: Span,
    clock: Arc<dyn Clock>,
    began: Duration,
    method: Method,
    route: Route,
    /// None: nothing was answered, because the client had left.
    pub(super) status: Option<StatusCode>,
    /// Of the body that was sent.
    pub(super) bytes: usize,
}

impl AccessLine {
    /// Begins with a request; `None` where nobody asks for it.
    pub(super) fn begin<B>(
        request: &mut Request<B>,
        span: &Span,
        clock: &Arc<dyn Clock>,
    ) -> Option<Box<Self>> {
        if !tracing::enabled!(target: TARGET, Level::DEBUG) {
            return None;
        }
        let route = Route::default();
        request.extensions_mut().insert(route.clone());
        Some(Box::new(Self {
            span: span.clone(),
            clock: Arc::clone(clock),
            began: clock.elapsed(),
            method: request.method().clone(),
            route,
            status: None,
            bytes: 0,
        }))
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let took = self.clock.elapsed().saturating_sub(self.began);
        tracing::debug!(
            target: TARGET,
            parent: &self.span,
            method = known(&self.method),
            route = self.route.0.get().map(MatchedPath::as_str),
            status = self.status.map(|status| status.as_u16()),
            bytes = self.bytes,
            took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}
