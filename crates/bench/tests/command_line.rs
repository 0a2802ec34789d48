//! The program as a user and as its own parent start it. That there are tests of the program makes
//! `cargo test` build it, with the features that it builds everything else with: CI runs that one.

#![cfg(test)]

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn bench(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench"));
    command.args(arguments).output().expect("bench starts")
}

#[test]
fn a_bare_program_tells_what_it_did_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let frames = serde_json::json!({
        "Disk": { "folder": folder.path(), "frame_bytes": 5000, "seconds": 0.2 }
    });
    let output = bench(&["bare", &frames.to_string()]);
    assert!(output.status.success(), "{output:?}");
    let done: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let frames = done["records"].as_u64().expect("a number");
    assert!(frames > 0, "{done}");
    assert_eq!(done["bytes"].as_u64(), Some(5000 * frames), "{done}");
    assert!(done["seconds"].as_f64() >= Some(0.2), "{done}");
    assert!(done["p99Us"].as_f64() >= done["p50Us"].as_f64(), "{done}");
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0);
}

#[test]
fn a_measurement_that_cannot_be_made_is_told_apart_from_one_whose_accounts_do_not_add_up() {
    let unwritable = Path::new(env!("CARGO_BIN_EXE_bench")).join("below-a-file");
    let unwritable = unwritable.to_str().expect("UTF-8");
    let output = bench(&["embedded", "--no-build", "--folder", unwritable]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("below-a-file"), "{said}");
    assert_eq!(bench(&["nothing"]).status.code(), Some(2));
}

#[test]
fn a_peer_that_is_not_known_or_not_there_is_told_before_anything_is_measured() {
    for command in ["layouts", "searching"] {
        for (peer, told) in [
            (
                "loki=/bin/sh",
                "the only peer that is known is victorialogs",
            ),
            ("victorialogs=/not/there", "/not/there: No such file"),
            ("/bin/sh", "expected NAME=PATH"),
        ] {
            let output = bench(&[command, "--no-build", "--peer", peer]);
            assert_eq!(output.status.code(), Some(2), "{output:?}");
            assert!(output.stdout.is_empty(), "{output:?}");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains(told), "{command} {peer}: {said}");
        }
    }
}
