//! What is not taken, as each protocol says it: made by the code that answers, from a sample of each error.

use super::shapes::{Shape, bytes, count, named, text};
use super::told::Told;
use crate::http::error::ApiError;
use crate::http::error::codes::{CODES, Code};
use crate::http::guard::Refuse;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, Collected};
use serde_json::Value;
use std::collections::BTreeMap;

/// How a protocol says what it does not take.
#[derive(Clone, Copy)]
pub(super) struct Form {
    /// What makes its answers.
    pub(super) refuse: Refuse,
    /// Types of requests, where each has answers of its own.
    pub(super) asked_as: &'static [&'static str],
    /// The schema of its answers as JSON.
    pub(super) schema: &'static str,
}

/// The service's own.
pub(super) const OWN: Form = Form {
    refuse: |error, _| error.into_response(),
    asked_as: &[""],
    schema: "Error",
};

/// Told whatever is asked.
pub(super) const ANYWHERE: &[&str] = &["ambiguous_host", "cross_site", "host_not_allowed"];
/// The same of a head that cannot be read, which no protocol says in its own way.
pub(super) const OF_HEAD: &[&str] = &[
    "head_too_large",
    "malformed_request",
    "tls_needed",
    "uri_too_long",
];
/// Told where a token is needed.
pub(super) const OF_TOKEN: &[&str] = &[
    "token_needed",
    "token_out_of_scope",
    "unknown_certificate",
    "unknown_token",
];
/// Told of a body that is read.
pub(super) const OF_BODY: &[&str] = &[
    "body_timeout",
    "body_too_large",
    "broken_body",
    "overloaded",
    "stopping",
];
/// Told of one that may be compressed.
pub(super) const OF_ENCODING: &[&str] = &[
    "decoded_body_too_large",
    "invalid_compression",
    "unsupported_encoding",
];
/// Told of values that are to be records.
pub(super) const OF_RECORDS: &[&str] = &[
    "invalid_json",
    "invalid_records",
    "invalid_utf8",
    "not_records",
];
/// Told of records that cannot be made durable.
pub(super) const OF_TAKING: &[&str] = &[
    "batch_too_large",
    "disk_full",
    "disk_timeout",
    "internal_error",
    "overloaded",
    "rejected_full",
    "rejected_unavailable",
    "spool_failed",
    "spool_full",
    "spool_unavailable",
    "stopping",
];
/// Told of records by a token that has sent more than it may.
pub(super) const OF_RATE: &[&str] = &["token_over_rate"];
/// Told by whatever reads from the store.
pub(super) const OF_STORE: &[&str] = &[
    "internal_error",
    "overloaded",
    "query_too_slow",
    "stopping",
    "store_damaged",
    "store_timeout",
    "store_unavailable",
    "token_too_many_queries",
    "too_many_streams",
];
/// Told of filters.
pub(super) const OF_FILTERS: &[&str] = &[
    "invalid_level",
    "invalid_number",
    "invalid_parameter",
    "invalid_regex",
    "invalid_time",
    "invalid_time_range",
    "query_too_large",
    "repeated_parameter",
    "unknown_parameter",
];

/// What an address answers with these codes, by status.
pub(super) fn refusals(
    form: Form,
    codes: impl Iterator<Item = &'static str>,
) -> BTreeMap<u16, Told> {
    let mut all = BTreeMap::new();
    for code in codes.filter_map(|name| CODES.iter().find(|code| code.name == name)) {
        for asked_as in form.asked_as {
            add(&mut all, form, code, asked_as);
        }
    }
    all
}

fn add(all: &mut BTreeMap<u16, Told>, form: Form, code: &Code, asked_as: &'static str) {
    let mut asked = HeaderMap::new();
    asked.insert(header::CONTENT_TYPE, HeaderValue::from_static(asked_as));
    let (head, body) = (form.refuse)(ApiError::sample(code), &asked).into_parts();
    let told: &mut Told = all.entry(head.status.as_u16()).or_default();
    told.code(code.name);
    if head.headers.contains_key(header::RETRY_AFTER) {
        told.header("Retry-After", count("Seconds after which to come again."));
    }
    if head.status == StatusCode::UNAUTHORIZED {
        told.header("WWW-Authenticate", text("How a token is given."));
    }
    if head.headers.contains_key("x-elastic-product") {
        told.header(
            "X-Elastic-Product",
            text("By which clients know Elasticsearch."),
        );
    }
    let content_type = head.headers.get(header::CONTENT_TYPE);
    let media_type = content_type.and_then(|value| value.to_str().ok()?.split(';').next());
    let media_type = media_type.unwrap_or_default();
    told.content(media_type, shape(form, media_type));
    if let Some(example) = example(media_type, &whole(body)) {
        told.example(media_type, code.name, example);
    }
}

fn shape(form: Form, media_type: &str) -> Shape {
    match media_type {
        "application/json" => named(form.schema),
        "text/plain" => text("What is wrong, in a sentence."),
        _ => bytes("The same, encoded."),
    }
}

fn example(media_type: &str, body: &[u8]) -> Option<Value> {
    match media_type {
        "application/json" => serde_json::from_slice(body).ok(),
        "text/plain" => Some(String::from_utf8_lossy(body).into()),
        _ => None,
    }
}

/// The body of an answer that is written already.
fn whole(body: Body) -> Bytes {
    let collected = body.collect().now_or_never().and_then(Result::ok);
    collected.map(Collected::to_bytes).unwrap_or_default()
}
