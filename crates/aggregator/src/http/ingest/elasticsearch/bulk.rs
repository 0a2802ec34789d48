//! `POST` and `PUT` of `/_bulk` and `/{index}/_bulk`.

use super::{BULK, UNDER, answer, refusal};
use crate::http::error::ApiError;
use crate::http::ingest::{encoding, receive};
use crate::http::listener::Peer;
use crate::http::services::Services;
use crate::ingest::batch_key::{BatchKey, Scope};
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::{Durability, Receipt};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Uri, header};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use std::net::IpAddr;
use std::sync::Arc;
use wire::BulkItems;

/// Media types that clients of Elasticsearch have beside those that others send as well.
const OF_ELASTICSEARCH: &str = "application/vnd.elasticsearch+";

/// The handler.
pub(super) async fn bulk(
    State(services): State<Arc<Services>>,
    Extension(Peer(peer)): Extension<Peer>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let began = services.clock.elapsed();
    let sender = services.trusted_proxies.sender(&headers, peer);
    match take(&services, &uri, &headers, (body, sender)).await {
        Ok(receipt) => answer::of(receipt, services.clock.elapsed().saturating_sub(began)),
        Err(error) => refusal::of(error),
    }
}

async fn take(
    services: &Services,
    uri: &Uri,
    headers: &HeaderMap,
    (body, sender): (Body, IpAddr),
) -> Result<Receipt<BulkItems>, ApiError> {
    let terms = terms(uri, headers, sender).map_err(ApiError::closing)?;
    receive(
        services,
        headers,
        (body, sender),
        terms,
        Durability::Spooled,
    )
    .await
}

fn terms(uri: &Uri, headers: &HeaderMap, sender: IpAddr) -> Result<BodyTerms<BulkItems>, ApiError> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .unwrap_or_default();
    if !is_taken(&content_type) {
        return Err(ApiError::unsupported_type(&content_type));
    }
    let encoding = encoding(headers)?;
    let index = index_of(uri.path());
    let scope = Scope::new("elasticsearch", sender).with(index.as_deref().unwrap_or_default());
    Ok(BodyTerms {
        decode: Box::new(move |body, batch| wire::decode_bulk(body, index.as_deref(), batch)),
        form: BodyForm::Text,
        encoding,
        key: BatchKey::Content(scope),
        strict: Some(false),
    })
}

/// Whether a body of this type may be one of actions and documents: it is read as one whatever the type says.
fn is_taken(content_type: &str) -> bool {
    let start = content_type.get(..OF_ELASTICSEARCH.len());
    let is_of_elasticsearch =
        start.is_some_and(|start| start.eq_ignore_ascii_case(OF_ELASTICSEARCH));
    is_of_elasticsearch || wire::format_of(content_type).is_some()
}

/// The index that an address names.
fn index_of(path: &str) -> Option<String> {
    let under = path
        .strip_prefix(UNDER)
        .filter(|rest| rest.starts_with('/'));
    let index = under.unwrap_or(path).strip_suffix(BULK)?;
    let index = index.strip_prefix('/').filter(|index| !index.is_empty())?;
    Some(percent_decode_str(index).decode_utf8_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_index() {
        for (path, index) in [
            ("/_bulk", None),
            ("/elasticsearch/_bulk", None),
            ("/logs/_bulk", Some("logs")),
            ("/elasticsearch/app-2026.08/_bulk", Some("app-2026.08")),
            ("/elasticsearch/elasticsearch/_bulk", Some("elasticsearch")),
            ("/elasticsearch-x/_bulk", Some("elasticsearch-x")),
            ("/%3Clogs-%7Bnow%2Fd%7D%3E/_bulk", Some("<logs-{now/d}>")),
            ("/a+b%ff/_bulk", Some("a+b\u{fffd}")),
        ] {
            assert_eq!(index_of(path).as_deref(), index, "{path}");
        }
    }

    #[test]
    fn types_of_elasticsearch_and_of_json_are_taken() {
        for (content_type, taken) in [
            (
                "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
                true,
            ),
            ("Application/Vnd.Elasticsearch+Json;compatible-with=8", true),
            ("application/x-ndjson", true),
            ("application/json; charset=utf-8", true),
            ("", true),
            ("application/xml", false),
            ("application/x-protobuf", false),
        ] {
            assert_eq!(is_taken(content_type), taken, "{content_type}");
        }
    }
}
