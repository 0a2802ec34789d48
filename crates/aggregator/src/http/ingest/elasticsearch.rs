//! Elasticsearch's `_bulk`, and what its clients ask beside it; at `/`, and under `/elasticsearch` as well.

mod answer;
mod around;
mod bulk;
mod refusal;

use crate::http::error::ApiError;
use crate::http::services::{Served, Services};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use std::sync::Arc;

/// Where all of it is served once more.
const UNDER: &str = "/elasticsearch";
const BULK: &str = "/_bulk";
const PRODUCT: HeaderName = HeaderName::from_static("x-elastic-product");

/// Addresses where clients ask for something to be set up: there is nothing to set up.
pub(in crate::http) const SET_UP: [&str; 13] = [
    "/_ilm/policy",
    "/_ilm/policy/{*rest}",
    "/_index_template",
    "/_index_template/{*rest}",
    "/_ingest/{*rest}",
    "/_nodes",
    "/_nodes/{*rest}",
    "/_template",
    "/_template/{*rest}",
    "/_component_template",
    "/_component_template/{*rest}",
    "/_data_stream",
    "/_data_stream/{*rest}",
];

/// What clients look for at the first address.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Introduction {
    name: &'static str,
    cluster_name: &'static str,
    cluster_uuid: &'static str,
    version: Version,
    tagline: &'static str,
}

#[derive(Debug, Serialize)]
struct Version {
    number: &'static str,
    build_flavor: &'static str,
}

/// As a server of the version whose answers are given here introduces itself.
pub(in crate::http) const INTRODUCTION: Introduction = Introduction {
    name: "aggregator",
    cluster_name: "aggregator",
    cluster_uuid: "bG9ncy1hZ2dyZWdhdG9yLg",
    version: Version {
        number: "8.17.0",
        build_flavor: "default",
    },
    tagline: "You Know, for Search",
};

/// Takes documents.
pub(in crate::http) fn bulk() -> MethodRouter<Arc<Services>> {
    let bulk = post(bulk::bulk).put(bulk::bulk);
    bulk.fallback(refusal::method_not_allowed)
        .layer(map_response(of_product))
}

/// Says yes.
fn set_up() -> MethodRouter<Arc<Services>> {
    let yes = around::nothing_to_set_up;
    let asked = get(yes).put(yes).post(yes).delete(yes);
    asked.fallback(refusal::method_not_allowed)
}

/// All other addresses of it. The one of an index named `logs` would be another's.
pub(in crate::http) fn others() -> Vec<Served> {
    let mut all = vec![
        (format!("{UNDER}{BULK}"), bulk()),
        ("/logs/_bulk".to_owned(), bulk()),
    ];
    for base in ["", UNDER] {
        all.extend([
            (format!("{base}/{{index}}{BULK}"), bulk()),
            (format!("{base}/_license"), get(around::license)),
            (format!("{base}/_cluster/health"), get(around::health)),
            (format!("{base}/_cat/health"), get(around::health)),
        ]);
        all.extend(SET_UP.map(|path| (format!("{base}{path}"), set_up())));
    }
    let marked = |(path, handler): Served| (path, handler.route_layer(map_response(of_product)));
    all.into_iter().map(marked).collect()
}

/// Why its addresses answer nobody of this kind.
pub(in crate::http) fn refusal(error: ApiError, _: &HeaderMap) -> Response {
    marked(refusal::of(error))
}

/// An answer of its addresses.
pub(in crate::http) async fn of_product(response: Response) -> Response {
    marked(response)
}

/// Clients take no answer without this for one of Elasticsearch.
fn marked(mut response: Response) -> Response {
    let product = HeaderValue::from_static("Elasticsearch");
    response.headers_mut().insert(PRODUCT, product);
    response
}
