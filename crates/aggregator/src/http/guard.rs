//! In front of every address: whether it answers whoever asks, and a refusal in the form of its protocol.

use super::asker::asker;
use super::audit;
use super::error::ApiError;
use super::held_place::hold;
use super::listener::{Ends, Route};
use super::services::Services;
use crate::access::certificate::ClientCertificate;
use crate::access::limits::Place;
use crate::access::protocol::Protocol;
use crate::access::{Caller, Scope};
use axum::extract::{MatchedPath, Request};
use axum::http::header::WWW_AUTHENTICATE;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::{BoxFuture, Either, Ready, ready};
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
    /// What those speak who come there.
    pub(super) protocol: Protocol,
    refuse: Refuse,
    /// Whether the numbers of all records are told there, which are for those who may read or operate all.
    tells_numbers: bool,
    /// Whether `OPTIONS` is for all.
    has_open_options: bool,
    /// Whether a browser may go there by a link on another site.
    is_reached_by_links: bool,
}

/// For all.
pub(super) const NOTHING: Needs = nothing(Protocol::Native, own);
/// Records that are sent in a form of our own.
pub(super) const INGEST: Needs = ingest(Protocol::Native, own);
/// Records that are read.
pub(super) const READ: Needs = Needs::of(Some(Scope::Read), Protocol::Native, own);
/// What is of those who run the service.
pub(super) const OPERATE: Needs = Needs::of(Some(Scope::Operate), Protocol::Native, own);
/// The numbers of all records.
pub(super) const NUMBERS: Needs = Needs {
    tells_numbers: true,
    ..NOTHING
};

/// For all, refused as another protocol has it.
pub(super) const fn nothing(protocol: Protocol, refuse: Refuse) -> Needs {
    Needs::of(None, protocol, refuse)
}

/// Records that are sent as another protocol has it.
pub(super) const fn ingest(protocol: Protocol, refuse: Refuse) -> Needs {
    Needs::of(Some(Scope::Ingest), protocol, refuse)
}

impl Needs {
    const fn of(scope: Option<Scope>, protocol: Protocol, refuse: Refuse) -> Self {
        Self {
            scope,
            protocol,
            refuse,
            tells_numbers: false,
            has_open_options: false,
            is_reached_by_links: false,
        }
    }

    /// The same in another protocol, which has no form of its own for errors.
    pub(super) const fn spoken_in(self, protocol: Protocol) -> Self {
        Self { protocol, ..self }
    }

    /// The same, but that a browser may be led there from another site: it must tell and do nothing that is not for all.
    pub(super) const fn reached_by_links(self) -> Self {
        Self {
            is_reached_by_links: true,
            ..self
        }
    }

    /// What it needs for a method.
    pub(super) fn scope_of(self, method: &Method) -> Option<Scope> {
        let is_open = self.has_open_options && method == Method::OPTIONS;
        self.scope.filter(|_| !is_open)
    }

    /// The same, but that whether there is such an address is told to all: what answers `OPTIONS` must read no body.
    pub(super) const fn with_open_options(self) -> Self {
        Self {
            has_open_options: true,
            ..self
        }
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

    /// A request that is let in says from here on who asks; one that looks for records has a place for it, where there
    /// are tokens. Fails with the refusal.
    fn let_in(&self, request: &mut Request) -> Result<Option<Place>, Box<Response>> {
        // The listener puts them into every request.
        let Some(ends) = request.extensions().get::<Ends>().copied() else {
            return Err(Box::new(ApiError::internal().into_response()));
        };
        let shown = || request.extensions().get::<Arc<ClientCertificate>>();
        let certificate = if ends.is_secure { shown() } else { None };
        let certificate = certificate.map(AsRef::as_ref);
        let mut asker = asker(ends, certificate, request.uri(), request.headers());
        if self.needs.is_reached_by_links && is_followed_link(request) {
            asker.sites.clear();
        }
        let needed = self.needs.scope_of(request.method());
        let services = &self.services;
        let checked = services.access.check(needed, &asker);
        let checked = checked.and_then(|caller| match self.needs.tells_numbers {
            true if !caller.sees_numbers() => services.access.check(Some(Scope::Operate), &asker),
            _ => Ok(caller),
        });
        let caller = checked.map_err(|refusal| {
            let token = refusal.token().map(Arc::clone);
            Box::new(self.refusal(request, (ends, token), refusal.into()))
        })?;
        let place = match needed {
            Some(Scope::Read) => place(&caller).map_err(|token| {
                let error = ApiError::too_many_queries(token);
                let token = Some(Arc::clone(token));
                Box::new(self.refusal(request, (ends, token), error))
            })?,
            Some(Scope::Operate) => {
                let matched = request.extensions().get::<MatchedPath>();
                let pattern = matched.map_or("", MatchedPath::as_str);
                let path = audit::filled(pattern, request.uri().path());
                let use_of_it = format!("{} {path}", audit::known(request.method()));
                let now = services.clock.elapsed();
                let audit = &services.audit;
                audit.operated(now, ends.peer, &caller, &use_of_it);
                None
            }
            Some(Scope::Ingest) | None => None,
        };
        if self.needs.scope == Some(Scope::Ingest) {
            request.extensions_mut().insert(self.needs.protocol);
        }
        request.extensions_mut().insert(caller);
        Ok(place)
    }

    fn refusal(
        &self,
        request: &Request,
        (ends, token): (Ends, Option<Arc<str>>),
        error: ApiError,
    ) -> Response {
        let (error, path) = (error.closing(), request.uri().path());
        let (audit, now) = (&self.services.audit, self.services.clock.elapsed());
        audit.refused(now, (ends.peer, token), path, &error);
        let refusal = (self.needs.refuse)(error, request.headers());
        challenge(refusal)
    }
}

/// Whether the person in front of a browser goes there, and no page asks for it on its own.
fn is_followed_link(request: &Request) -> bool {
    let says = |name, value: &str| {
        let mut values = request.headers().get_all(name).iter();
        values
            .next()
            .is_some_and(|said| said.as_bytes() == value.as_bytes())
            && values.next().is_none()
    };
    matches!(*request.method(), Method::GET | Method::HEAD)
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

/// A place for a query, if there are tokens; fails with the name of a token all of whose places are taken.
fn place(caller: &Caller) -> Result<Option<Place>, &Arc<str>> {
    let Some(token) = caller.token() else {
        return Ok(None);
    };
    let place = token.limited.query();
    place.map(Some).ok_or(&token.name)
}

// Not axum's `from_fn`, which costs a small request a tenth of its time.
impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, address: S) -> Guarded<S> {
        let guard = self.clone();
        Guarded { guard, address }
    }
}

type Answered<E> = Result<Response, E>;

impl<S> Service<Request> for Guarded<S>
where
    S: Service<Request, Response = Response>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<
        S::Future,
        Either<BoxFuture<'static, Answered<S::Error>>, Ready<Answered<S::Error>>>,
    >;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.address.poll_ready(context)
    }

    /// Asks before the body is read.
    fn call(&mut self, mut request: Request) -> Self::Future {
        Route::note(&request);
        match self.guard.let_in(&mut request) {
            Ok(None) => Either::Left(self.address.call(request)),
            Ok(Some(place)) => {
                let answering = self.address.call(request);
                let answering = async move { Ok(hold(answering.await?, place)) };
                Either::Right(Either::Left(Box::pin(answering)))
            }
            Err(refusal) => Either::Right(Either::Right(ready(Ok(*refusal)))),
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
