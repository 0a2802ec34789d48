//! The page.

use super::{document, list, text};
use crate::access::get;
use crate::support::service::Service;

const BOTH: [&str; 2] = ["/openapi.json", "/docs"];

#[tokio::test(flavor = "multi_thread")]
async fn it_shows_every_address_and_every_code() {
    let service = Service::builder().start().await;
    let document = document(&service).await;
    let page = service.get("/docs").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let shown = page.text();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            let address = format!("<code>{} {path}</code>", method.to_uppercase());
            assert!(shown.contains(&address), "{address}");
        }
    }
    for code in list(&document["x-codes"]) {
        let place = format!("id=\"code-{}\"", text(code, "code"));
        assert!(shown.contains(&place), "{place}");
    }
    // A link within it leads somewhere.
    for place in shown
        .split("href=\"#")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
    {
        assert!(shown.contains(&format!("id=\"{place}\"")), "{place}");
    }
    assert!(
        !shown.contains("<!-- ") && !shown.contains("/* style */"),
        "a mark is left"
    );
    assert!(shown.len() < 256 * 1024, "{}", shown.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_nobody_for_anything_and_may_not() {
    let service = Service::builder().start().await;
    let page = service.get("/docs").await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none';") && !policy.contains("script"),
        "{policy}"
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let shown = page.text();
    for outside in [
        "src=",
        "<script",
        "<link",
        "url(",
        "@import",
        "href=\"http",
        "<img",
    ] {
        assert!(!shown.contains(outside), "{outside}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_are_for_all_under_a_name_of_the_service() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    std::fs::write(&tokens, "").unwrap();
    let guarded = Service::builder()
        .env("TOKENS_FILE", tokens.to_str().unwrap())
        .start()
        .await;
    let open = Service::builder().start().await;
    for path in BOTH {
        assert_eq!(guarded.get(path).await.status, 200, "{path}");
        let elsewhere = get(&open, &open.url(""), path, &[("host", "evil.example")]).await;
        assert_eq!(elsewhere.status, 421, "{path}");
        let head = open.http().head(open.url(path)).send().await.unwrap();
        assert_eq!(head.status(), 200, "{path}");
    }
    assert_eq!(guarded.get("/logs/retrieve").await.status, 401);
}
