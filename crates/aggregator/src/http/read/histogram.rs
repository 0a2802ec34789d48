//! `GET /logs/histogram`: how many records there are, by time and by level.

mod answer;
mod parameters;

use super::by_id::json;
use super::off_runtime::read_query;
use super::parameter_error::ParameterError;
use super::reader::Reader;
use crate::http::error::ApiError;
use crate::http::services::Services;
use crate::search::histogram::Histogram;
use crate::search::outermost::outermost;
use crate::search::retrieval::{PageError, StreamPermit};
use crate::search::steps::Steps;
use answer::Answer;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use logs::Timestamp;
use parameters::Parameters;
use query::buckets::Buckets;
use query::reach::Reach;
use query::span::Span;
use query::{Order, Query};
use std::sync::Arc;

/// The handler.
pub(in crate::http) async fn histogram(
    State(services): State<Arc<Services>>,
    Reader { reach, owner }: Reader,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let now = services.clock.now();
    let parameters = read_query(query, move |text| Parameters::parse(text, now)).await?;
    let question = reach.bind(parameters.query.clone());
    let permit = services.retrieval.permit(owner, &question)?;
    let mut steps = Steps::begin(&services.clock, services.limits().query_max_time);
    let (span, permit) = span(&services, &parameters.query, &reach, &steps, permit).await?;
    let Some(span) = span else {
        let nothing = Answer::nothing(&parameters);
        return Ok(json(nothing.write(), permit));
    };
    let grid = parameters.grid(span);
    // Where nobody asked for an end, buckets are whole.
    let span = Span {
        first: parameters
            .query
            .start
            .unwrap_or(grid.around(span.first).first),
        last: parameters
            .query
            .end
            .and_then(before)
            .unwrap_or(grid.around(span.last).last),
    };
    let buckets = Arc::new(Buckets::new(span, &grid).map_err(ParameterError::from)?);
    let mut histogram = Histogram::new(Arc::clone(&buckets));
    let query = Query {
        start: Some(span.first),
        end: after(span.last),
        ..parameters.query.clone()
    };
    let query = reach.bind(query);
    let mut counting = services.retrieval.counting(permit, query, buckets);
    while steps
        .goes_on(counting.step(&mut histogram, steps.left()).await)
        .await?
    {}
    let reached = steps.reached().map(|reached| match reach.is_everything() {
        true => reached,
        // What was looked at last may be out of reach.
        false => histogram.passed_at_least(parameters.query.order),
    });
    let answer = Answer::new(span, &histogram, reached, &parameters);
    Ok(json(answer.write(), counting.into_permit()))
}

/// The range that is asked for; where it has no end, it ends with the first or last record that there
/// is within reach, whatever its level. `None` when the range is empty.
async fn span(
    services: &Services,
    query: &Query,
    reach: &Reach,
    steps: &Steps,
    permit: StreamPermit,
) -> Result<(Option<Span>, StreamPermit), PageError> {
    let (first, permit) = match query.start {
        Some(start) => (Some(start), permit),
        None => end_of_range(services, query, reach, Order::Ascending, steps, permit).await?,
    };
    let (last, permit) = match query.end {
        Some(end) => (before(end), permit),
        None => end_of_range(services, query, reach, Order::Descending, steps, permit).await?,
    };
    let span = first.zip(last).map(|(first, last)| Span { first, last });
    Ok((span.filter(|span| span.first <= span.last), permit))
}

/// The time of the first record of the range in this order.
async fn end_of_range(
    services: &Services,
    query: &Query,
    reach: &Reach,
    order: Order,
    steps: &Steps,
    permit: StreamPermit,
) -> Result<(Option<Timestamp>, StreamPermit), PageError> {
    let range = Query {
        start: query.start,
        end: query.end,
        order,
        ..Query::default()
    };
    outermost(&services.retrieval, reach.bind(range), steps, permit).await
}

fn before(time: Timestamp) -> Option<Timestamp> {
    time.nanos().checked_sub(1).map(Timestamp::from_nanos)
}

fn after(time: Timestamp) -> Option<Timestamp> {
    time.nanos().checked_add(1).map(Timestamp::from_nanos)
}

/// Why a query string is no request, if it is none.
#[cfg(test)]
pub(super) fn refusal(
    text: &str,
    now: Timestamp,
) -> Option<super::parameter_error::ParameterError> {
    Parameters::parse(text, now).err()
}
