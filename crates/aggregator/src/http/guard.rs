//! In front of every address: whether it answers whoever asks, and a refusal in the form of its protocol.

use super::asker::asker;
use super::error::ApiError;
use super::listener::Ends;
use super::services::Services;
use crate::access::Scope;
use crate::access::certificate::ClientCertificate;
use axum::extract::Request;
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::{Either, Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

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

/// For all, refused as another protocol has it.
pub(super) const fn nothing(refuse: Refuse) -> Needs {
    Needs::of(None, refuse)
}

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

/// Stands in front of addresses that need the same.
#[derive(Clone)]
pub(super) struct Guard {
    services: Arc<Services>,
    needs: Needs,
}

/// An address behind its guard.
#[derive(Clone)]
pub(super) struct Guarded<S> {
    guard: Guard,
    address: S,
}

impl Guard {
    pub(super) fn new(services: Arc<Services>, needs: Needs) -> Self {
        Self { services, needs }
    }

    /// The refusal, if it is not let in; else the request says from here on who asks.
    fn refusal(&self, request: &mut Request) -> Option<Response> {
        // The listener puts them into every request.
        let Some(ends) = request.extensions().get::<Ends>().copied() else {
            return Some(ApiError::internal().into_response());
        };
        let shown = || request.extensions().get::<Arc<ClientCertificate>>();
        let certificate = if ends.is_secure { shown() } else { None };
        let certificate = certificate.map(AsRef::as_ref);
        let asker = asker(ends, certificate, request.uri(), request.headers());
        // Whether there is such an address is no secret, and Docker's driver for Splunk asks so without its token.
        let needed = self
            .needs
            .scope
            .filter(|_| request.method() != Method::OPTIONS);
        match self.services.access.check(needed, &asker) {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                None
            }
            Err(refusal) => {
                let error = ApiError::from(refusal).closing();
                tell(&self.services, ends, request, &error);
                Some(challenge((self.needs.refuse)(error, request.headers())))
            }
        }
    }
}

// Not axum's `from_fn`, which costs a small request a tenth of its time.
impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, address: S) -> Guarded<S> {
        let guard = self.clone();
        Guarded { guard, address }
    }
}

impl<S: Service<Request, Response = Response>> Service<Request> for Guarded<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.address.poll_ready(context)
    }

    /// Asks before the body is read.
    fn call(&mut self, mut request: Request) -> Self::Future {
        match self.guard.refusal(&mut request) {
            None => Either::Left(self.address.call(request)),
            Some(refusal) => Either::Right(ready(Ok(refusal))),
        }
    }
}

/// Says how a token is given, where one is asked for.
fn challenge(mut answer: Response) -> Response {
    if answer.status() == StatusCode::UNAUTHORIZED {
        let bearer = HeaderValue::from_static("Bearer realm=\"logs\"");
        answer.headers_mut().insert(WWW_AUTHENTICATE, bearer);
    }
    answer
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
