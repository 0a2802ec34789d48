//! What senders of Elasticsearch's documents ask for; at `/`, and under `/elasticsearch` as well.

use super::operation::Described;
use super::parameters::{content_encoding, path};
use super::refusals::{Form, OF_BODY};
use super::shapes::{
    Shape, any_of, count, list, map, named, object, one_of, open_object, text, truth,
};
use super::tags::ELASTICSEARCH;
use crate::access::Scope;
use crate::http::ingest::elasticsearch::{self, SET_UP};
use serde_json::json;
use utoipa::openapi::HttpMethod::{self, Delete, Get, Post, Put};

const FORM: Form = Form {
    refuse: elasticsearch::refusal,
    asked_as: &[""],
    schema: "ElasticsearchError",
};
const BASES: [&str; 2] = ["", "/elasticsearch"];

pub(super) fn described() -> Vec<Described> {
    let mut all = bulk("/logs/_bulk");
    for base in BASES {
        all.extend(bulk(&format!("{base}/_bulk")));
        all.extend(bulk(&format!("{base}/{{index}}/_bulk")));
        all.push(license(&format!("{base}/_license")));
        all.push(health(&format!("{base}/_cluster/health")));
        all.push(health(&format!("{base}/_cat/health")));
        let paths = SET_UP
            .iter()
            .flat_map(|path| set_up(&format!("{base}{path}")));
        all.extend(paths);
    }
    all
}

/// A name for programs, of the method and the path.
fn of(method: HttpMethod, verb: &str, path: &str, summary: &str) -> Described {
    let path = path.replace("{*rest}", "{rest}");
    let letters = |part: &str| {
        let mut letters = part.chars().filter(char::is_ascii_alphabetic);
        let first = letters.next().into_iter().flat_map(char::to_uppercase);
        first.chain(letters).collect::<String>()
    };
    let name: String = path.split(['/', '_']).map(letters).collect();
    let described = Described::new(method, &path, &format!("{verb}{name}"), summary)
        .under(ELASTICSEARCH)
        .in_form(FORM)
        .needs(Scope::Ingest)
        .header(
            200,
            "X-Elastic-Product",
            text("By which clients know Elasticsearch."),
        );
    ["index", "rest"]
        .into_iter()
        .fold(described, |described, name| {
            match path.contains(&format!("{{{name}}}")) {
                true => described.parameters([path_parameter(name)]),
                false => described,
            }
        })
}

fn path_parameter(name: &str) -> utoipa::openapi::path::Parameter {
    match name {
        "index" => path(
            "index",
            text("The index of documents that name none; an attribute of their records."),
            "app",
        ),
        _ => path(
            "rest",
            text("What is to be set up; also more than one part of a path."),
            "logs",
        ),
    }
}

#[rustfmt::skip]
fn bulk(path: &str) -> Vec<Described> {
    let sent = "{\"create\":{\"_index\":\"app\"}}\n{\"@timestamp\":\"2024-10-08T00:00:00Z\",\"message\":\"Database connection failed.\"}\n";
    let of_method = |method, verb| of(method, verb, path, "Takes documents of Elasticsearch's senders")
        .about("Actions and documents, a line each; `index` and `create` are taken. All parameters change nothing.")
        .parameters([content_encoding(&[])])
        .body([
            ("application/x-ndjson", text("An action a line, and its document in the next."), sent.into()),
            ("application/json", text("The same."), sent.into()),
        ])
        .answers(200, "What became of each action: 201 and 200 are safe.")
        .with(200, "application/json", named("BulkAnswer"), json!({"took": 3, "errors": false, "items": [{"create": {"_index": "app", "status": 201}}]}))
        .refuses(&["invalid_json", "invalid_records", "invalid_utf8", "malformed_action", "not_records", "too_many_ids", "unsupported_media_type"])
        .takes_records();
    vec![of_method(Post, "post"), of_method(Put, "put")]
}

#[rustfmt::skip]
fn license(path: &str) -> Described {
    let license = json!({"license": {"uid": "7b2f3c1e-9d54-4a8e-8f0b-6c1d2e3f4a5b", "type": "basic", "status": "active", "expiry_date_in_millis": 4_000_000_000_000_u64}});
    of(Get, "get", path, "A license that never ends")
        .answers(200, "The license.")
        .with(200, "application/json", open_object("A license.", []), license)
}

#[rustfmt::skip]
fn health(path: &str) -> Described {
    let status = || object("How the service is.", [("status", one_of(&["green", "yellow", "red"], ""))]);
    of(Get, "get", path, "How the service is, as Elasticsearch says it")
        .answers(200, "Documents are taken.")
        .with(200, "application/json", status(), json!({"status": "green"}))
        .answers(503, "Documents are refused now.")
        .with(503, "application/json", status(), json!({"status": "red"}))
}

#[rustfmt::skip]
fn set_up(path: &str) -> Vec<Described> {
    let all = [(Get, "get"), (Put, "put"), (Post, "post"), (Delete, "delete")];
    let described = all.map(|(method, verb)| of(method, verb, path, "Says yes to what is to be set up")
        .about("A template, a policy, a pipeline: there is nothing to set up, and what is sent is thrown away.")
        .answers(200, "Yes.")
        .with(200, "application/json", object("Nothing.", []), json!({}))
        .refuses(OF_BODY));
    described.into()
}

/// Components that only these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let cause = object("A cause.", [("type", text("")), ("reason", text("A sentence."))]);
    let item = object("What became of an action.", [
        ("_index", text("")), ("_id?", text("")),
        ("status", count("201: it is new; 200: it was there; 400: it is refused.")),
        ("result?", text("`noop`: it was there.")),
        ("error?", named("ElasticsearchCause")),
    ]);
    let answer = object("What became of the actions.", [
        ("took", count("Milliseconds.")),
        ("errors", truth("Whether any was refused.")),
        ("items", list(map(named("BulkItem"), "Of each action, under its name."))),
    ]);
    let overloaded = object("Nothing was taken: send it again.", [
        ("took", count("")), ("errors", truth("")), ("items", list(open_object("", []))),
        ("error", named("ElasticsearchCause")), ("status", count("")),
    ]);
    let root = object("Why.", [("root_cause", list(named("ElasticsearchCause"))), ("type", text("")), ("reason", text(""))]);
    let refused = object("Nothing was taken.", [
        ("error", named("ElasticsearchRootCause")),
        ("status", count("")),
    ]);
    vec![
        ("BulkAnswer", answer), ("BulkItem", item), ("ElasticsearchCause", cause), ("ElasticsearchRootCause", root),
        ("ElasticsearchOverloaded", overloaded), ("ElasticsearchRefused", refused),
        ("ElasticsearchError", any_of(["ElasticsearchOverloaded", "ElasticsearchRefused"].map(named))),
    ]
}
