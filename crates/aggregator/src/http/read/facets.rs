//! `GET /logs/facets`: the most frequent values of the level and of attributes.

mod parameters;

use super::by_id::json;
use super::off_runtime::read_query;
use super::reader::Reader;
use crate::http::error::ApiError;
use crate::http::json_list;
use crate::http::services::Services;
use crate::search::histogram::counted_up_to;
use crate::search::steps::Steps;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use logs::Timestamp;
use parameters::Parameters;
use serde::Serialize;
use std::sync::Arc;

/// Attributes that are told when none are asked for.
const ATTRIBUTES: usize = 10;

/// The answer but for its fields, which stand on a line each.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    /// Whether every record that matches was looked at; the counts are those of a sample otherwise.
    complete: bool,
    /// How far looking has come, in the order that was asked for, when it is not complete and all records may be
    /// known of.
    #[serde(skip_serializing_if = "Option::is_none")]
    counted_up_to: Option<Timestamp>,
    /// Records that were looked at.
    records: u64,
}

/// The handler.
pub(in crate::http) async fn facets(
    State(services): State<Arc<Services>>,
    Reader { reach, owner }: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let now = services.clock.now();
    let parameters = read_query(query, move |text| Parameters::parse(text, now)).await?;
    let order = parameters.query.order;
    let query = reach.bind(parameters.query);
    let permit = services.retrieval.permit(owner, &query)?;
    let mut facets = services
        .retrieval
        .faceting(permit, query, parameters.fields);
    let mut steps = Steps::begin(&services.clock, services.limits().query_max_time);
    while steps.goes_on(facets.step(steps.left()).await).await? {}
    let reached = steps.reached();
    let head = Head {
        complete: reached.is_none(),
        // What was looked at last may be out of reach.
        counted_up_to: reached
            .filter(|_| reach.is_everything())
            .map(|record| counted_up_to(record, order)),
        records: facets.records(),
    };
    let text = json_list::write(&head, "fields", &facets.top(ATTRIBUTES, parameters.limit));
    Ok(json(text, facets.into_permit()))
}

/// Why a query string is no request, if it is none.
#[cfg(test)]
pub(super) fn refusal(
    text: &str,
    now: Timestamp,
) -> Option<super::parameter_error::ParameterError> {
    Parameters::parse(text, now).err()
}
