//! The web page, at `/` for browsers and under `/ui/`: the files that `crates/aggregator/page` is built into, which the
//! program holds.

mod files;
mod kept;

use super::error::ApiError;
use super::services::Services;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use files::{AT_ROOT, FILES, INDEX};
use kept::{Kept, answer};
use std::sync::Arc;

/// Scripts, styles, images and data of the service itself and of nobody else; no text becomes markup.
const POLICY: &str = "default-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'; \
                      object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
/// What every answer has, so that no other site shows, reads or runs what is the page's.
const GUARDS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// The page as it stands at `/`, from where its files are below `ui/`. The answer varies by what is asked for there.
pub(super) fn at_root(wishes: &HeaderMap) -> Response {
    let mut response = guarded(&AT_ROOT, wishes);
    let vary = HeaderValue::from_static("accept, accept-encoding");
    response.headers_mut().insert(header::VARY, vary);
    response
}

/// The handler of `/ui/`.
pub(super) async fn index(wishes: HeaderMap) -> Response {
    guarded(&INDEX, &wishes)
}

/// The handler of `/ui`, whose relative addresses would lead elsewhere.
pub(super) async fn to_folder() -> Response {
    let to = [(header::LOCATION, "ui/")];
    (StatusCode::PERMANENT_REDIRECT, to).into_response()
}

/// The handler of a file.
pub(super) async fn file(
    State(services): State<Arc<Services>>,
    Path(name): Path<String>,
    wishes: HeaderMap,
) -> Result<Response, ApiError> {
    let kept = FILES.iter().find(|kept| kept.name == name);
    let kept =
        kept.ok_or_else(|| ApiError::not_found(&format!("/ui/{name}"), &services.addresses))?;
    Ok(guarded(kept, &wishes))
}

fn guarded(kept: &Kept, wishes: &HeaderMap) -> Response {
    let mut response = answer(kept, wishes);
    for (name, value) in GUARDS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}
