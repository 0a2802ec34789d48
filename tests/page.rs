//! The web page as it is served: its files, their headers, and who gets it. What it does in a browser is tried beside its
//! sources, in `crates/aggregator/page/tests`.

use crate::access::{get, refused};
use crate::support::http::Reply;
use crate::support::service::Service;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What a browser says when somebody opens an address.
const BROWSER: (&str, &str) = (
    "accept",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
);
/// What it says when a page of another site has led there,
const SITE: (&str, &str) = ("sec-fetch-site", "cross-site");
/// and when somebody has followed a link.
const FOLLOWED: [(&str, &str); 3] = [
    SITE,
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
];
/// More than this is no page that opens at once.
const MOST: usize = 120 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("page/built")
}

/// The names of the files that the page is built into.
fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    names
}

/// Where a file is found.
fn address(name: &str) -> String {
    match name {
        "index.html" => "/ui/".to_owned(),
        "root.html" => "/".to_owned(),
        _ => format!("/ui/{name}"),
    }
}

async fn asked(service: &Service, path: &str, headers: &[(&str, &str)]) -> Reply {
    let all = [&[BROWSER], headers].concat();
    get(service, &service.url(""), path, &all).await
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_end(&mut plain)
        .unwrap();
    plain
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_is_served_as_it_was_built_with_its_type_and_guarded() {
    let service = Service::builder().start().await;
    for name in names() {
        let reply = asked(&service, &address(&name), &[]).await;
        assert_eq!(reply.status, 200, "{name}");
        let built = fs::read(folder().join(&name)).unwrap();
        assert!(reply.body == built, "{name}: the program has another one");
        let kind = match Path::new(&name).extension().unwrap().to_str().unwrap() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "txt" => "text/plain; charset=utf-8",
            other => panic!("{other}"),
        };
        assert_eq!(reply.header("content-type"), Some(kind), "{name}");
        let policy = reply.header("content-security-policy").unwrap();
        for rule in [
            "default-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'self'",
            "require-trusted-types-for 'script'",
        ] {
            assert!(policy.contains(rule), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(reply.header(header), Some(value), "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_has_a_file_gets_it_no_second_time_and_each_encoding_has_its_tag() {
    let service = Service::builder().start().await;
    for name in names() {
        let path = address(&name);
        let plain = asked(&service, &path, &[]).await;
        let small = asked(&service, &path, &[("accept-encoding", "gzip, deflate, br")]).await;
        assert_eq!(plain.header("content-encoding"), None);
        assert_eq!(small.header("content-encoding"), Some("gzip"), "{name}");
        assert_eq!(unpacked(&small.body), plain.body, "{name}");
        assert!(plain.header("vary").unwrap().contains("accept-encoding"));
        let (tag, tag_of_small) = (plain.header("etag").unwrap(), small.header("etag").unwrap());
        assert_ne!(tag, tag_of_small, "{name}");
        let again = asked(&service, &path, &[("if-none-match", tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{name}");
        assert_eq!(again.header("etag"), Some(tag));
        assert!(again.header("content-security-policy").is_some());
        // Of the other form, or an older one.
        for other in [tag_of_small, "\"0123456789abcdef\""] {
            let whole = asked(&service, &path, &[("if-none-match", other)]).await;
            assert_eq!(whole.status, 200, "{name}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_page_is_small() {
    let service = Service::builder().start().await;
    let mut bytes = 0;
    for path in ["/ui/", "/ui/app.js", "/ui/style.css", "/ui/icon.svg"] {
        let reply = asked(&service, path, &[("accept-encoding", "gzip")]).await;
        bytes += reply.body.len();
    }
    assert!((20_000..MOST).contains(&bytes), "{bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_by_relative_addresses_from_both_places_so_that_a_prefix_changes_nothing() {
    let service = Service::builder().start().await;
    let index = asked(&service, "/ui/", &[]).await.text();
    let root = asked(&service, "/", &[]).await.text();
    assert!(root.contains("<base href=\"ui/\">") && !index.contains("<base"));
    let named = |html: &str| {
        let parts = ["src=\"", "href=\""].map(|mark| {
            let found = html.split(mark).skip(1);
            let found = found.filter_map(|rest| rest.split('"').next());
            found.map(str::to_owned).collect::<Vec<_>>()
        });
        parts.concat()
    };
    assert!(named(&index).len() >= 3, "{index}");
    for path in named(&index).into_iter().chain(named(&root)) {
        assert!(!path.starts_with('/') && !path.contains(':'), "{path}");
        let inside = path.trim_start_matches("./");
        let whole = match inside {
            "ui/" => continue,
            "../docs" => "/docs".to_owned(),
            _ => format!("/ui/{inside}"),
        };
        assert_eq!(asked(&service, &whole, &[]).await.status, 200, "{whole}");
    }
    let client = crate::support::http::client_builder().redirect(reqwest::redirect::Policy::none());
    let folder = client.build().unwrap().get(service.url("/ui"));
    let folder = folder.send().await.unwrap();
    let to = folder.headers()["location"].to_str().unwrap();
    assert_eq!((folder.status().as_u16(), to), (308, "ui/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_file_of_it_is_not_there() {
    let service = Service::builder().start().await;
    for path in [
        "/ui/nothing",
        "/ui/index.html",
        "/ui/..%2F..%2FCargo.toml",
        "/ui/app.js/",
        "/ui//app.js",
    ] {
        let reply = asked(&service, path, &[]).await;
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (404, &"not_found".into()),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_for_all_where_there_are_tokens_and_what_it_asks_for_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    fs::write(&tokens, "").unwrap();
    let service = Service::builder().env("TOKENS_FILE", tokens.to_str().unwrap());
    let service = service.start().await;
    for path in ["/", "/ui/", "/ui/app.js"] {
        assert_eq!(asked(&service, path, &[]).await.status, 200, "{path}");
    }
    for path in [
        "/logs/retrieve",
        "/logs/histogram",
        "/logs/facets",
        "/stats",
    ] {
        refused(&asked(&service, path, &[]).await, 401, "token_needed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_another_site_leads_to_the_page_and_to_nothing_else() {
    let service = Service::builder().start().await;
    for path in ["/", "/ui/", "/ui/?q=level%3Aerror"] {
        assert_eq!(asked(&service, path, &FOLLOWED).await.status, 200, "{path}");
    }
    for path in [
        "/ui/app.js",
        "/logs/retrieve",
        "/logs/histogram",
        "/health",
        "/stats",
        "/docs",
    ] {
        refused(&asked(&service, path, &FOLLOWED).await, 403, "cross_site");
    }
    // A frame, a script that fetches, a form that is sent, and what claims an origin.
    for (mode, dest) in [
        ("navigate", "iframe"),
        ("no-cors", "script"),
        ("cors", "empty"),
    ] {
        let headers = [SITE, ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
        refused(&asked(&service, "/ui/", &headers).await, 403, "cross_site");
    }
    let with_origin = [&FOLLOWED[..], &[("origin", "https://evil.example")]].concat();
    refused(
        &asked(&service, "/ui/", &with_origin).await,
        403,
        "cross_site",
    );
    let elsewhere = [&FOLLOWED[..], &[("host", "evil.example")]].concat();
    assert_eq!(asked(&service, "/ui/", &elsewhere).await.status, 421);
}
