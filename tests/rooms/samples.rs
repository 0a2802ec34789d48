//! Wrong samples, each told by its rule, and right ones about which nothing is said.

use super::circles::circles;
use super::modules::{Files, Graph};
use super::rules;

fn files(sources: &[(&str, &str)]) -> Files {
    let owned = sources.iter().map(|(file, text)| (*file, *text));
    owned
        .map(|(file, text)| (file.to_owned(), text.to_owned()))
        .collect()
}

/// Files below `crates/aggregator/src/`.
fn service(sources: &[(&str, &str)]) -> Files {
    let placed = sources.iter().map(|(file, text)| {
        let file = format!("crates/aggregator/src/{file}");
        (file, (*text).to_owned())
    });
    placed.collect()
}

fn graph(sources: &[(&str, &str)]) -> Graph {
    let graph = Graph::of(&service(sources));
    assert_eq!(graph.unreadable, Vec::<String>::new());
    graph
}

/// That exactly one thing is told, with each of these words.
fn assert_told(found: &[String], words: &[&str]) {
    let [told] = found else {
        panic!("one violation is told, not {found:#?}");
    };
    for word in words {
        assert!(told.contains(word), "{word} is not in {told}");
    }
}

fn assert_silent(found: &[String]) {
    assert_eq!(found, Vec::<String>::new());
}

/// A file of the room `worker` with this text is told to name one of the room `http`.
fn assert_names_http(text: &str, line: usize, named: &str) {
    let graph = graph(&[
        ("lib.rs", ""),
        ("http.rs", ""),
        ("http/read.rs", ""),
        ("worker.rs", text),
    ]);
    let from = format!("crates/aggregator/src/worker.rs:{line} ");
    let to = format!("crates/aggregator/src/{named}");
    assert_told(&rules::rooms_above(&graph), &[&from, &to]);
}

#[test]
fn a_room_that_names_one_above_it_is_told_with_both_files() {
    assert_names_http("use crate::http::Services;", 1, "http.rs");
    assert_names_http("\nuse super::http::read::Page;", 2, "http/read.rs");
    assert_names_http("pub use crate::http::*;", 1, "http.rs");
}

#[test]
fn a_nested_use_names_every_leaf() {
    let text = "use crate::{\n  worker::Pool,\n  http::{read::{self as pages, Page}},\n};";
    assert_names_http(text, 3, "http/read.rs");
    assert_names_http("use {std::{fmt, io}, super::http};", 1, "http.rs");
}

#[test]
fn a_path_counts_in_expressions_types_macros_and_attributes() {
    assert_names_http(
        "fn f() { g(|| crate::http::serve::<u8>(1)); }",
        1,
        "http.rs",
    );
    assert_names_http(
        "struct S { page: Vec<crate::http::read::Page> }",
        1,
        "http/read.rs",
    );
    assert_names_http(
        "fn f() { say!(\"{}\", [super::http::PORT]); }",
        1,
        "http.rs",
    );
    assert_names_http(
        "#[serde(with = \"crate::http::text\")] struct S;",
        1,
        "http.rs",
    );
    assert_names_http(
        "mod inner { fn f() { super::super::http::f(); } }",
        1,
        "http.rs",
    );
}

#[test]
fn a_name_that_a_use_binds_is_followed() {
    let sources = [
        (
            "http.rs",
            "use crate::worker; fn f() { worker::yielding::now(); }",
        ),
        ("worker.rs", ""),
        ("worker/yielding.rs", ""),
    ];
    let graph = graph(&sources);
    let named = &graph.names["crates/aggregator/src/http.rs"];
    assert!(named.contains_key("crates/aggregator/src/worker/yielding.rs"));
}

#[test]
fn the_program_may_name_the_library_and_the_library_names_no_root() {
    let main = "use aggregator::config::{self, Cli}; fn main() { aggregator::run(); }";
    let sources = [("main.rs", main), ("lib.rs", ""), ("config.rs", "")];
    let right = graph(&sources);
    let named = &right.names["crates/aggregator/src/main.rs"];
    let named: Vec<_> = named.keys().map(String::as_str).collect();
    assert_eq!(
        named,
        [
            "crates/aggregator/src/config.rs",
            "crates/aggregator/src/lib.rs"
        ]
    );
    assert_silent(&rules::rooms_above(&right));

    let wrong = graph(&[
        ("lib.rs", ""),
        ("main.rs", ""),
        ("config.rs", "use crate::run;"),
    ]);
    assert_told(&rules::rooms_above(&wrong), &["config.rs:1", "lib.rs"]);
}

#[test]
fn comments_strings_visibility_and_other_crates_name_nothing() {
    let text = "//! [`crate::http`]\n/* super::http::f() */\nuse ::http::{http::Uri, read::x};\n\
                use std::{self, http::read};\nmod http_of_mine;\nconst S: &str = \"see crate::http\";\n\
                pub(in crate::http) fn f(self_: u8) { http::f(); x.read::<u8>(); a::read::b() }\n\
                fn g() { ::read::c(); <S>::read::d() }";
    let sources = [
        ("lib.rs", ""),
        ("http.rs", ""),
        ("worker.rs", text),
        ("worker/read.rs", ""),
    ];
    let graph = graph(&sources);
    assert!(graph.names["crates/aggregator/src/worker.rs"].is_empty());
}

