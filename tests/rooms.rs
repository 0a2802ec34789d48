//! The rooms of the service and the crates of the workspace: what may name what.
//!
//! Every path of every file is read (`crate::`, `super::`, `self::`, and names that a `use` or a `mod`
//! binds), so that the order below holds for the code as it is and not only for a drawing of it.

mod circles;
mod modules;
mod paths;
mod rules;
mod samples;

use modules::{Files, Graph};
use std::path::Path;

/// The rooms of the crate `aggregator`, from the top: each may name those below it.
const ROOMS: [(&str, Stands); 15] = [
    ("main", Stands::Here),
    ("lib", Stands::Here),
    ("cli", Stands::Here),
    ("app", Stands::Here),
    ("http", Stands::Here),
    ("listen", Stands::ToCome),
    ("search", Stands::Here),
    ("ingest", Stands::Here),
    ("retention", Stands::Here),
    ("deliver", Stands::Here),
    ("worker", Stands::Here),
    ("breaker", Stands::Here),
    ("accounting", Stands::Here),
    ("access", Stands::Here),
    ("config", Stands::Here),
];

/// The crates, from the bottom: of ours, each may depend on those in its row alone.
const CRATES: [(&str, &[&str]); 11] = [
    ("logs", &[]),
    ("program", &["logs"]),
    ("record", &["logs"]),
    ("query", &["record", "logs"]),
    ("wire", &["record", "logs"]),
    ("blocks", &["query", "record", "logs"]),
    ("spool", &["record", "logs"]),
    ("store", &["blocks", "query", "record", "logs"]),
    (
        "aggregator",
        &[
            "store", "spool", "wire", "query", "record", "program", "logs",
        ],
    ),
    ("producer", &["logs", "program"]),
    (
        "bench",
        &[
            "producer",
            "aggregator",
            "store",
            "spool",
            "blocks",
            "wire",
            "query",
            "record",
            "program",
            "logs",
        ],
    ),
];

/// Whether a room has a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Here,
    ToCome,
}

#[test]
fn every_room_names_only_those_below_it_and_no_files_name_one_another() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = violations_in(&root);
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

/// Every violation in the workspace at `root`.
pub(crate) fn violations_in(root: &Path) -> Vec<String> {
    let files = modules::read_workspace(root);
    assert!(
        files.contains_key("crates/aggregator/src/lib.rs"),
        "no sources in {}",
        root.display()
    );
    violations(&files)
}

fn violations(files: &Files) -> Vec<String> {
    let graph = Graph::of(files);
    [
        graph.unreadable.clone(),
        rules::files_in_no_room(files),
        rules::rows_without_a_file(files),
        rules::files_without_a_first_line(files),
        rules::crates_above(files),
        rules::rooms_above(&graph),
        circles::circles(&graph),
    ]
    .concat()
}
