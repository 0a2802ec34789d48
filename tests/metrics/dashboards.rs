//! The dashboard and the rules under `dashboards` name series that there are, with labels that they have.

use super::scrape::{Scrape, labels};
use crate::support::service::Service;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a question is made of beside series and labels: functions, and words between them.
const WORDS: [&str; 13] = [
    "abs",
    "and",
    "by",
    "histogram_quantile",
    "increase",
    "instance",
    "job",
    "le",
    "or",
    "predict_linear",
    "rate",
    "sum",
    "timestamp",
];
/// What Prometheus adds itself.
const OF_PROMETHEUS: [&str; 1] = ["up"];

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards")
}

fn read(name: &str) -> String {
    let path = folder().join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every question of the rules, with the name of its alert.
pub(super) fn of_rules() -> Vec<(String, String)> {
    let text = read("alerts.yaml");
    let after = |line: &str, name: &str| Some(line.trim().strip_prefix(name)?.trim().to_owned());
    let alerts = text.lines().filter_map(|line| after(line, "- alert:"));
    let questions = text.lines().filter_map(|line| after(line, "expr:"));
    let (alerts, questions): (Vec<_>, Vec<_>) = (alerts.collect(), questions.collect());
    assert_eq!(
        alerts.len(),
        questions.len(),
        "an alert has one line that asks"
    );
    alerts.into_iter().zip(questions).collect()
}

/// Every question of the dashboard, with the title of its panel.
pub(crate) fn of_dashboard() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(&read("aggregator.json")).unwrap();
    let mut found = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((text(&panel["title"]), text(&target["expr"])));
        }
    }
    found
}

/// The series and the labels that a question names; panics where it is not written as one.
pub(super) fn named(question: &str) -> Vec<(String, BTreeSet<String>)> {
    let mut open = Vec::new();
    let texts = Regex::new(r#""[^"]*""#).unwrap();
    let bare = texts.replace_all(question, "\"\"");
    for character in bare.chars() {
        match character {
            '(' | '[' | '{' => open.push(character),
            ')' | ']' | '}' => {
                let expected = match character {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                assert_eq!(open.pop(), Some(expected), "{question}");
            }
            _ => {}
        }
    }
    assert!(open.is_empty(), "{question}");
    let name = Regex::new(r"[a-z_:][a-z0-9_:]*").unwrap();
    let selector = Regex::new(r"([a-z_:][a-z0-9_:]*)\{([^}]*)\}").unwrap();
    let grouping = Regex::new(r"by \(([^)]*)\)").unwrap();
    let ranges = Regex::new(r"\[[^\]]*\]").unwrap();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for matched in selector.captures_iter(&bare) {
        let labels = name
            .find_iter(&matched[2])
            .map(|label| label.as_str().to_owned());
        found
            .entry(matched[1].to_owned())
            .or_default()
            .extend(labels);
    }
    let rest = ranges.replace_all(&bare, "");
    let rest = selector.replace_all(&rest, "$1");
    let groups: BTreeSet<String> = grouping
        .captures_iter(&rest)
        .flat_map(|group| {
            name.find_iter(&group[1])
                .map(|label| label.as_str().to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let rest = grouping.replace_all(&rest, "");
    for word in name.find_iter(&rest) {
        if !WORDS.contains(&word.as_str()) {
            found.entry(word.as_str().to_owned()).or_default();
        }
    }
    assert!(!found.is_empty(), "{question}");
    found
        .into_iter()
        .map(|(series, labels)| (series, &labels | &groups))
        .collect()
}

/// Every series of a service of which all was asked, with its labels and their values.
async fn live() -> BTreeMap<String, BTreeMap<String, BTreeSet<String>>> {
    let service = Service::builder().start().await;
    let taken = service.batch(&json!([{ "message": "one" }])).await;
    assert_eq!(taken.status, 200);
    assert_eq!(service.get("/logs/retrieve").await.status, 200);
    let asked = service
        .http()
        .get(service.url("/"))
        .header("host", "odd.example");
    assert_eq!(asked.send().await.unwrap().status().as_u16(), 421);
    let scrape = Scrape::of(&service).await;
    let mut all: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for series in scrape.0.values().flat_map(|family| family.samples.keys()) {
        let name = series.split('{').next().unwrap().to_owned();
        let of = all.entry(name).or_default();
        for (label, value) in labels(series) {
            of.entry(label.to_owned())
                .or_default()
                .insert(value.to_owned());
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_series_that_they_name_is_there_with_its_labels() {
    let live = live().await;
    let questions = [of_rules(), of_dashboard()].concat();
    assert!(questions.len() > 40, "{}", questions.len());
    for (title, question) in questions {
        for (series, labels) in named(&question) {
            if OF_PROMETHEUS.contains(&series.as_str()) {
                continue;
            }
            let of = live.get(&series);
            let of = of.unwrap_or_else(|| panic!("{title}: there is no {series}"));
            for label in labels {
                let is_there = of.contains_key(&label) || ["instance", "job"].contains(&&*label);
                assert!(is_there, "{title}: {series} has no label {label}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_value_that_a_rule_waits_for_is_one_that_its_series_may_have() {
    let live = live().await;
    let selector = Regex::new(r"([a-z_]+)\{([^}]*)\}").unwrap();
    let equal = Regex::new(r#"([a-z_]+)=(~?)"([^"]*)""#).unwrap();
    let mut looked_at = 0;
    for (alert, question) in of_rules() {
        for matched in selector.captures_iter(&question) {
            for one in equal.captures_iter(&matched[2]) {
                // A status may be any, and a job is Prometheus's own.
                if ["status", "job"].contains(&&one[1]) {
                    continue;
                }
                let known = &live[&matched[1]][&one[1]];
                for value in one[3].split('|') {
                    assert!(known.contains(value), "{alert}: no {} is {value}", &one[1]);
                    looked_at += 1;
                }
            }
        }
    }
    assert!(looked_at > 5);
}

#[test]
fn the_guide_tells_what_each_alert_means() {
    let guide = folder().join("../guide/operating.md");
    let guide = fs::read_to_string(guide).unwrap();
    let told: BTreeSet<&str> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `Aggregator")?.split('`').next())
        .collect();
    let rules = of_rules();
    let alerts: BTreeSet<&str> = rules
        .iter()
        .map(|(alert, _)| alert.strip_prefix("Aggregator").unwrap())
        .collect();
    assert_eq!(told, alerts);
}