#[test]
fn two_files_that_name_each_other_are_told_with_both_lines() {
    let sources = [
        ("worker.rs", "mod log; mod recovery;"),
        ("worker/log.rs", "\nuse super::recovery::Recovered;"),
        ("worker/recovery.rs", "fn f() -> super::log::Log {}"),
    ];
    let words = ["log.rs:2 names", "recovery.rs:1 names", "2 files"];
    assert_told(&circles(&graph(&sources)), &words);
}

#[test]
fn a_circle_of_three_files_is_told_whole() {
    let sources = [
        ("config.rs", "use crate::worker::Pool;"),
        ("worker.rs", "pub mod queue; use queue::Queue;"),
        ("worker/queue.rs", "\n\nuse crate::config::Config;"),
    ];
    let words = ["3 files", "config.rs:1", "worker.rs:1", "queue.rs:3"];
    assert_told(&circles(&graph(&sources)), &words);
}

#[test]
fn a_child_may_name_the_files_of_its_own_folders() {
    let sources = [
        ("lib.rs", "pub mod http; pub use http::Services;"),
        (
            "http.rs",
            "mod read; use read::facets::Facets; use self::read::Page;",
        ),
        ("http/read.rs", "pub mod facets; use facets::Facets;"),
        (
            "http/read/facets.rs",
            "use super::Page; use crate::http::Services;",
        ),
    ];
    assert_silent(&circles(&graph(&sources)));
    assert_silent(&rules::rooms_above(&graph(&sources)));
}

#[test]
fn super_in_an_inline_module_is_the_file_itself() {
    let sources = [
        ("http.rs", "mod read; use read::page;"),
        (
            "http/read.rs",
            "mod tests { use super::*; use super::super::listen; }",
        ),
        ("http/listen.rs", "use super::read::Page;"),
    ];
    assert_told(&circles(&graph(&sources)), &["read.rs:1", "listen.rs:1"]);
    let right = [
        (
            "worker.rs",
            "fn f() {} #[cfg(test)] mod tests { use super::f; use super::*; }",
        ),
        ("lib.rs", "pub mod worker;"),
    ];
    assert_silent(&circles(&graph(&right)));
    assert_silent(&rules::rooms_above(&graph(&right)));
}

#[test]
fn a_file_in_no_room_is_told_once_for_its_folder() {
    let sources = [("http/read.rs", ""), ("misc.rs", ""), ("misc/more.rs", "")];
    let mut files = service(&sources);
    assert_told(
        &rules::files_in_no_room(&files),
        &["aggregator/src/misc.rs"],
    );
    files.remove("crates/aggregator/src/misc.rs");
    assert_told(&rules::files_in_no_room(&files), &["misc/more.rs"]);
    let files = self::files(&[("crates/common/src/lib.rs", "")]);
    assert_told(&rules::files_in_no_room(&files), &["crates/common"]);
}

#[test]
fn a_row_that_nothing_stands_in_is_told_unless_it_is_to_come() {
    let found = rules::rows_without_a_file(&service(&[("http.rs", "")]));
    let rows = |name: &str| found.iter().filter(|told| told.contains(name)).count();
    assert_eq!(
        (rows("/worker.rs"), rows("/http.rs"), rows("/listen.rs")),
        (1, 0, 0)
    );
    assert_eq!(
        (rows("crates/spool"), rows("no crate: crates/aggregator")),
        (1, 0)
    );
}

#[test]
fn a_crate_that_depends_on_one_above_it_is_told_with_both_manifests() {
    let wire = "[package]\nname = \"wire\"\n[dependencies]\nrecord.workspace = true\n";
    let told =
        |manifest: &str| rules::crates_above(&files(&[("crates/wire/Cargo.toml", manifest)]));
    for wrong in [
        "query.workspace = true",
        "query = { path = \"../query\" }",
        "[dependencies.query] # of searches\nworkspace = true",
        "[target.'cfg(unix)'.dependencies]\nquery.workspace = true",
    ] {
        let found = told(&format!("{wire}{wrong}\n"));
        assert_told(
            &found,
            &["crates/wire/Cargo.toml", "crates/query/Cargo.toml"],
        );
    }
    assert_silent(&told(&format!(
        "{wire}[dev-dependencies]\nquery.workspace = true\n"
    )));
    assert_silent(&told(&format!(
        "{wire}serde = {{ features = [\"store\"] }}\n"
    )));
}

#[test]
fn a_room_without_a_first_line_is_told() {
    let sources = [
        ("http.rs", "use std::fmt;\n//! Late."),
        ("http/read.rs", ""),
        ("worker/mod.rs", "//! The pool."),
    ];
    assert_told(
        &rules::files_without_a_first_line(&service(&sources)),
        &["src/http.rs"],
    );
    let root = files(&[
        ("crates/wire/src/lib.rs", ""),
        ("crates/wire/src/json.rs", ""),
    ]);
    assert_told(
        &rules::files_without_a_first_line(&root),
        &["wire/src/lib.rs"],
    );
}

#[test]
fn a_file_that_is_not_rust_is_told() {
    let graph = Graph::of(&service(&[("http.rs", "fn f( {")]));
    assert_told(&graph.unreadable, &["src/http.rs is not Rust"]);
}
