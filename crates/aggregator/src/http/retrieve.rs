//! `GET /logs/retrieve`: streams what matches, at the reader's speed, or gives it page by page.

mod answer;
mod asked;
mod gather;

pub(super) use asked::AskError;

use super::Services;
use super::error::ApiError;
use crate::retrieval::Pages;
use crate::store::page::Page;
use answer::{Answer, Source};
use asked::Asked;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use gather::Gathered;
use std::sync::Arc;

const NEXT_CURSOR: HeaderName = HeaderName::from_static("x-next-cursor");
const SEARCH_COMPLETE: HeaderName = HeaderName::from_static("x-search-complete");

/// The handler.
pub(super) async fn retrieve(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let text = query.as_deref().unwrap_or_default();
    let asked = Asked::parse(text, services.clock.now(), &services.cursors)?;
    let mut pages = services.retrieval.pages(asked.query.clone(), asked.after)?;
    let mut headers = HeaderMap::new();
    let content_type = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, content_type);
    let answer = match asked.limit {
        Some(limit) => {
            let gathered = gather::gather(&services, &mut pages, limit).await?;
            if gathered.is_empty() && gathered.next.is_none() && asked.after.is_none() {
                return Err(ApiError::no_logs());
            }
            describe(&asked, &gathered, &services, &mut headers);
            Answer::new(Page::default(), Source::Ready(gathered.pages.into_iter()))
        }
        None => match first_page(&services, &mut pages).await? {
            Some(first) => Answer::new(first, Source::Stream(Box::new(pages))),
            None => return Err(ApiError::no_logs()),
        },
    };
    Ok((headers, answer.into_body()).into_response())
}

/// Says in the head where the next page is, and whether this one is all that it could be.
fn describe(asked: &Asked, gathered: &Gathered, services: &Services, headers: &mut HeaderMap) {
    let is_complete = if gathered.is_complete {
        "true"
    } else {
        "false"
    };
    headers.insert(SEARCH_COMPLETE, HeaderValue::from_static(is_complete));
    let Some(next) = gathered.next else {
        return;
    };
    let cursor = asked.cursor(next, &services.cursors);
    let link = format!("<{}>; rel=\"next\"", asked.address(&cursor));
    // Both are ASCII without control characters.
    if let (Ok(link), Ok(cursor)) = (HeaderValue::try_from(link), HeaderValue::try_from(cursor)) {
        headers.insert(header::LINK, link);
        headers.insert(NEXT_CURSOR, cursor);
    }
}

/// The first page that has rows; `None` when nothing matches. A search that has not found any row
/// within the time of a request is answered with a page that is empty, and goes on behind it.
async fn first_page(services: &Services, pages: &mut Pages) -> Result<Option<Page>, ApiError> {
    let until = services.clock.elapsed() + services.limits.request_timeout;
    while let Some(page) = pages.step().await? {
        if !page.is_empty() {
            return Ok(Some(page));
        }
        if services.clock.elapsed() >= until {
            pages.begin();
            return Ok(Some(page));
        }
    }
    Ok(None)
}
