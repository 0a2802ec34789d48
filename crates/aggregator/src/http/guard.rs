//! In front of every address: whether it answers whoever asks, and a refusal in the form of its protocol.

use super::asker::asker;
use super::error::ApiError;
use super::listener::Ends;
use super::services::Services;
use crate::access::Scope;
use axum::Extension;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::sync::Arc;

/// Gives a refusal the form of a protocol; the head is that of the request.
pub(super) type Refuse = fn(ApiError, &HeaderMap) -> Response;

/// What an address needs, and how it refuses.
#[derive(Clone, Copy)]
pub(super) struct Needs {
    /// None: it is for all.
    pub(super) scope: Option<Scope>,
    refuse: Refuse,
}

/// For all.
pub(super) const NOTHING: Needs = Needs::of(None, own);
/// Records that are sent in a form of our own.
pub(super) const INGEST: Needs = ingest(own);
/// Records that are read.
pub(super) const READ: Needs = Needs::of(Some(Scope::Read), own);
/// What is of those who run the service.
pub(super) const OPERATE: Needs = Needs::of(Some(Scope::Operate), own);

/// Records that are sent as another protocol has it.
pub(super) const fn ingest(refuse: Refuse) -> Needs {
    Needs::of(Some(Scope::Ingest), refuse)
}

impl Needs {
    const fn of(scope: Option<Scope>, refuse: Refuse) -> Self {
        Self { scope, refuse }
    }
}

fn own(error: ApiError, _: &HeaderMap) -> Response {
    error.into_response()
}

/// Asks before the body is read.
pub(super) async fn guard(
    State((services, needs)): State<(Arc<Services>, Needs)>,
    Extension(ends): Extension<Ends>,
    request: Request,
    next: Next,
) -> Response {
    let asker = asker(ends, request.uri(), request.headers());
    match services.access.check(needs.scope, &asker) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            let error = ApiError::from(refusal).closing();
            tell(&services, ends, &request, &error);
            (needs.refuse)(error, request.headers())
        }
    }
}

fn tell(services: &Services, ends: Ends, request: &Request, error: &ApiError) {
    const LONGEST_PATH: usize = 200;
    let now = services.clock.elapsed();
    if let Some(due) = services.refusals.note(error.code(), now) {
        let path: String = request.uri().path().chars().take(LONGEST_PATH).collect();
        let (sentence, others) = (error.message(), due.others());
        tracing::warn!(peer = %ends.peer, path, "a request is refused: {sentence}{others}");
    }
}
