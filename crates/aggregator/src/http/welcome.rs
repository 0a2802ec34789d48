//! `GET /`: what this is and where to go, a page for browsers and JSON for all others.

use super::addresses::{Address, Addresses};
use super::ingest::elasticsearch::{INTRODUCTION, Introduction, of_product};
use super::negotiation::preferred;
use super::services::Services;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use std::sync::Arc;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const ABOUT: &str = "Takes batches of logs, keeps them, and gives them back.";
/// With marks where what varies goes.
const PAGE: &str = include_str!("welcome/page.html");
/// How pages look, and where that goes.
pub(super) const STYLE: &str = include_str!("welcome/style.css");
pub(super) const STYLE_MARK: &str = "/* style */\n";
const VERSION_MARK: &str = "<!-- version -->";
const HOST_MARK: &str = "<!-- host -->";
const ROWS_MARK: &str = "<!-- addresses -->";
/// A page is of one piece, and asks nobody for anything.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                      base-uri 'none'; form-action 'none'";
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

/// The handler.
pub(super) async fn welcome(State(services): State<Arc<Services>>, wishes: HeaderMap) -> Response {
    let addresses = &services.addresses;
    let vary = [(header::VARY, HeaderName::as_str(&header::ACCEPT).to_owned())];
    if preferred(&wishes, header::ACCEPT, OFFERS) == Some(1) {
        let policy = [
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        return (vary, policy, Html(page(addresses, host(&wishes)))).into_response();
    }
    let welcome = Welcome {
        service: env!("CARGO_PKG_NAME"),
        service_version: VERSION,
        about: ABOUT,
        addresses,
        introduction: INTRODUCTION,
    };
    of_product((vary, Json(welcome)).into_response()).await
}

fn page(addresses: &Addresses, host: &str) -> String {
    let mut rows = String::new();
    for Address {
        method,
        path,
        about,
    } in addresses.iter()
    {
        let address = match is_link(method, path) {
            true => format!("<a href=\"{path}\">{path}</a>"),
            false => (*path).to_owned(),
        };
        let row =
            format!("<tr><td>{method}</td><td><code>{address}</code></td><td>{about}</td></tr>\n");
        rows.push_str(&row);
    }
    PAGE.replace(STYLE_MARK, STYLE)
        .replace(VERSION_MARK, VERSION)
        .replace(HOST_MARK, host)
        .replace(ROWS_MARK, rows.trim_end())
}

/// Where the reader has found the service, if it is safe to show.
fn host(headers: &HeaderMap) -> &str {
    const LONGEST: usize = 255;
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    let named = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let safe =
        named.filter(|host| host.bytes().all(is_of_host) && (1..=LONGEST).contains(&host.len()));
    safe.unwrap_or("localhost:8005")
}

/// Whether a browser can go there: no id is needed, and it is not this page.
fn is_link(method: &str, path: &str) -> bool {
    method == "GET" && path != "/" && !path.contains('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_address_and_links_those_that_a_browser_can_go_to() {
        let address = |method, path| Address {
            method,
            path,
            about: "what for",
        };
        let addresses = Addresses::new(vec![
            address("GET", "/health"),
            address("GET", "/logs/{id}"),
            address("POST", "/logs/batch"),
        ]);
        let shown = page(&addresses, "logs.example:80");
        for row in [
            "<tr><td>GET</td><td><code><a href=\"/health\">/health</a></code></td><td>what for</td></tr>",
            "<tr><td>GET</td><td><code>/logs/{id}</code></td><td>what for</td></tr>",
            "<tr><td>POST</td><td><code>/logs/batch</code></td><td>what for</td></tr>",
        ] {
            assert!(shown.contains(row), "{shown}");
        }
        assert!(
            shown.contains(VERSION) && !shown.contains("<!-- "),
            "{shown}"
        );
    }

    #[test]
    fn the_page_asks_nobody_for_anything() {
        for outside in ["http:", "https:", "src=", "<script", "<link", "url("] {
            let code = PAGE.replace(&format!("http://{HOST_MARK}"), "") + STYLE;
            assert!(!code.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_host_that_is_none_is_not_shown() {
        for (given, shown) in [
            ("127.0.0.1:8006", "127.0.0.1:8006"),
            ("[::1]:8005", "[::1]:8005"),
            ("<script>", "localhost:8005"),
            ("", "localhost:8005"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, given.parse().unwrap());
            assert_eq!(host(&headers), shown);
        }
        assert_eq!(host(&HeaderMap::new()), "localhost:8005");
    }
}
