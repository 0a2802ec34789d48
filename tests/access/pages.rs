//! Pages of other sites, in a browser that can reach the service.

use super::{get, near, post, refused};
use crate::support::service::Service;
use serde_json::json;

const BODY: &str = r#"[{"message":"from a page"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_asks_for_another_site_is_refused_and_nothing_is_taken() {
    let service = Service::builder().start().await;
    let base = near(&service);
    for header in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://localhost:3000"),
        ("origin", "null"),
    ] {
        let url = format!("{base}/logs/batch");
        let headers = [("content-type", "text/plain"), header];
        refused(
            &post(&service, url, &headers, BODY).await,
            403,
            "cross_site",
        );
        for path in ["/", "/logs/retrieve", "/nothing"] {
            refused(
                &get(&service, &base, path, &[header]).await,
                403,
                "cross_site",
            );
        }
        let url = format!("{base}/logs/rejected/replay");
        refused(&post(&service, url, &[header], "").await, 403, "cross_site");
    }
    assert_eq!(service.health().await["records"]["received"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_own_pages_a_typed_address_and_programs_are_not_refused() {
    let service = Service::builder().env("ALLOWED_HOSTS", "logs.example");
    let service = service.start().await;
    let base = near(&service);
    let origin = base.clone();
    for headers in [
        &[][..],
        &[
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-site")],
        // Node.js sends this and no more.
        &[("sec-fetch-mode", "cors")],
        // Behind a proxy that calls the service by its address.
        &[("origin", "https://logs.example")],
    ] {
        let url = format!("{base}/logs/batch");
        let all = [&[("content-type", "application/json")], headers].concat();
        let reply = post(&service, url, &all, BODY).await;
        assert_eq!(reply.status, 200, "{headers:?}: {}", reply.text());
        let reply = get(&service, &base, "/", headers).await;
        assert_eq!(reply.status, 200, "{headers:?}: {}", reply.text());
    }
    let received = service.health().await["records"]["received"].clone();
    assert_eq!(received, json!(6));
}
