//! The description of every address, `/openapi.json`, and its page, `/docs`: they say what the service does.

mod codes;
mod page;
mod parameters;

use crate::support::service::Service;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

async fn document(service: &Service) -> Value {
    let reply = service.get("/openapi.json").await;
    let kind = reply.header("content-type");
    assert_eq!((reply.status, kind), (200, Some("application/json")));
    reply.json()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The code of a file without its tests.
fn code(path: &Path) -> String {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let (code, _) = text
        .split_once("#[cfg(test)]\nmod tests")
        .unwrap_or((&text, ""));
    code.to_owned()
}

/// Every file of Rust in a folder, but for those that only tests have.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_rust = path.extension().is_some_and(|end| end == "rs");
        let stem = path.file_stem().unwrap().to_str().unwrap();
        if path.is_dir() {
            found.extend(files(&path));
        } else if is_rust && !stem.ends_with("fuzz") {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn it_names_every_address_that_the_first_one_lists() {
    let service = Service::builder().start().await;
    let document = document(&service).await;
    assert!(
        text(&document, "openapi").starts_with("3.1."),
        "{}",
        document["openapi"]
    );
    let listed = service.get("/").await.json();
    for address in list(&listed["addresses"]) {
        let method = text(address, "method").to_lowercase();
        let operation = &document["paths"][text(address, "path")][&method];
        assert!(operation["responses"].is_object(), "{address}");
    }
}
