//! What a router serves, as it shows itself: there is no other way to ask it.

use axum::Router;
use regex::{Captures, Regex};

/// As a router calls them.
const METHODS: [&str; 9] = [
    "get", "head", "delete", "options", "patch", "post", "put", "trace", "connect",
];

/// Every method with a path. Panics when it shows itself in another way than it did.
pub(super) fn by<S>(router: &Router<S>) -> Vec<(String, String)> {
    let shown = format!("{router:?}");
    // What it answers elsewhere stands in the same form behind its own.
    let (shown, _) = shown.split_once("fallback_router: ").unwrap();
    let methods = Regex::new(r"RouteId\((\d+)\): MethodRouter\(MethodRouter \{ (.*?) fallback:");
    let path = Regex::new(r#"RouteId\((\d+)\): "([^"]*)""#).unwrap();
    let all: Vec<Captures<'_>> = methods.unwrap().captures_iter(shown).collect();
    let paths: Vec<Captures<'_>> = path.captures_iter(shown).collect();
    assert!(!paths.is_empty() && paths.len() == all.len(), "{shown}");
    let of_path = |path: &Captures<'_>| {
        let methods = all.iter().find(|route| route[1] == path[1]).unwrap();
        served(&methods[2])
            .map(|method| (method.to_ascii_uppercase(), path[2].replace("{*", "{")))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

fn served(methods: &str) -> impl Iterator<Item = &'static str> {
    METHODS.into_iter().filter(move |method| {
        assert!(methods.contains(&format!("{method}: ")), "{methods}");
        !methods.contains(&format!("{method}: None"))
    })
}
