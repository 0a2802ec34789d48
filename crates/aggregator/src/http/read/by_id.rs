//! `GET /logs/{id}` and `GET /logs/{id}/context`: a record, and its neighbours in time.

mod parameters;

use super::off_runtime::{off_runtime, read_query};
use super::reader::Reader;
use crate::http::error::ApiError;
use crate::http::services::Services;
use crate::search::accumulate::{Accumulated, accumulate};
use crate::search::retrieval::StreamPermit;
use crate::search::steps::Steps;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use logs::Timestamp;
use parameters::Parameters;
use query::reach::{BoundQuery, Reach};
use query::{Order, Query};
use record::id::RecordId;
use record::order::SendOrder;
use std::io;
use std::sync::Arc;
use store::page::Page;

/// A record as it stands in every answer.
pub(in crate::http) async fn one(
    State(services): State<Arc<Services>>,
    Reader { reach, owner }: Reader,
    id: Result<Path<String>, PathRejection>,
    address: Uri,
) -> Result<Response, ApiError> {
    let id = record_id(id, &address, &services)?;
    let permit = services
        .retrieval
        .permit(owner, &reach.bind(Query::default()))?;
    let (found, permit) = find(&services, &reach, id, permit).await?;
    let text = off_runtime(move || {
        let mut text = Vec::new();
        write_rows(&found, &mut text)?;
        text.push(b'\n');
        Ok(text)
    });
    let text = text.await?.map_err(|error| unreadable(&error))?;
    Ok(json(text, permit))
}

/// A record between those before and behind it that the filters find.
pub(in crate::http) async fn context(
    State(services): State<Arc<Services>>,
    Reader { reach, owner }: Reader,
    id: Result<Path<String>, PathRejection>,
    address: Uri,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let id = record_id(id, &address, &services)?;
    let now = services.clock.now();
    let parameters = read_query(query, move |text| Parameters::parse(text, now)).await?;
    let permit = services
        .retrieval
        .permit(owner, &reach.bind(parameters.query.clone()))?;
    let (found, permit) = find(&services, &reach, id, permit).await?;
    let id = found
        .iter()
        .find_map(|page| page.row(0))
        .map_or(id, |row| row.id);
    let earlier = reach.bind(Query {
        order: Order::Descending,
        ..parameters.query.clone()
    });
    let later = reach.bind(Query {
        order: Order::Ascending,
        ..parameters.query
    });
    let (mut before, permit) =
        neighbours(&services, earlier, id, parameters.before, permit).await?;
    before.pages.reverse();
    for page in &mut before.pages {
        page.reverse();
    }
    let (after, permit) = neighbours(&services, later, id, parameters.after, permit).await?;
    let text = off_runtime(move || describe(&before, &found, &after));
    let text = text.await?.map_err(|error| unreadable(&error))?;
    Ok(json(text, permit))
}

/// A path that is no text, or no id, leads nowhere.
fn record_id(
    id: Result<Path<String>, PathRejection>,
    address: &Uri,
    services: &Services,
) -> Result<RecordId, ApiError> {
    let id = id.ok().and_then(|Path(text)| RecordId::parse(&text));
    id.ok_or_else(|| ApiError::not_found(address.path(), &services.addresses))
}

/// The one record with this id, which may be that of the spool, or lack the order. Of one that is out of reach
/// nothing is told but what is told of one that there is not.
async fn find(
    services: &Services,
    reach: &Reach,
    id: RecordId,
    permit: StreamPermit,
) -> Result<([Page; 1], StreamPermit), ApiError> {
    let (found, permit) = find_stored(services, reach, id, permit).await?;
    if let Some(found) = found {
        return Ok((found, permit));
    }
    let unknown = || ApiError::unknown_record(id);
    let (whole, permit) = with_its_order(services, reach, id, permit).await?;
    let (found, permit) = find_stored(services, reach, whole.ok_or_else(unknown)?, permit).await?;
    Ok((found.ok_or_else(unknown)?, permit))
}

