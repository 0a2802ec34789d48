//! The table of what senders send: each row on both ways of reading JSON.

use super::*;

const JSON_AND_UNTYPED: [Terms; 2] = [JSON, UNTYPED];
const RECEIPT: &str = "2023-11-14T22:13:20Z";
/// A row a line: what is sent, the records (level, time or receipt, message, attributes), how much is told,
/// and under which types. The system tests send the same.
const ROWS: &str = include_str!("../../../../tests/taken/rows.ndjson");

/// What comes of a body that is taken whole.
fn taken(terms: Terms, body: &[u8]) -> Built {
    let built = both_ways(terms, body);
    let built = built.unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body)));
    assert_eq!(built.rejects.listed, []);
    built
}

/// The body of a row, in which U+00FF stands for the byte.
fn body_of(row: &Value) -> Vec<u8> {
    let text = row["sent"].as_str().unwrap();
    let parts: Vec<_> = text.split('\u{ff}').map(str::as_bytes).collect();
    parts.join(&0xff)
}

fn expected(row: &Value) -> Vec<Value> {
    let records = row["records"].as_array().unwrap();
    let record = |parts: &Value| {
        let time = parts[1].as_str().unwrap_or(RECEIPT);
        let mut record = json!({"timestamp": time, "level": parts[0], "message": parts[2]});
        if !parts[3].is_null() {
            record["attributes"] = parts[3].clone();
        }
        record
    };
    records.iter().map(record).collect()
}

fn types_of(row: &Value) -> Vec<Terms> {
    let names = ["json", "untyped", "lines", "plain"];
    let is_meant = |name: &str| match row["types"].as_array() {
        Some(types) => types.iter().any(|known| known == name),
        None => true,
    };
    let all = names.into_iter().zip(TYPES);
    all.filter(|(name, _)| is_meant(name))
        .map(|(_, terms)| terms)
        .collect()
}

#[test]
fn every_row_of_the_table_is_taken_and_what_is_unusual_of_it_is_told() {
    for line in ROWS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let (body, tells) = (body_of(&row), row["told"].as_u64().unwrap_or(0));
        for terms in types_of(&row) {
            let built = taken(terms, &body);
            assert_eq!(shown(&built.batch), expected(&row), "{line} {terms:?}");
            let told = told(&built);
            let are_lines = told.iter().all(|(_, reason)| reason.contains("not JSON"));
            // Lines are what a body of plain text is made of.
            assert!(
                !terms.is_plain || !are_lines || told.is_empty(),
                "{line} {told:?}"
            );
            if !terms.is_plain {
                assert_eq!(told.len() as u64, tells, "{line} {told:?}");
            }
        }
    }
}

#[test]
fn an_object_is_the_same_record_as_an_element_of_an_array() {
    let mut objects = 0;
    for line in ROWS.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let body = body_of(&row);
        if !body.starts_with(b"{") || body.contains(&b'\n') || expected(&row).len() != 1 {
            continue;
        }
        objects += 1;
        for terms in TYPES {
            let built = taken(terms, &[b"[", body.as_slice(), b" ]"].concat());
            assert_eq!(shown(&built.batch), expected(&row), "{line}");
            assert_eq!(
                told(&built).len() as u64,
                row["told"].as_u64().unwrap_or(0),
                "{line}"
            );
        }
    }
    assert!(objects > 40, "{objects}");
}

