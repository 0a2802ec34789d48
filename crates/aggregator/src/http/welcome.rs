//! `GET /`: the web page for browsers, and for all others what this is and where to go.

use super::addresses::Addresses;
use super::ingest::elasticsearch::{INTRODUCTION, Introduction, of_product};
use super::negotiation::preferred;
use super::page;
use super::services::Services;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::sync::Arc;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const ABOUT: &str = "Takes batches of logs, keeps them, and gives them back.";
/// JSON where both are liked equally: only a browser names HTML.
const OFFERS: &[&[&str]] = &[&["application/json"], &["text/html"]];

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Welcome<'a> {
    service: &'static str,
    service_version: &'static str,
    about: &'static str,
    addresses: &'a Addresses,
    /// Senders that speak to Elasticsearch ask here, with nothing that marks them.
    #[serde(flatten)]
    introduction: Introduction,
}

/// The handler of `/`.
pub(super) async fn root(services: State<Arc<Services>>, wishes: HeaderMap) -> Response {
    match preferred(&wishes, header::ACCEPT, OFFERS) {
        Some(1) => page::at_root(&wishes),
        _ => welcome(services).await,
    }
}

/// The handler of the other addresses at which clients ask what this is.
pub(super) async fn welcome(State(services): State<Arc<Services>>) -> Response {
    let vary = [(header::VARY, HeaderName::as_str(&header::ACCEPT).to_owned())];
    let welcome = Welcome {
        service: env!("CARGO_PKG_NAME"),
        service_version: VERSION,
        about: ABOUT,
        addresses: &services.addresses,
        introduction: INTRODUCTION,
    };
    of_product((vary, Json(welcome)).into_response()).await
}
