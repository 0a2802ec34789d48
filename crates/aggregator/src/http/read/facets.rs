//! `GET /logs/facets`: the most frequent values of the level and of attributes.

mod parameters;

use super::by_id::json;
use crate::http::error::ApiError;
use crate::http::json_list;
use crate::http::services::Services;
use crate::search::facets::Facets;
use crate::search::histogram::counted_up_to;
use crate::search::retrieval::{PageError, Pages};
use crate::search::steps::Steps;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use logs::Timestamp;
use parameters::Parameters;
use record::id::RecordId;
use serde::Serialize;
use std::sync::Arc;
use store::page::Page;
use store::yielding::YieldBudget;

/// Attributes that are told when none are asked for.
const ATTRIBUTES: usize = 10;
/// What a row costs besides its attributes, in bytes.
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
pub(in crate::http) async fn facets(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let parameters = Parameters::parse(query.as_deref().unwrap_or_default(), services.clock.now())?;
    let order = parameters.query.order;
    let mut facets = Facets::new(parameters.fields);
    let mut pages = services.retrieval.pages(parameters.query, None)?;
    let mut steps = Steps::begin(&services.clock, services.limits.query_max_time);
    while steps.goes_on(step(&mut pages, &mut facets).await).await? {}
    let reached = steps.reached();
    let head = Head {
        complete: reached.is_none(),
        counted_up_to: reached.map(|record| counted_up_to(record, order)),
        records: facets.records(),
    };
    let text = json_list::write(&head, "fields", &facets.top(ATTRIBUTES, parameters.limit));
    Ok(json(text, pages.into_permit()))
}

/// Counts the next records; behind which one there are more.
async fn step(pages: &mut Pages, facets: &mut Facets) -> Result<Option<RecordId>, PageError> {
    let Some(page) = pages.attempt().await? else {
        return Ok(None);
    };
    count(&page, facets).await;
    Ok(page.next)
}

/// Counts a page, in parts: a whole one takes longer than other tasks of the thread are to wait.
async fn count(page: &Page, facets: &mut Facets) {
    let mut yields = YieldBudget::default();
    for row in page.rows() {
        // What is not BSON has no values.
        let wanted = row.attributes.filter(|_| facets.looks_at_attributes());
        let attributes = wanted.and_then(|attributes| attributes.json().ok());
        facets.add(row.severity, row.level, attributes.as_deref());
        let text = attributes.map_or(0, |text| text.len());
        yields.spend(text + ROW_BYTES).await;
    }
}

/// Why a query string is no request, if it is none.
#[cfg(test)]
pub(super) fn refusal(
    text: &str,
    now: Timestamp,
) -> Option<super::parameter_error::ParameterError> {
    Parameters::parse(text, now).err()
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::{Candidate, Query};
    use record::id::RecordId;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn a_page_is_counted_in_parts_between_which_others_get_their_turn() {
        let attributes = format!(r#"{{"a":"{}"}}"#, "x".repeat(1_000));
        let row = Candidate {
            id: RecordId::MIN,
            severity: 9,
            level: Some("INFO"),
            message: "",
            attributes: Some(&attributes),
        };
        let mut page = Page::default();
        for _ in 0..1_000 {
            page.push_record(&Query::default(), row);
        }
        let mut facets = Facets::new(None);
        let mut parts = 1;
        {
            let mut counting = std::pin::pin!(count(&page, &mut facets));
            let mut context = Context::from_waker(Waker::noop());
            while counting.as_mut().poll(&mut context) == Poll::Pending {
                parts += 1;
            }
        }
        assert_eq!(facets.records(), 1_000);
        // A million bytes.
        assert!((10..=20).contains(&parts), "{parts}");
    }
}
