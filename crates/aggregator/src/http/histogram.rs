//! `GET /logs/histogram`: how many records there are, by time and by level.

mod answer;
mod asked;

use super::Services;
use super::error::ApiError;
use super::look_through::LookThrough;
use super::record::json;
use super::retrieve::AskError;
use crate::histogram::Histogram;
use crate::retrieval::{PageError, Place};
use answer::Answer;
use asked::Asked;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use logs::Timestamp;
use query::buckets::Buckets;
use query::interval::Interval;
use query::span::Span;
use query::{Order, Query};
use std::sync::Arc;

/// Documents that are read at once to find the first record: what others wrote may stand before it.
const OUTERMOST: usize = 16;

/// The handler.
pub(super) async fn histogram(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let asked = Asked::parse(query.as_deref().unwrap_or_default(), services.clock.now())?;
    let place = services.retrieval.place()?;
    let mut way = LookThrough::begin(&services);
    let (span, place) = span(&services, &asked.query, &way, place).await?;
    let order = asked.query.order;
    let Some(span) = span else {
        let nothing = Answer::nothing(&asked);
        return Ok(json(nothing.write(), place));
    };
    let interval = asked.interval.unwrap_or_else(|| Interval::round(span));
    // Where nobody asked for an end, buckets are whole.
    let span = Span {
        first: asked
            .query
            .start
            .unwrap_or(interval.around(span.first).first),
        last: asked
            .query
            .end
            .and_then(before)
            .unwrap_or(interval.around(span.last).last),
    };
    let buckets = Buckets::new(span, interval).map_err(AskError::from)?;
    let mut histogram = Histogram::new(buckets);
    let query = Query {
        start: Some(span.first),
        end: after(span.last),
        ..asked.query
    };
    let mut counting = services.retrieval.counting(place, query, interval);
    while way
        .goes_on(counting.step(&mut histogram, way.left()).await)
        .await?
    {}
    let answer = Answer::new(span, &histogram, way.reached(), order, asked.by_level);
    Ok(json(answer.write(), counting.into_place()))
}

/// The range that is asked for; where it has no end, it ends with the first or last record that there
/// is, whatever its level. `None` when the range is empty.
async fn span(
    services: &Services,
    query: &Query,
    way: &LookThrough,
    place: Place,
) -> Result<(Option<Span>, Place), PageError> {
    let (first, place) = match query.start {
        Some(start) => (Some(start), place),
        None => outermost(services, query, Order::Ascending, way, place).await?,
    };
    let (last, place) = match query.end {
        Some(end) => (before(end), place),
        None => outermost(services, query, Order::Descending, way, place).await?,
    };
    let span = first.zip(last).map(|(first, last)| Span { first, last });
    Ok((span.filter(|span| span.first <= span.last), place))
}

/// The time of the first record of the range in this order, unless there is more else before it than
/// there is time for.
async fn outermost(
    services: &Services,
    query: &Query,
    order: Order,
    way: &LookThrough,
    place: Place,
) -> Result<(Option<Timestamp>, Place), PageError> {
    let range = Query {
        start: query.start,
        end: query.end,
        order,
        ..Query::default()
    };
    let mut pages = services.retrieval.pages_in(place, range, None);
    pages.set_rows(OUTERMOST);
    while let Some(page) = pages.attempt().await? {
        if let Some(row) = page.row(0) {
            return Ok((Some(row.id.time()), pages.into_place()));
        }
        way.check()?;
    }
    Ok((None, pages.into_place()))
}

fn before(time: Timestamp) -> Option<Timestamp> {
    time.nanos().checked_sub(1).map(Timestamp::from_nanos)
}

fn after(time: Timestamp) -> Option<Timestamp> {
    time.nanos().checked_add(1).map(Timestamp::from_nanos)
}

/// Why a query string is no request, if it is none.
#[cfg(test)]
pub(super) fn refusal(text: &str, now: Timestamp) -> Option<super::retrieve::AskError> {
    Asked::parse(text, now).err()
}
