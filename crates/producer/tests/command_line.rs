//! The producer's command line. What it does on the way is tried by the system tests, which start the
//! program that is built for this one.

#![cfg(test)]

use std::process::{Command, Output};

fn producer(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_producer"));
    command
        .args(args)
        .env_clear()
        .output()
        .expect("the producer starts")
}

#[test]
fn it_tells_its_version() {
    let told = producer(&["--version"]);
    assert!(told.status.success());
    let expected = format!("producer {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(String::from_utf8_lossy(&told.stdout), expected);
}

#[test]
fn a_flag_that_it_does_not_have_is_refused_with_its_name() {
    let refused = producer(&["--no-such-flag"]);
    assert_eq!(refused.status.code(), Some(2));
    let sentence = String::from_utf8_lossy(&refused.stderr);
    assert!(sentence.contains("--no-such-flag"), "{sentence}");
}
