//! `GET /openapi.json` and `GET /docs`: every address with what it takes and gives, for programs and for people.
//!
//! A file below describes the addresses of one kind. What they answer when they do not take something is made by
//! the code that answers. Tests hold the descriptions to the router, to the parameters that are read and to the
//! codes that there are.

mod deleting;
mod document;
mod elasticsearch;
mod general;
mod health;
mod operating;
mod operation;
mod page;
mod parameters;
mod reading;
mod refusals;
mod senders;
mod sending;
mod shapes;
mod splunk;
mod tags;
mod told;

#[cfg(test)]
use crate::access::Scope;
use axum::body::Bytes;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{Html, IntoResponse as _, Response};
use std::sync::LazyLock;
use tracing::subscriber::{NoSubscriber, with_default};

/// The page is of one piece, and asks nobody for anything.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";

/// Both, as they are sent: they are the same for all and always.
static WRITTEN: LazyLock<Written> = LazyLock::new(|| {
    // What is refused in it is no event of the service.
    let made = with_default(NoSubscriber::default(), document::document);
    // That has made whatever logs ask anew whether anybody listens, and so it does from now on.
    tracing::callsite::rebuild_interest_cache();
    let document = serde_json::to_value(made).unwrap_or_default();
    Written {
        document: document.to_string().into(),
        page: page::page(&document).into(),
    }
});

struct Written {
    document: Bytes,
    page: Bytes,
}

/// The handler of the document.
pub(super) async fn document() -> Response {
    let json = [(CONTENT_TYPE, "application/json")];
    (json, WRITTEN.document.clone()).into_response()
}

/// The handler of the page.
pub(super) async fn page() -> Response {
    let policy = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (policy, Html(WRITTEN.page.clone())).into_response()
}

/// Every method with a path that is described, and the scope that it needs.
#[cfg(test)]
pub(super) fn described() -> Vec<(String, String, Option<&'static str>)> {
    let of = |described: operation::Described| {
        let method = serde_json::to_value(&described.method).unwrap();
        let method = method.as_str().unwrap().to_ascii_uppercase();
        (method, described.path, described.scope.map(Scope::name))
    };
    document::described().into_iter().map(of).collect()
}
