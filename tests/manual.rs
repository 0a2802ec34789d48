//! The manual pages and the completions of shells, as the packages have them: made by the program that they tell of.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, Output};

use crate::support::binaries;

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// The program, with no setting from outside but one that would show up where it should not.
fn run(args: &[&str]) -> Output {
    let mut command = Command::new(binaries::aggregator());
    command.env_clear();
    command.env("MONGODB_URI", "mongodb://app:hunter2@host");
    command.args(args).output().expect("the program starts")
}

fn text(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The commands that `--help` lists behind these.
fn commands(of: &[&str]) -> BTreeSet<String> {
    let help = text(&[of, &["--help"]].concat());
    let Some((_, rest)) = help.split_once("Commands:\n") else {
        return BTreeSet::new();
    };
    let lines = rest.lines().take_while(|line| !line.is_empty());
    let names = lines.filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names = names.filter(|name| !name.is_empty() && *name != "help");
    names.map(str::to_owned).collect()
}

#[test]
fn there_is_a_page_for_each_command_and_the_first_names_every_setting() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("made/man1");
    text(&["manual", pages.to_str().unwrap()]);
    let mut expected = BTreeSet::from(["aggregator.1".to_owned()]);
    for command in commands(&[]) {
        expected.insert(format!("aggregator-{command}.1"));
        for inner in commands(&[&command]) {
            expected.insert(format!("aggregator-{command}-{inner}.1"));
        }
    }
    assert!(
        expected.contains("aggregator-spool-verify.1"),
        "{expected:?}"
    );
    let names = fs::read_dir(&pages).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.collect::<BTreeSet<_>>(), expected);
    let first = fs::read_to_string(pages.join("aggregator.1")).unwrap();
    let help = text(&["--help"]);
    let settings: Vec<&str> = help.split("[env: ").skip(1).collect();
    assert!(settings.len() > 20, "{help}");
    for setting in settings {
        let name = setting.split(['=', ']']).next().unwrap();
        assert!(first.contains(name), "{name}");
    }
    for name in &expected {
        let page = fs::read_to_string(pages.join(name)).unwrap();
        assert!(!page.contains("hunter2"), "{name}");
    }
}

#[test]
fn pages_that_cannot_be_written_are_a_failure_with_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let output = run(&["manual", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("error: cannot write manual pages into "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn a_shell_completes_every_command_and_the_settings() {
    for shell in SHELLS {
        let script = text(&["completions", shell]);
        for command in commands(&[]) {
            assert!(script.contains(&command), "{shell}: {command}");
        }
        assert!(script.contains("listen-addr"), "{shell}");
        assert!(!script.contains("hunter2"), "{shell}");
    }
    // As a shell is asked for the end of `aggregator hea`.
    let asked = "eval \"$1\"; COMP_WORDS=(aggregator hea) COMP_CWORD=1; _aggregator aggregator hea aggregator; echo \"${COMPREPLY[@]}\"";
    let script = text(&["completions", "bash"]);
    let output = Command::new("bash")
        .args(["--norc", "-c", asked, "bash", &script])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "health\n");
}
