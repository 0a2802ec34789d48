//! `POST` and `PUT` of `/_bulk` and `/{index}/_bulk`.

use super::{BULK, UNDER, answer, refusal};
use crate::http::error::ApiError;
use crate::http::ingest::sent::Sent;
use crate::ingest::decode::BodyForm;
use crate::ingest::intake::Receipt;
use axum::response::Response;
use percent_encoding::percent_decode_str;
use std::sync::Arc;
use wire::BulkItems;

/// Media types that clients of Elasticsearch have beside those that others send as well.
const OF_ELASTICSEARCH: &str = "application/vnd.elasticsearch+";

/// The handler.
pub(super) async fn bulk(sent: Sent) -> Response {
    let clock = Arc::clone(&sent.services.clock);
    let began = clock.elapsed();
    match sent.taken_by(take).await {
        Ok(receipt) => answer::of(receipt, clock.elapsed().saturating_sub(began)),
        Err(error) => refusal::of(error),
    }
}

async fn take(sent: Sent) -> Result<Receipt<BulkItems>, ApiError> {
    let content_type = sent.content_type();
    if !is_taken(&content_type) {
        return Err(ApiError::unsupported_type(&content_type).closing());
    }
    let encoding = sent.encoding()?;
    let index = index_of(sent.uri.path());
    let scope = sent.scope("elasticsearch");
    let scope = scope.with(index.as_deref().unwrap_or_default());
    let decode = Box::new(move |body: &[u8], batch: &mut _| {
        wire::decode_bulk(body, index.as_deref(), batch)
    });
    sent.take(decode, BodyForm::Text, encoding, scope).await
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
