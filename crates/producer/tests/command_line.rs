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

#[test]
fn a_shell_and_the_manual_are_told_of_every_flag_and_command() {
    let help = producer(&["--help"]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let flags = help
        .lines()
        .filter_map(|line| line.split("--").nth(1)?.split([' ', '[']).next());
    let mut names: Vec<&str> = flags.collect();
    assert!(names.len() > 20, "{help}");
    names.extend(["completions", "manual"]);
    for shell in ["bash", "zsh", "fish"] {
        let script = producer(&["completions", shell]);
        assert!(script.status.success(), "{script:?}");
        let script = String::from_utf8_lossy(&script.stdout).into_owned();
        for name in &names {
            assert!(script.contains(name), "{shell}: {name}");
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let written = producer(&["manual", folder.path().to_str().unwrap()]);
    assert!(written.status.success(), "{written:?}");
    let page = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let first = page("producer.1").replace('\\', "");
    for name in names {
        assert!(first.contains(name), "{name}");
    }
    for name in ["producer-completions.1", "producer-manual.1"] {
        assert!(page(name).contains(".TH"), "{name}");
    }
}

#[test]
fn pages_that_cannot_be_written_are_a_failure_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let refused = producer(&["manual", file.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    let expected = "error: cannot write manual pages into ";
    assert!(
        said.starts_with(expected) && said.lines().count() == 1,
        "{said}"
    );
}