/// The id of a record of which everything but the order is known: it is among those of its nanosecond.
async fn with_its_order(
    services: &Services,
    reach: &Reach,
    id: RecordId,
    permit: StreamPermit,
) -> Result<(Option<RecordId>, StreamPermit), ApiError> {
    let query = of_its_time(id);
    if id.order() != SendOrder::NONE || query.end.is_none() {
        return Ok((None, permit));
    }
    let query = reach.bind(query);
    let mut pages = services.retrieval.pages_with(permit, query, None);
    let steps = Steps::begin(&services.clock, services.limits().query_max_time);
    let mut whole = None;
    while whole.is_none()
        && let Some(page) = pages.next().await?
    {
        steps.check()?;
        let mut ids = page.rows().map(|row| row.id);
        whole = ids.find(|other| other.plain() == id.plain());
    }
    Ok((whole, pages.into_permit()))
}

/// Those of its nanosecond.
fn of_its_time(id: RecordId) -> Query {
    Query {
        start: Some(id.time()),
        end: id.time().nanos().checked_add(1).map(Timestamp::from_nanos),
        ..Query::default()
    }
}

async fn find_stored(
    services: &Services,
    reach: &Reach,
    id: RecordId,
    mut permit: StreamPermit,
) -> Result<(Option<[Page; 1]>, StreamPermit), ApiError> {
    for stored in id.as_stored() {
        // Of all that is not before it the record itself is the first, if it is there.
        let query = reach.bind(of_its_time(stored));
        let before = stored.predecessor();
        let mut pages = services.retrieval.pages_with(permit, query, before);
        pages.set_rows(1);
        let page = loop {
            let page = pages.step().await?;
            // One that was looked at and is none of them is out of reach.
            let is_open =
                |page: &Page| page.is_empty() && page.next.is_some_and(|next| next < stored);
            if !page.as_ref().is_some_and(is_open) {
                break page;
            }
        };
        permit = pages.into_permit();
        if let Some(page) = page
            && page.row(0).is_some_and(|row| row.id == stored)
        {
            return Ok((Some([page]), permit));
        }
    }
    Ok((None, permit))
}

async fn neighbours(
    services: &Services,
    query: BoundQuery,
    id: RecordId,
    count: usize,
    permit: StreamPermit,
) -> Result<(Accumulated, StreamPermit), ApiError> {
    if count == 0 {
        return Ok((Accumulated::nothing(), permit));
    }
    let mut pages = services.retrieval.pages_with(permit, query, Some(id));
    let mut found = accumulate(&mut pages, count, services.time_for_searching()).await?;
    // Cut for its size, and there is no cursor to go on with.
    found.is_complete &= found.rows() == count || found.next.is_none();
    Ok((found, pages.into_permit()))
}

fn describe(before: &Accumulated, found: &[Page; 1], after: &Accumulated) -> io::Result<Vec<u8>> {
    let mut out = b"{\"before\":[".to_vec();
    write_rows(&before.pages, &mut out)?;
    out.extend_from_slice(b"],\n\"record\":");
    write_rows(found, &mut out)?;
    out.extend_from_slice(b",\n\"after\":[");
    write_rows(&after.pages, &mut out)?;
    out.extend_from_slice(b"],\n\"complete\":");
    let is_complete = before.is_complete && after.is_complete;
    out.extend_from_slice(is_complete.to_string().as_bytes());
    out.extend_from_slice(b"}\n");
    Ok(out)
}

fn write_rows(pages: &[Page], out: &mut Vec<u8>) -> io::Result<()> {
    let rows = pages.iter().flat_map(Page::rows);
    for (position, row) in rows.enumerate() {
        if position > 0 {
            out.extend_from_slice(b",\n");
        }
        row.write_json(out)?;
    }
    Ok(())
}

fn unreadable(error: &io::Error) -> ApiError {
    tracing::error!(%error, "a stored record cannot be shown");
    ApiError::internal()
}

/// An answer that keeps its permit until its reader has taken it.
pub(super) fn json(text: Vec<u8>, permit: StreamPermit) -> Response {
    let parts = stream::unfold((Some(text), permit), |(text, permit)| async move {
        let text = Bytes::from(text?);
        Some((Ok::<_, io::Error>(text), (None, permit)))
    });
    let content_type = [(header::CONTENT_TYPE, "application/json")];
    (content_type, Body::from_stream(parts)).into_response()
}
