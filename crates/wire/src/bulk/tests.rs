use super::*;
use crate::formats::format_of;
use crate::tests::{Built, builder, built, shown, told};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(index: Option<&str>, body: &[u8]) -> Result<(Built, BulkItems), DecodeError> {
    let mut batch = builder(body);
    let items = decode_bulk(body, index, &mut batch)?;
    Ok((built(batch), items))
}

/// What came of a body: its records' messages with their index, and its items.
fn summary(index: Option<&str>, body: &str) -> (Vec<String>, Vec<String>) {
    let (built, items) = read(index, body.as_bytes()).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("none").to_owned();
    let records = shown(&built.batch);
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

/// As each sender of the table writes them.
#[test]
fn the_requests_of_known_senders_are_read() {
    for (sender, index, body, records, items) in [
        (
            "Fluent Bit",
            None,
            "{\"create\":{\"_index\":\"fluent-bit\",\"_type\":\"_doc\"}}\n\
             {\"@timestamp\":\"2026-08-01T10:00:00.123Z\",\"log\":\"a\"}\n\
             {\"create\":{\"_index\":\"fluent-bit\",\"_type\":\"_doc\"}}\n\
             {\"@timestamp\":\"2026-08-01T10:00:00.124Z\",\"log\":\"b\"}\n",
            &["a in fluent-bit", "b in fluent-bit"][..],
            &["2 create fluent-bit"][..],
        ),
        (
            "Vector",
            None,
            "{\"index\":{\"_index\":\"vector-2026.08.01\",\"_type\":\"_doc\"}}\n\
             {\"host\":\"h\",\"message\":\"a\",\"timestamp\":\"2026-08-01T10:00:00.123456789Z\"}\n",
            &["a in vector-2026.08.01"],
            &["1 index vector-2026.08.01"],
        ),
        (
            "Filebeat",
            None,
            "{\"create\":{\"_index\":\"filebeat-8.17.0\"}}\n\
             {\"@timestamp\":\"2026-08-01T10:00:00.123Z\",\"message\":\"a\",\"log\":{\"offset\":0}}\n",
            &["a in filebeat-8.17.0"],
            &["1 create filebeat-8.17.0"],
        ),
        (
            "rsyslog",
            None,
            "{\"index\":{\"_index\": \"system\",\"_type\":\"events\", \"pipeline\":\"p\"}}\n\
             {\"message\":\" a\",\"severity\":\"info\",\"timestamp\":\"2026-08-01T10:00:00+00:00\"}\n",
            &[" a in system"],
            &["1 index system"],
        ),
        (
            "OpenTelemetry exporter",
            None,
            "{\"create\":{\"_index\":\"logs-generic-default\"}}\n\
             {\"@timestamp\":\"1785578400000.123456\",\"body\":{\"text\":\"a\"},\"severity_text\":\"INFO\"}\n",
            &["{\"text\":\"a\"} in logs-generic-default"],
            &["1 create logs-generic-default"],
        ),
        (
            "elasticsearch-py, an index in the address",
            Some("app"),
            "{\"index\":{}}\n{\"message\":\"a\"}\n{\"index\":{\"_index\":\"other\",\"_id\":\"7\"}}\n{\"message\":\"b\"}\n",
            &["a in app", "b in other"],
            &["1 index app", "1 index other id 7"],
        ),
        (
            "by hand",
            None,
            "{\"index\":{}}\r\n{\"message\":\"a\"}\r\n\r\n {\"create\" : { \"_index\" : null, \"_id\" : 5 } }\r\ntext",
            &["a in none", "text in none"],
            &["1 index ", "1 create  id 5"],
        ),
    ] {
        let (got_records, got_items) = summary(index, body);
        assert_eq!(got_records, records, "{sender}");
        assert_eq!(got_items, items, "{sender}");
    }
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
            json!({"_index": 1, "_index_": 2, "_index__": "i"}),
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

fn document() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        " ",
        "\"message\":\"a\"",
        "\"a\":",
        "\"level\":30",
        "\"_index\":1",
        "\"attributes\":{",
        "{\"message\":\"a\"}",
        "1",
        "true",
        "text",
        "\"\\ud800\"",
        "\"time\":1700000000.5",
        "\\u005f",
        "\"",
        "é",
        "\r",
    ]);
    let broken = prop::collection::vec(parts, 1..8).prop_map(|parts| parts.concat());
    let names = ["message", "a", "_index", "level", "time"];
    let members = prop::collection::vec((prop::sample::select(names.to_vec()), 0_u32..9), 0..5);
    let whole = members.prop_map(|members| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":\"{value}\""))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    prop_oneof![broken, whole]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Each record is the one that its line alone is, and has its index.
    #[test]
    fn nothing_of_a_document_is_lost(documents in prop::collection::vec((document(), 0_usize..3), 0..6)) {
        let actions = [r#"{"create":{"_index":"a"}}"#, r#"{"index":{"_index":"b\u0062"}}"#, r#"{"index":{}}"#];
        let indices = ["a", "bb", "address"];
        let (mut body, mut expected, mut count) = (String::new(), Vec::new(), 0);
        for (document, action) in &documents {
            body += &format!("{}\n{document}\n", actions[*action]);
            if is_blank(document) {
                continue;
            }
            count += 1;
            let mut alone = builder(body.as_bytes());
            let format = format_of("application/x-ndjson").unwrap();
            (format.decode)(document.as_bytes(), &mut alone).unwrap();
            for mut record in shown(&built(alone).batch) {
                let mut name = "_index".to_owned();
                while record["attributes"].get(&name).is_some() {
                    name.push('_');
                }
                record["attributes"][name] = indices[*action].into();
                expected.push(record);
            }
        }
        let (built, items) = read(Some("address"), body.as_bytes()).unwrap();
        prop_assert_eq!(built.rejects.count, 0);
        prop_assert_eq!(shown(&built.batch), expected);
        let (mut runs, mut taken, mut all) = (items.into_runs(), 0, 0);
        while let Some(run) = runs.next_run() {
            taken += run.refusal.map_or(run.count, |_| 0);
            all += run.count;
        }
        prop_assert_eq!((taken, all), (count, documents.len() as u64));
    }

    #[test]
    fn no_bytes_break_the_decoder(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"{\"index\":{}}"[..], b"{\"create\":{\"_id\":\"1\"}}", b"{\"delete\":{}}", b"{\"update\":{}}", b"\n", b"\n", b"\r\n",
            b"{\"message\":\"a\"}", b"\xff", b"\xef\xbb\xbf", b"{\"_index\":\"\\ud800\"}", b"{\"index\":", b"}", b" ", b"text",
        ]), 0..16),
    ) {
        let body = parts.concat();
        if let Err(error) = read(None, &body) {
            prop_assert_eq!(error.code(), "malformed_action");
        }
    }
}
