//! `GET /logs/retrieve`: streams what matches, at the reader's speed.

use super::Services;
use super::error::ApiError;
use crate::query::Query;
use crate::retrieval::Pages;
use crate::store::page::Page;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use std::io;
use std::sync::Arc;

/// Bytes that are handed over at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The handler.
pub(super) async fn retrieve(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let query = Query::parse(query.as_deref().unwrap_or_default(), services.clock.now())?;
    let mut pages = services.retrieval.pages(query)?;
    let Some(first) = first_page(&services, &mut pages).await? else {
        return Err(ApiError::no_logs());
    };
    let answer = Answer {
        pages,
        page: first,
        row: 0,
        part: Part::Opening,
    };
    let chunks = stream::try_unfold(answer, Answer::chunk);
    let headers = [(header::CONTENT_TYPE, "application/json")];
    Ok((headers, Body::from_stream(chunks)).into_response())
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

/// An answer that is being written: one page of it at a time.
struct Answer {
    pages: Pages,
    page: Page,
    row: usize,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Opening,
    Rows,
    Closed,
}

impl Answer {
    /// The next chunk. An error breaks the transfer off: an array that is cut must not look whole.
    async fn chunk(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.part == Part::Closed {
            return Ok(None);
        }
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4);
        while chunk.len() < CHUNK_BYTES {
            if let Some(row) = self.page.row(self.row) {
                let before: &[u8] = if self.part == Part::Opening {
                    b"["
                } else {
                    b",\n"
                };
                chunk.extend_from_slice(before);
                row.write_json(&mut chunk)?;
                self.part = Part::Rows;
                self.row += 1;
                continue;
            }
            // What was found does not wait for what is found next.
            if !chunk.is_empty() && !self.pages.is_done() {
                break;
            }
            match self.pages.next().await {
                Ok(Some(page)) => (self.page, self.row) = (page, 0),
                Ok(None) => {
                    let end: &[u8] = if self.part == Part::Opening {
                        b"[]\n"
                    } else {
                        b"]\n"
                    };
                    chunk.extend_from_slice(end);
                    self.part = Part::Closed;
                    break;
                }
                Err(error) => {
                    tracing::warn!(?error, "an answer was broken off half-way");
                    return Err(io::Error::other("the answer was broken off"));
                }
            }
        }
        Ok(Some((Bytes::from(chunk), self)))
    }
}
