//! `GET /logs/facets`: the most frequent values of the level and of attributes.

mod parameters;

use super::by_id::json;
use super::off_runtime::{LARGE_RECORD, off_runtime, read_query};
use crate::http::error::ApiError;
use crate::http::json_list;
use crate::http::services::Services;
use crate::search::facets::Facets;
use crate::search::histogram::counted_up_to;
use crate::search::steps::Steps;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use logs::Timestamp;
use parameters::Parameters;
use serde::Serialize;
use std::sync::Arc;
use store::page::{Page, Row};
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
    let now = services.clock.now();
    let parameters = read_query(query, move |text| Parameters::parse(text, now)).await?;
    let order = parameters.query.order;
    let mut facets = Facets::new(parameters.fields);
    let mut pages = services.retrieval.pages(parameters.query, None)?;
    let mut steps = Steps::begin(&services.clock, services.limits.query_max_time);
    loop {
        let next = match pages.attempt().await {
            Ok(Some(page)) => {
                let next = page.next;
                facets = count_anywhere(page, facets).await?;
                Ok(next)
            }
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        if !steps.goes_on(next).await? {
            break;
        }
    }
    let reached = steps.reached();
    let head = Head {
        complete: reached.is_none(),
        counted_up_to: reached.map(|record| counted_up_to(record, order)),
        records: facets.records(),
    };
    let text = json_list::write(&head, "fields", &facets.top(ATTRIBUTES, parameters.limit));
    Ok(json(text, pages.into_permit()))
}

/// Counts a page, on another thread when one of its records takes long.
async fn count_anywhere(page: Page, mut facets: Facets) -> Result<Facets, ApiError> {
    if !page.rows().any(|row| row.bytes() > LARGE_RECORD) {
        count(&page, &mut facets).await;
        return Ok(facets);
    }
    off_runtime(move || {
        for row in page.rows() {
            add(row, &mut facets);
        }
        facets
    })
    .await
}

/// Counts a page, in parts: a whole one takes longer than other tasks of the thread are to wait.
async fn count(page: &Page, facets: &mut Facets) {
    let mut yields = YieldBudget::default();
    for row in page.rows() {
        yields.spend(add(row, facets) + ROW_BYTES).await;
    }
}

/// Counts a row; how many bytes of its attributes were looked at.
fn add(row: Row<'_>, facets: &mut Facets) -> usize {
    // What is not BSON has no values.
    let wanted = row.attributes.filter(|_| facets.looks_at_attributes());
    let attributes = wanted.and_then(|attributes| attributes.json().ok());
    facets.add(row.severity, row.level, attributes.as_deref());
    attributes.map_or(0, |text| text.len())
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
