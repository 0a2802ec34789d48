//! Every code of an error.

use super::{code, crates, document, files, list, text};
use crate::support::service::Service;
use regex::Regex;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Words in the sources that look like codes and are none.
const NO_CODES: [&str; 4] = [
    "another_history",
    "as_text",
    "expiry_date_in_millis",
    "set_aside",
];
/// Sources whose words are names of series.
const OF_SERIES: &str = "operate/metrics";
/// How Elasticsearch calls what is wrong.
const OF_ELASTICSEARCH: &str = "_exception";

/// Every code that the sources name.
fn named() -> BTreeSet<String> {
    let http = crates().join("aggregator/src/http");
    let others = ["query/src/error.rs", "wire/src/error.rs"];
    let described = [http.join("error/codes.rs"), http.join("openapi.rs")];
    let sources = files(&http)
        .into_iter()
        .chain(others.map(|path| crates().join(path)));
    let is_other = |path: &PathBuf| {
        path.starts_with(http.join("openapi")) || path.starts_with(http.join(OF_SERIES))
    };
    let sources = sources.filter(|path| !described.contains(path) && !is_other(path));
    // Of two words at least, or told as what it is.
    let literal =
        Regex::new(r#""([a-z0-9]+(?:_[a-z0-9]+)+)"|(?:unavailable|bad_request)\(\s*"([a-z]+)""#)
            .unwrap();
    let mut found = BTreeSet::new();
    for source in sources {
        for words in literal.captures_iter(&code(&source)) {
            let word = words.get(1).or(words.get(2)).unwrap().as_str();
            if !NO_CODES.contains(&word) && !word.ends_with(OF_ELASTICSEARCH) {
                found.insert(word.to_owned());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_described_with_its_status_and_an_example_and_none_that_there_is_not() {
    let service = Service::builder().start().await;
    let document = document(&service).await;
    let codes = list(&document["x-codes"]);
    let described: BTreeSet<String> = codes
        .iter()
        .map(|code| text(code, "code").to_owned())
        .collect();
    let named = named();
    assert!(named.len() > 50, "{named:?}");
    let difference: Vec<_> = named.symmetric_difference(&described).collect();
    assert_eq!(
        difference,
        Vec::<&String>::new(),
        "in the sources, or described, alone"
    );
    for code in codes {
        let status = code["status"].as_u64().unwrap();
        assert!(
            (400..=504).contains(&status) && !text(code, "example").is_empty(),
            "{code}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_belongs_to_an_address_and_is_shown_there_as_it_is_answered() {
    let service = Service::builder().start().await;
    let document = document(&service).await;
    let responses = document["components"]["responses"]
        .as_object()
        .unwrap()
        .values();
    let of_addresses: BTreeSet<&str> = responses
        .flat_map(|response| list(&response["x-codes"]))
        .filter_map(|code| code.as_str())
        .collect();
    let of_no_address = ["method_not_allowed"];
    for code in list(&document["x-codes"]) {
        let code = text(code, "code");
        assert_eq!(
            of_addresses.contains(code),
            !of_no_address.contains(&code),
            "{code}"
        );
    }
    // What is described of one is what is said.
    let retrieve = &document["paths"]["/logs/retrieve"]["get"]["responses"]["400"]["$ref"];
    let place = retrieve.as_str().unwrap().trim_start_matches('#');
    let examples = &document.pointer(place).unwrap()["content"]["application/json"]["examples"];
    let said = service.get("/logs/retrieve?order=up").await.json();
    assert_eq!(said, examples["invalid_parameter"]["value"]);
}
