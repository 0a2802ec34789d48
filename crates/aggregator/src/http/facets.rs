//! `GET /logs/facets`: the most frequent values of the level and of attributes.

mod asked;

use super::Services;
use super::error::ApiError;
use super::look_through::LookThrough;
use super::record::json;
use crate::facets::{Facet, Facets};
use crate::histogram::counted_up_to;
use crate::retrieval::{PageError, Pages, Step};
use crate::store::page::Page;
use asked::Asked;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use logs::Timestamp;
use serde::Serialize;
use std::sync::Arc;

/// Attributes that are told when none are asked for.
const ATTRIBUTES: usize = 10;
/// Bytes of attributes that are counted before other tasks of the thread get their turn.
const BYTES_BETWEEN_YIELDS: usize = 64 * 1024;
/// What a row costs beside them.
const ROW_BYTES: usize = 16;

/// The answer but for its fields, which stand on a line each.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    /// Whether every record that matches was looked at; the counts are those of a sample otherwise.
    complete: bool,
    /// How far looking has come, in the order that was asked for, when it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_up_to: Option<Timestamp>,
    /// Records that were looked at.
    records: u64,
}

/// The handler.
pub(super) async fn facets(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let asked = Asked::parse(query.as_deref().unwrap_or_default(), services.clock.now())?;
    let order = asked.query.order;
    let mut facets = Facets::new(asked.fields);
    let mut pages = services.retrieval.pages(asked.query, None)?;
    let mut way = LookThrough::begin(&services);
    while way.goes_on(step(&mut pages, &mut facets).await).await? {}
    let reached = way.reached();
    let head = Head {
        complete: reached.is_none(),
        counted_up_to: reached.map(|record| counted_up_to(record, order)),
        records: facets.records(),
    };
    let text = write(&head, &facets.top(ATTRIBUTES, asked.limit));
    Ok(json(text, pages.into_place()))
}

/// Counts the next records.
async fn step(pages: &mut Pages, facets: &mut Facets) -> Result<Step, PageError> {
    let Some(page) = pages.attempt().await? else {
        return Ok(Step::Done);
    };
    count(&page, facets).await;
    Ok(Step::behind(&page))
}

/// Counts a page, in parts: a whole one takes longer than other tasks of the thread are to wait.
async fn count(page: &Page, facets: &mut Facets) {
    let mut unyielded = 0;
    for row in page.rows() {
        // What is not BSON has no values.
        let attributes = row.attributes.and_then(|attributes| attributes.json().ok());
        facets.add(row.severity, row.level, attributes.as_deref());
        unyielded += attributes.map_or(0, |text| text.len()) + ROW_BYTES;
        if unyielded >= BYTES_BETWEEN_YIELDS {
            tokio::task::yield_now().await;
            unyielded = 0;
        }
    }
}

fn write(head: &Head, fields: &[Facet]) -> Vec<u8> {
    // Nothing in it can fail to be written.
    let mut out = serde_json::to_vec(head).unwrap_or_default();
    // The head's own brace gives way to the fields.
    out.pop();
    out.extend_from_slice(b",\n\"fields\":[");
    for (position, field) in fields.iter().enumerate() {
        if position > 0 {
            out.extend_from_slice(b",\n");
        }
        serde_json::to_writer(&mut out, field).unwrap_or_default();
    }
    out.extend_from_slice(b"]}\n");
    out
}
