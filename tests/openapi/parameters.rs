//! Every parameter behind the question mark.

use super::{code, crates, document, files, list, text};
use crate::support::service::Service;
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Files that read parameters one by one and do not refuse others, with an address of each.
const READ_BY: [(&str, &str, &str); 6] = [
    ("ingest/native.rs", "post", "/logs/batch"),
    ("ingest/splunk.rs", "post", "/services/collector"),
    ("ingest/datadog.rs", "post", "/api/v2/logs"),
    ("operate/dead_letters.rs", "get", "/logs/rejected"),
    ("operate/replay.rs", "post", "/logs/rejected/replay"),
    ("operate/log.rs", "post", "/operate/log"),
];
/// An id that leads to an answer about the parameters.
const ID: &str = "97fc57b6e28d4000706934c744beacc100000002";

fn queries(operation: &Value) -> impl Iterator<Item = &Value> {
    list(&operation["parameters"])
        .iter()
        .filter(|parameter| parameter["in"] == "query")
}

fn names(operation: &Value) -> BTreeSet<String> {
    queries(operation)
        .map(|parameter| text(parameter, "name").to_owned())
        .collect()
}

/// The addresses that refuse what they do not know.
fn of_reading(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let is_read = list(&item["get"]["tags"])
            .iter()
            .any(|tag| tag == "Reading");
        if is_read && queries(&item["get"]).next().is_some() {
            found.insert(path.replace("{id}", ID), item["get"].clone());
        }
    }
    assert!(found.len() >= 4, "{found:?}");
    found
}

/// Whatever the sources that read filters and other parameters might take for the name of one.
fn candidates() -> BTreeSet<String> {
    let read = files(&crates().join("aggregator/src/http/read"));
    let parameters = read
        .into_iter()
        .filter(|path| path.ends_with("parameters.rs"));
    let literal = Regex::new(r#""([A-Za-z]+)""#).unwrap();
    let mut found = BTreeSet::new();
    for source in parameters.chain([crates().join("query/src/parse.rs")]) {
        for words in literal.captures_iter(&code(&source)) {
            found.insert(words[1].to_owned());
        }
    }
    found
}

async fn is_known(service: &Service, path: &str, name: &str) -> bool {
    let (status, told) = answered(service, &format!("{path}?{name}=1")).await;
    status != 400 || told["code"] != "unknown_parameter"
}

/// The status of an answer, which need not have an end, and what a refusal says.
async fn answered(service: &Service, path: &str) -> (u16, Value) {
    let answer = service.http().get(service.url(path)).send().await.unwrap();
    let status = answer.status().as_u16();
    let told = match status {
        400 => serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap(),
        _ => Value::Null,
    };
    (status, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_an_address_that_reads_takes_is_described_there_and_nothing_else() {
    let service = Service::builder().start().await;
    let candidates = candidates();
    assert!(
        candidates.contains("startTime") && candidates.contains("interval"),
        "{candidates:?}"
    );
    for (path, operation) in of_reading(&document(&service).await) {
        let mut described = names(&operation);
        assert!(described.remove("attr.KEY"), "{path}");
        for name in candidates.union(&described) {
            let known = is_known(&service, &path, name).await;
            assert_eq!(known, described.contains(name), "{path}: {name}");
        }
        assert!(is_known(&service, &path, "attr.x").await);
        // What it says of itself is the same.
        let refused = service.get(&format!("{path}?nothing=1")).await.json();
        let (_, listed) = text(&refused, "message").split_once("known are ").unwrap();
        let listed: BTreeSet<String> = listed
            .split([',', ' '])
            .filter(|name| !["", "and"].contains(name))
            .map(str::to_owned)
            .collect();
        described.insert("attr.KEY".to_owned());
        assert_eq!(listed, described, "{path}");
    }
}

/// Names that are compared with that of a parameter, or stand in a list of names.
fn read_in(source: &str) -> BTreeSet<String> {
    let list = Regex::new(r"const PARAMETERS: [^=]*= \[([^\]]*)\]").unwrap();
    let listed = list
        .captures(source)
        .map(|list| list[1].to_owned())
        .unwrap_or_default();
    let quoted = Regex::new(r#""([A-Za-z]+)""#).unwrap();
    let listed: Vec<_> = quoted
        .captures_iter(&listed)
        .map(|name| name[1].to_owned())
        .collect();
    let compared = Regex::new(r#"(?m)^\s*\(?"([A-Za-z]+)"(?: =>|, (?:"|_))"#).unwrap();
    let compared = compared
        .captures_iter(source)
        .map(|name| name[1].to_owned());
    compared.chain(listed).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_others_read_is_described_and_nothing_else() {
    let service = Service::builder().start().await;
    let document = document(&service).await;
    let http = crates().join("aggregator/src/http");
    let reads = ["form_urlencoded::parse(", ".given(&"];
    let reading: BTreeSet<_> = files(&http)
        .into_iter()
        .filter(|path| !path.starts_with(http.join("read")) && !path.ends_with("ingest/sent.rs"))
        .filter(|path| reads.iter().any(|read| code(path).contains(read)))
        .collect();
    let known: BTreeSet<_> = READ_BY.iter().map(|(file, ..)| http.join(file)).collect();
    assert_eq!(reading, known);
    for (file, method, path) in READ_BY {
        let described = names(&document["paths"][path][method]);
        assert_eq!(
            read_in(&code(&http.join(Path::new(file)))),
            described,
            "{path}"
        );
    }
}

async fn status(service: &Service, path: &str, parameter: &Value, value: &str) -> u16 {
    let name = text(parameter, "name");
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    // Columns are those of a form that has some.
    let others = match (path, name) {
        ("/logs/retrieve", "fields") => "format=csv&",
        _ => "",
    };
    let (status, told) = answered(service, &format!("{path}?{others}{name}={value}")).await;
    // It is one that the service has not made.
    let of_others = ["invalid_cursor", "invalid_event_id"];
    match status {
        400 if of_others.iter().any(|code| told["code"] == *code) => 200,
        status => status,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_described_of_values_is_so() {
    let service = Service::builder().start().await;
    let document = document(&service).await;
    let mut addresses = of_reading(&document);
    let rejected = "/logs/rejected".to_owned();
    addresses.insert(rejected, document["paths"]["/logs/rejected"]["get"].clone());
    for (path, operation) in &addresses {
        for parameter in
            queries(operation).filter(|parameter| text(parameter, "name") != "attr.KEY")
        {
            let (schema, example) = (&parameter["schema"], &parameter["example"]);
            let example = example
                .as_str()
                .map_or_else(|| example.to_string(), str::to_owned);
            let mut taken = vec![example];
            taken.extend(
                list(&schema["enum"])
                    .iter()
                    .map(|word| word.as_str().unwrap().to_owned()),
            );
            let mut refused = Vec::new();
            if let Some((least, most)) = schema["minimum"].as_u64().zip(schema["maximum"].as_u64())
            {
                taken.extend([least.to_string(), most.to_string()]);
                refused.extend(least.checked_sub(1).map(|less| less.to_string()));
                refused.push((most + 1).to_string());
            } else if !list(&schema["enum"]).is_empty() {
                refused.push("another".to_owned());
            }
            for value in taken {
                assert_ne!(
                    status(&service, path, parameter, &value).await,
                    400,
                    "{path} {parameter} {value}"
                );
            }
            for value in refused {
                assert_eq!(
                    status(&service, path, parameter, &value).await,
                    400,
                    "{path} {parameter} {value}"
                );
            }
        }
    }
}
