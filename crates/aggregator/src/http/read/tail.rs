//! `GET /logs/tail`: what is stored, as it is stored, as Server-Sent Events or a JSON object a line.

mod events;
mod form;
mod parameters;

use super::off_runtime::read_query;
use super::reader::Reader;
use crate::access::Caller;
use crate::http::error::ApiError;
use crate::http::listener::Endless;
use crate::http::negotiation;
use crate::http::services::Services;
use crate::search::tail::Asked;
use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use events::Events;
use form::{Hidden, Kind, MEDIA_TYPES, Writer};
use futures_util::stream;
use parameters::Parameters;
use std::sync::Arc;

/// What a browser's `EventSource` gives when it comes again.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Asks proxies to pass on what is there.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// The handler.
pub(in crate::http) async fn tail(
    State(services): State<Arc<Services>>,
    Extension(caller): Extension<Caller>,
    Reader { reach, owner }: Reader,
    RawQuery(query): RawQuery,
    wishes: HeaderMap,
) -> Result<Response, ApiError> {
    let Some(tails) = &services.tails else {
        return Err(ApiError::no_feed());
    };
    let (now, cursors) = (services.clock.now(), services.cursors.clone());
    let last = wishes.get(LAST_EVENT_ID).filter(|id| !id.is_empty());
    let last = last.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let read = {
        let reach = reach.clone();
        move |text: &str| Parameters::parse(text, last, now, &cursors, &reach)
    };
    let parameters = read_query(query, read).await?;
    let kind = parameters.kind.unwrap_or_else(|| {
        let preferred = negotiation::preferred(&wishes, header::ACCEPT, MEDIA_TYPES);
        preferred.map_or(Kind::Events, Kind::at)
    });
    let writer = Arc::new(Writer {
        kind,
        key: services.cursors.clone(),
        hidden: (!reach.is_everything()).then(|| Hidden::from(rand::random())),
        question: parameters.question,
    });
    let asked = Asked {
        query: parameters.query,
        reach,
        owner,
        key: writer.digest(),
        form: Arc::clone(&writer) as _,
    };
    let opened = tails.open(asked, parameters.start, parameters.now).await?;
    let events = Events::of(opened, writer, Arc::clone(&services), caller);
    let body = Body::from_stream(stream::try_unfold(events, Events::chunk));
    let mut answer = (head(kind), body).into_response();
    answer.extensions_mut().insert(Endless);
    Ok(answer)
}

fn head(kind: Kind) -> HeaderMap {
    let fixed = HeaderValue::from_static;
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, fixed(kind.content_type())),
        (header::CACHE_CONTROL, fixed("no-store")),
        (header::VARY, fixed("accept")),
        (BUFFERING, fixed("no")),
    ])
}
