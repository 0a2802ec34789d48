//! Bodies of `_bulk`, and what comes of them.

mod nothing_lost;
mod senders;

use super::*;
use crate::tests::{Built, builder, built, shown, told};
use record::batch::Batch;
use serde_json::{Value, json};

fn read(index: Option<&str>, body: &[u8]) -> Result<(Built, BulkItems), DecodeError> {
    let mut batch = builder(body);
    let items = decode_bulk(body, index, &mut batch)?;
    Ok((built(batch), items))
}

/// The batches of their own in a body.
fn own(index: Option<&str>, body: &str) -> Vec<Batch> {
    let mut batch = builder(body.as_bytes());
    decode_bulk(body.as_bytes(), index, &mut batch).unwrap();
    batch.take_own().batches
}

/// What came of a body: its records' messages with their index, and its items.
fn summary(index: Option<&str>, body: &str) -> (Vec<String>, Vec<String>) {
    let (built, items) = read(index, body.as_bytes()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let mut records = shown(&built.batch);
    records.extend(own(index, body).iter().flat_map(shown));
    let records = records
        .iter()
        .map(|record| text(&record["message"]) + " in " + &text(&record["attributes"]["_index"]));
    (records.collect(), listed(items))
}

fn listed(items: BulkItems) -> Vec<String> {
    let (mut runs, mut listed) = (items.into_runs(), Vec::new());
    while let Some(run) = runs.next_run() {
        let id = run.id.map_or(String::new(), |id| format!(" id {id}"));
        let refusal = run.refusal.map_or(String::new(), |why| format!(" {why:?}"));
        let Run { index, count, .. } = run;
        listed.push(format!("{count} {} {index}{id}{refusal}", run.kind.name()));
    }
    listed
}

#[test]
fn a_document_with_an_id_is_a_batch_of_its_own_known_by_its_index_and_id_alone() {
    let body = "{\"index\":{\"_id\":\"1\"}}\n{\"message\":\"a\"}\n{\"index\":{}}\n{\"message\":\"rest\"}\n\
                {\"create\":{\"_index\":\"i\",\"_id\":1}}\n[{\"message\":\"b\"},\"c\"]\n\
                {\"index\":{\"_index\":\"j\",\"_id\":\"1\"}}\n{\"message\":\"a\"}\n";
    let own = own(Some("i"), body);
    let key = |batch: &Batch| (*batch.key().unwrap(), batch.id);
    let keys: Vec<_> = own.iter().map(key).collect();
    assert_eq!(
        keys,
        [own_key("i", "1"), own_key("i", "1"), own_key("j", "1")]
    );
    let sizes: Vec<_> = own.iter().map(|batch| batch.documents.len()).collect();
    assert_eq!(sizes, [1, 2, 1]);
    assert_eq!(shown(&own[1])[1]["attributes"], json!({"_index": "i"}));
    let rest = shown(&read(Some("i"), body.as_bytes()).unwrap().0.batch);
    assert_eq!((rest.len(), &rest[0]["message"]), (1, &json!("rest")));
}

#[test]
fn a_request_may_have_so_many_ids_and_no_more() {
    let action = |id: usize| format!("{{\"index\":{{\"_id\":{id}}}}}\n{{}}\n");
    let most: String = (0..MAX_OWN).map(action).collect();
    assert_eq!(own(None, &most).len(), MAX_OWN);
    let error = read(None, (most + &action(MAX_OWN)).as_bytes()).unwrap_err();
    assert_eq!(error.code(), "too_many_ids");
}

#[test]
fn changes_and_missing_documents_are_refused_by_themselves() {
    let body = "{\"update\":{\"_index\":\"x\",\"_id\":\"1\"}}\n{\"doc\":{\"message\":\"no\"}}\n\
                {\"delete\":{\"_index\":\"x\",\"_id\":\"2\"}}\n\
                {\"create\":{\"_index\":\"x\"}}\n{\"message\":\"a\"}\n\
                {\"create\":{\"_index\":\"x\"}}\n \n\
                {\"create\":{\"_index\":\"x\",\"_id\":\"\"}}\n{\"message\":\"b\"}\n\
                {\"index\":{\"_index\":\"x\"}}";
    let expected = [
        "1 update x id 1 Unsupported",
        "1 delete x id 2 Unsupported",
        "1 create x",
        "1 create x NoDocument",
        "1 create x",
        "1 index x NoDocument",
    ];
    let (records, items) = summary(None, body);
    assert_eq!(records, ["a in x", "b in x"]);
    assert_eq!(items, expected);
    let refused = |body: &str| read(None, body.as_bytes()).unwrap().1.any_refused();
    assert!(refused(body) && !refused("{\"index\":{}}\n{}\n"));
}

#[test]
fn a_line_that_is_no_action_is_named_and_refuses_the_request() {
    let expected = "expected one of create, index, update and delete";
    for (line, reason) in [
        ("{\"message\":\"a\"}", expected),
        ("{}", expected),
        ("{\"create\":{},\"index\":{}}", expected),
        ("{\"Create\":{}}", expected),
        (
            "{\"create\":[]}",
            "expected an object behind create, not an array",
        ),
        (
            "{\"create\":null}",
            "expected an object behind create, not null",
        ),
        (
            "{\"create\":{\"_index\":{}}}",
            "expected a simple value for _index, not an object",
        ),
        (
            "{\"create\":{\"_id\":[1]}}",
            "expected a simple value for _id, not an array",
        ),
        ("[]", "it is no JSON object"),
        ("text", "it is no JSON object"),
        ("{\"create\":{}} x", "it is no JSON object"),
        ("{\"create\":{}", "it is no JSON object"),
    ] {
        let body = format!("\n{{\"index\":{{}}}}\n{{\"message\":\"a\"}}\n{line}\n{{}}\n");
        let error = read(None, body.as_bytes()).unwrap_err();
        let told = format!("malformed action line 4: {reason}");
        assert_eq!(
            (error.to_string(), error.code()),
            (told, "malformed_action"),
            "{line}"
        );
    }
}

#[test]
fn a_document_line_is_read_as_a_line_of_the_native_format() {
    let lines = [
        (r#"{"message":"a""#, &[r#"{"message":"a""#][..]),
        ("[INFO] started", &["[INFO] started"]),
        (r#""text""#, &["text"]),
        ("17", &["17"]),
        (r#"[{"msg":"a"},{"msg":"b"}]"#, &["a", "b"]),
        (r#"{"msg":"a"} and more"#, &["a", "and more"]),
    ];
    for (line, messages) in lines {
        let (records, items) = summary(Some("i"), &format!("{{\"create\":{{}}}}\n{line}\n"));
        let expected: Vec<_> = messages.iter().map(|text| format!("{text} in i")).collect();
        assert_eq!(records, expected, "{line}");
        assert_eq!(items, ["1 create i"]);
    }
    let (built, _) = read(
        None,
        b"{\"create\":{}}\n{\"message\":\"\xff\"}\n{\"create\":{}}\nb",
    )
    .unwrap();
    let told: Vec<_> = told(&built).into_iter().map(|(place, _)| place).collect();
    assert_eq!(
        (told, shown(&built.batch)[0]["message"].as_str()),
        (vec![0, 1], Some("\u{fffd}"))
    );
}

#[test]
fn a_documents_own_field_of_that_name_is_kept_beside_the_index() {
    for (document, attributes) in [
        (
            r#"{"msg":"a","_index":7}"#,
            json!({"_index": 7, "_index_": "i"}),
        ),
        (
            r#"{"msg":"a","\u005findex":7}"#,
            json!({"_index": 7, "_index_": "i"}),
        ),
        (
            r#"{"msg":"a","attributes":{"_index":1},"_index_":2}"#,
            json!({"_index": 1, "_index_": 2, "_index_2": "i"}),
        ),
        (
            r#"{"msg":"_index","x":{"_index":1}}"#,
            json!({"x": {"_index": 1}, "_index": "i"}),
        ),
    ] {
        let body = format!("{{\"create\":{{}}}}\n{document}\n");
        let (built, _) = read(Some("i"), body.as_bytes()).unwrap();
        assert_eq!(
            shown(&built.batch)[0]["attributes"],
            attributes,
            "{document}"
        );
    }
}

#[test]
fn equal_items_take_the_room_of_one_and_all_of_them_no_more_than_the_body() {
    let many = "{\"index\":{}}\n{}\n".repeat(100_000);
    let (_, items) = read(Some("i"), many.as_bytes()).unwrap();
    assert!(items.memory_bytes() < 100, "{}", items.memory_bytes());
    assert_eq!(listed(items), ["100000 index i"]);
    let action = |place: usize| match place % 3 {
        0 => format!("{{\"index\":{{\"_id\":\"{place}\"}}}}\n{{}}\n"),
        1 => format!("{{\"index\":{{\"_index\":\"{place}\"}}}}\n{{}}\n"),
        _ => "{\"create\":{}}\n{}\n".to_owned(),
    };
    let different: String = (0..10_000).map(action).collect();
    let (_, items) = read(None, different.as_bytes()).unwrap();
    assert!(
        items.memory_bytes() <= different.len(),
        "{}",
        items.memory_bytes()
    );
    assert_eq!(listed(items).len(), 10_000);
}
