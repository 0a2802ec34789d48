//! `GET /logs/retrieve`: streams what matches, at the reader's speed, or gives it page by page.

mod answer;
mod encoding;
pub(super) mod format;
mod parameters;

use super::off_runtime::read_query;
use super::parameter_error::ParameterError;
use super::reader::Reader;
use crate::breaker::guard::CallError;
use crate::http::error::ApiError;
use crate::http::negotiation;
use crate::http::services::Services;
use crate::search::accumulate::{Accumulated, accumulate};
use crate::search::retrieval::{PageError, Pages, Prefetch};
use crate::worker::JobError;
use answer::{Answer, Source};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use encoding::{ENCODINGS, Encoder};
use format::MEDIA_TYPES;
pub(crate) use format::{Format, Kind};
use parameters::Parameters;
use record::id::RecordId;
use std::sync::Arc;
use store::StoreError;
use store::page::Page;

const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
const SEARCH_COMPLETE: HeaderName = HeaderName::from_static("x-search-complete");

/// The handler.
pub(in crate::http) async fn retrieve(
    State(services): State<Arc<Services>>,
    Reader { reach, owner }: Reader,
    RawQuery(query): RawQuery,
    wishes: HeaderMap,
) -> Result<Response, ApiError> {
    let (now, cursors) = (services.clock.now(), services.cursors.clone());
    let read = move |text: &str| Parameters::parse(text, now, &cursors, reach);
    let parameters = read_query(query, read).await?;
    let format = format_of(&parameters, &wishes)?;
    let preferred = negotiation::preferred(&wishes, header::ACCEPT_ENCODING, ENCODINGS);
    let encoder = Encoder::new(preferred).map_err(|_| ApiError::internal())?;
    let mut pages = services
        .retrieval
        .pages(owner, parameters.query.clone(), parameters.after)?;
    let mut headers = head(&format, &encoder);
    let (first, source) = match parameters.limit {
        Some(limit) => {
            let accumulated =
                match accumulate(&mut pages, limit, services.time_for_searching()).await {
                    Ok(accumulated) => accumulated,
                    Err(error) => return Ok(failed(error, &parameters, &services)),
                };
            let is_nothing = accumulated.is_empty() && accumulated.next.is_none();
            if is_nothing && parameters.after.is_none() && !format.may_be_empty() {
                return Err(ApiError::no_logs());
            }
            describe(&parameters, &accumulated, &services, &mut headers);
            let ready = ready(accumulated.pages, pages);
            (Page::default(), ready)
        }
        None => match first_page(&services, &mut pages).await? {
            Some(first) if pages.is_done() => (first, ready(Vec::new(), pages)),
            Some(first) => (first, Source::Stream(Prefetch::start(pages))),
            None if format.may_be_empty() => (Page::default(), ready(Vec::new(), pages)),
            None => return Err(ApiError::no_logs()),
        },
    };
    let answer = Answer::new(first, source, format, encoder);
    Ok((headers, answer.into_body()).into_response())
}

/// Pages that are in memory keep the permit of the search that found them.
fn ready(found: Vec<Page>, pages: Pages) -> Source {
    Source::Ready {
        pages: found.into_iter(),
        _permit: pages.into_permit(),
    }
}

/// The form that the address names, else the one that the reader likes most, else JSON.
fn format_of(parameters: &Parameters, wishes: &HeaderMap) -> Result<Format, ParameterError> {
    let kind = parameters.format.unwrap_or_else(|| {
        let preferred = negotiation::preferred(wishes, header::ACCEPT, MEDIA_TYPES);
        preferred.map_or(Kind::Json, Kind::at)
    });
    Ok(Format::new(kind, parameters.fields.as_deref())?)
}

fn head(format: &Format, encoder: &Encoder) -> HeaderMap {
    let content_type = HeaderValue::from_static(format.content_type());
    let vary = HeaderValue::from_static("accept, accept-encoding");
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::VARY, vary);
    if let Some(name) = encoder.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    headers
}

/// Says in the head where the next page is, and whether this one is all that it could be.
fn describe(
    parameters: &Parameters,
    accumulated: &Accumulated,
    services: &Services,
    headers: &mut HeaderMap,
) {
    let is_complete = if accumulated.is_complete {
        "true"
    } else {
        "false"
    };
    headers.insert(SEARCH_COMPLETE, HeaderValue::from_static(is_complete));
    if let Some(next) = accumulated.next {
        point_to(next, parameters, services, headers);
    }
}

/// Why there is no page; where a record was too much, the one behind it.
fn failed(error: PageError, parameters: &Parameters, services: &Services) -> Response {
    let behind = match &error {
        JobError::Failed(CallError::Store(StoreError::RecordTooSlow { record })) => Some(*record),
        _ => None,
    };
    let mut response = ApiError::from(error).into_response();
    if let Some(record) = behind {
        point_to(record, parameters, services, response.headers_mut());
    }
    response
}

/// Says in the head where the next page is.
fn point_to(next: RecordId, parameters: &Parameters, services: &Services, headers: &mut HeaderMap) {
    let cursor = parameters.cursor(next, &services.cursors);
    let link = format!("<{}>; rel=\"next\"", parameters.address(&cursor));
    // Both are ASCII without control characters.
    if let (Ok(link), Ok(cursor)) = (HeaderValue::try_from(link), HeaderValue::try_from(cursor)) {
        headers.insert(header::LINK, link);
        headers.insert(NEXT_CURSOR, cursor);
    }
}

/// The first page that has rows; `None` when nothing matches. A search that has not found any row
/// within the time of a request is answered with a page that is empty, and goes on behind it.
async fn first_page(services: &Services, pages: &mut Pages) -> Result<Option<Page>, ApiError> {
    let until = services.clock.elapsed() + services.limits().request_timeout;
    pages.in_pieces();
    while let Some(page) = pages.step().await? {
        if !page.is_empty() {
            return Ok(Some(page));
        }
        if services.clock.elapsed() >= until && !pages.is_done() {
            return Ok(Some(page));
        }
    }
    Ok(None)
}
