//! What Prometheus's own tool says of the rules, of the dashboard's questions and of a scrape, where there is one: in
//! `$PROMTOOL`, or as `promtool` in the path. Without it, what the tests beside this one find out has to do.

use super::dashboards::{folder, named, of_dashboard, of_rules};
use super::scrape::Scrape;
use crate::support::service::Service;
use serde_json::json;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// The tool; one that is named has to be there.
fn promtool() -> Option<OsString> {
    let named = env::var_os("PROMTOOL").filter(|path| !path.is_empty());
    let is_named = named.is_some();
    let program = named.unwrap_or_else(|| "promtool".into());
    let version = Command::new(&program).arg("--version").output();
    match version {
        Ok(version) if version.status.success() => Some(program),
        version if is_named => panic!("PROMTOOL is none: {version:?}"),
        _ => None,
    }
}

/// Has the tool check something; panics with what it finds.
fn check(program: &OsString, arguments: &[&str], input: &str) -> String {
    let mut command = Command::new(program);
    let command = command.arg("check").args(arguments);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = piped.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = running.stdin.take().unwrap();
    let input = input.to_owned();
    let giving = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let ended = running.wait_with_output().unwrap();
    let texts = [ended.stdout, ended.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(ended.status.success(), "{arguments:?}: {texts:?}");
    giving.join().unwrap().unwrap();
    assert_eq!(texts[1], "", "{arguments:?}");
    texts[0].clone()
}

/// The questions of the dashboard as rules, with values for what Grafana puts in.
fn as_rules(questions: &[(String, String)]) -> String {
    let rules = questions.iter().enumerate().map(|(number, (_, question))| {
        let question = question.replace("$__rate_interval", "5m");
        json!({ "record": format!("panel:{number}"), "expr": question })
    });
    let rules: Vec<_> = rules.collect();
    // JSON is YAML as well.
    json!({ "groups": [{ "name": "dashboard", "rules": rules }] }).to_string()
}

async fn scrape() -> String {
    let service = Service::builder().start().await;
    let taken = service.batch(&json!([{ "message": "one" }])).await;
    assert_eq!(taken.status, 200);
    for question in ["retrieve", "histogram", "facets"] {
        let reply = service.get(&format!("/logs/{question}")).await;
        assert_eq!(reply.status, 200, "{question}: {}", reply.text());
    }
    Scrape::of(&service).await;
    service.get("/metrics").await.text()
}

fn check_rules(program: &OsString, path: &Path, rules: usize) {
    let found = check(program, &["rules", path.to_str().unwrap()], "");
    assert!(
        found.contains(&format!("SUCCESS: {rules} rules found")),
        "{found}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_the_dashboard_and_a_scrape_are_what_promtool_takes() {
    let (rules, panels) = (of_rules(), of_dashboard());
    for (_, question) in rules.iter().chain(&panels) {
        named(question);
    }
    let scrape = scrape().await;
    let Some(program) = promtool() else {
        eprintln!("promtool is not here: what it would say of rules and scrapes is not known");
        return;
    };
    check_rules(&program, &folder().join("alerts.yaml"), rules.len());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dashboard.yaml");
    fs::write(&path, as_rules(&panels)).unwrap();
    check_rules(&program, &path, panels.len());
    assert_eq!(check(&program, &["metrics"], &scrape), "");
}