#[test]
fn numbers_of_any_size_keep_their_digits() {
    let body = r#"{"message":"a","n":1e400,"big":18446744073709551616}"#;
    let built = decode(None, body).unwrap();
    let bytes = built.batch.documents.slices(0..1).next().unwrap();
    let stored = StoredDocument::read(RawDocument::from_bytes(bytes).unwrap()).unwrap();
    let mut text = Vec::new();
    attributes::write_json(stored.attributes.unwrap(), &mut text).unwrap();
    assert_eq!(text, br#"{"n":"1e400","big":18446744073709551616}"#);
}

/// Readers that hold numbers as doubles make infinity of it, or stumble.
#[test]
fn an_integer_that_no_double_holds_is_kept_as_text_and_told() {
    for (digits, is_held) in [(308, true), (309, false), (5_000, false)] {
        let number = "9".repeat(digits);
        let built = taken(
            JSON,
            format!(r#"{{"message":"a","n":{number}}}"#).as_bytes(),
        );
        let bytes = built.batch.documents.slices(0..1).next().unwrap();
        let stored = StoredDocument::read(RawDocument::from_bytes(bytes).unwrap()).unwrap();
        let mut text = Vec::new();
        attributes::write_json(stored.attributes.unwrap(), &mut text).unwrap();
        let quote = if is_held { "" } else { "\"" };
        let expected = format!(r#"{{"n":{quote}{number}{quote}}}"#);
        assert_eq!(String::from_utf8(text).unwrap(), expected, "{digits}");
        assert_eq!(told(&built).is_empty(), is_held, "{digits}");
    }
}

#[test]
fn what_is_told_names_the_field_and_its_value() {
    let body = r#"[{"message":"x"},{"timestamp":"yesterday","level":77,"message":"y","n":1e400}]"#;
    let built = taken(JSON, body.as_bytes());
    let reasons = [
        r#"timestamp "yesterday" is not a time: the time of receipt was taken"#,
        "level 77 is no level: it has none",
        "the number 1e400 is too large: its digits were kept as text",
    ];
    assert_eq!(told(&built), reasons.map(|reason| (1, reason.to_owned())));
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_told_of_their_record() {
    for terms in TYPES {
        let body = b"[{\"message\":\"ok\"},{\"message\":\"a\xffb\"},{\"message\":\"ok\"}]";
        let built = taken(terms, body);
        assert_eq!(shown(&built.batch)[1]["message"], "a\u{fffd}b");
        let reason = "bytes that are not UTF-8 were replaced with U+FFFD";
        assert_eq!(told(&built), [(1, reason.to_owned())]);
        let lines = b"{\"message\":\"ok\"}\n{\"message\":\"\xff\"}\n\"\xc3\"\n{\"message\":\"ok\"}";
        let places: Vec<u32> = told(&taken(terms, lines))
            .iter()
            .map(|told| told.0)
            .collect();
        assert_eq!(places, [1, 2]);
    }
}

fn messages(terms: Terms, body: &str) -> Vec<String> {
    let built = taken(terms, body.as_bytes());
    let text = |record: &Value| record["message"].as_str().unwrap().to_owned();
    shown(&built.batch).iter().map(text).collect()
}

#[test]
fn what_only_looks_like_a_wrapper_stays_closed() {
    for terms in JSON_AND_UNTYPED {
        let long = "x".repeat(100);
        for closed in [
            r#"{"message":"m","logs":[{"message":"a"}]}"#,
            r#"{"level":"info","logs":[{"message":"a"}]}"#,
            r#"{"logs":[{"message":"a"}],"more":[{"message":"b"}]}"#,
            r#"{"other":[{"message":"a"}]}"#,
            r#"{"logs":[{"message":"a"},"b"]}"#,
            &format!(r#"{{"logs":[{{}},{{}},{{}}],"app":"{long}"}}"#),
        ] {
            assert_eq!(messages(terms, closed).len(), 1, "{closed}");
        }
    }
    let wrapper = r#"{"logs":[{"message":"a"},{"message":"b"}]}"#;
    for terms in TYPES {
        assert_eq!(messages(terms, &format!("[{wrapper}]")), [""]);
        assert_eq!(messages(terms, &format!("{wrapper}\n{wrapper}")), ["", ""]);
    }
    for terms in [LINES, PLAIN] {
        assert_eq!(messages(terms, wrapper), [""]);
    }
}

#[test]
fn json_that_is_cut_off_is_refused_with_its_place_where_its_type_says_that_it_is_json() {
    for (body, line, column) in [
        ("[{\"message\":\"a\"},\n{\"message\":}]", 2, 12),
        ("[{\"message\":\"a\"}", 1, 16),
        ("{\"message\":\"a\"", 1, 14),
        // It breaks in its first line, and no line behind it is an object.
        ("[INFO] started\nnot json", 1, 2),
        // It breaks beyond the first byte of its second line.
        ("{\"a\":\n{\"message\":\"b\"}\n{\"message\":\"c\"}", 3, 1),
    ] {
        match both_ways(JSON, body.as_bytes()) {
            Err(DecodeError::Syntax {
                line: at,
                column: place,
                ..
            }) => assert_eq!((at, place), (line, column), "{body}"),
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[test]
fn what_is_too_deep_or_too_many_is_kept_as_text() {
    let nested = |depth| {
        let (open, close) = (r#"{"a":"#.repeat(depth), "}".repeat(depth));
        format!(r#"{{"message":"m","n":{open}1{close}}}"#)
    };
    for depth in [33, 40, 5000] {
        let built = taken(UNTYPED, nested(depth).as_bytes());
        assert_eq!(told(&built).len(), 1);
        let records = shown(&built.batch);
        let mut part = &records[0]["attributes"]["n"];
        for _ in 0..32 {
            part = &part["a"];
        }
        let rest = depth - 32;
        let expected = format!("{}1{}", r#"{"a":"#.repeat(rest), "}".repeat(rest));
        assert_eq!(part, &Value::from(expected));
    }
    let members = (0..100_002).map(|number| format!(r#""k{number}":{number}"#));
    let members = members.collect::<Vec<_>>().join(",");
    let built = taken(
        UNTYPED,
        format!(r#"{{"message":"m","a":{{{members}}}}}"#).as_bytes(),
    );
    let records = shown(&built.batch);
    let kept = records[0]["attributes"]["a"].as_object().unwrap();
    assert_eq!(kept.len(), 100_001);
    assert_eq!(kept["_more"], r#"{"k100000":100000,"k100001":100001}"#);
    let zeros = vec!["0"; 100_002].join(",");
    let built = taken(
        UNTYPED,
        format!(r#"{{"message":"m","a":[{zeros}]}}"#).as_bytes(),
    );
    let records = shown(&built.batch);
    let kept = records[0]["attributes"]["a"].as_array().unwrap();
    assert_eq!(kept.len(), 100_001);
    assert_eq!(kept[100_000], "[0,0]");
    assert_eq!(told(&built).len(), 1);
}

#[test]
fn what_is_beyond_the_bound_is_kept_of_an_object_and_of_its_attributes() {
    let members = |begin: &str| {
        let members = (0..100_002).map(|number| format!(r#""{begin}{number}":0"#));
        members.collect::<Vec<_>>().join(",")
    };
    let (own, within) = (members("k"), members("a"));
    let body = format!(r#"{{"message":"m","attributes":{{{within}}},{own}}}"#);
    let built = taken(UNTYPED, body.as_bytes());
    let kept = &shown(&built.batch)[0]["attributes"];
    assert_eq!(kept["_more"], r#"{"a100000":0,"a100001":0}"#);
    let own = r#"{"k99998":0,"k99999":0,"k100000":0,"k100001":0}"#;
    assert_eq!(kept["_more_"], own);
    // A field of that name does not take the place of it either.
    let body = format!(r#"{{"message":"m","attributes":{{{within}}},"_more":1}}"#);
    let kept = &shown(&taken(UNTYPED, body.as_bytes()).batch)[0]["attributes"];
    assert_eq!(kept["_more"], 1);
    assert_eq!(kept["_more_"], r#"{"a100000":0,"a100001":0}"#);
}
