//! What is nested deeply.

use super::messages::{AnyValue, array, attribute, object, text};
use super::*;

/// A value in so many arrays and objects, and the same as JSON.
fn nested(depth: usize) -> (AnyValue, String) {
    let mut value = text("x");
    let mut json = r#"{"stringValue":"x"}"#.to_owned();
    for level in 0..depth {
        (value, json) = match level % 2 {
            0 => (
                array(vec![value]),
                format!(r#"{{"arrayValue":{{"values":[{json}]}}}}"#),
            ),
            _ => (
                object(vec![attribute("k", value)]),
                format!(r#"{{"kvlistValue":{{"values":[{{"key":"k","value":{json}}}]}}}}"#),
            ),
        };
    }
    (value, json)
}

/// How deep objects and arrays stand in a value, and the text in the innermost.
fn innermost(mut value: &Value) -> (usize, &str) {
    let mut depth = 0;
    loop {
        value = match value {
            Value::Array(values) => &values[0],
            Value::Object(members) => &members["k"],
            other => return (depth, other.as_str().unwrap()),
        };
        depth += 1;
    }
}

#[test]
fn what_is_nested_too_deeply_is_kept_as_text_however_deep_it_is() {
    for (depth, kept) in [(32, 32), (33, 32), (45, 32), (70, 32), (2_000, 32)] {
        let (value, json) = nested(depth);
        let (found, told) = json_attributes(&format!(r#"[{{"key":"a","value":{json}}}]"#));
        let (deep, text) = innermost(&found["a"]);
        assert_eq!((deep, told.len()), (kept, usize::from(depth > 32)));
        assert_eq!(text.contains("stringValue"), depth > 32);

        let request = super::messages::of_one(super::messages::LogRecord {
            attributes: vec![attribute("a", value)],
            ..Default::default()
        });
        // Its library does not drop what is nested so deep.
        let body = prost::Message::encode_to_vec(&request);
        if depth > 100 {
            std::mem::forget(request);
        }
        let built = of_protobuf(&body).unwrap();
        let found = shown(&built.batch).remove(0);
        let (deep, text) = innermost(&found["attributes"]["a"]);
        assert_eq!(
            (deep, super::told(&built).len()),
            (kept, usize::from(depth > 32))
        );
        if (33..64).contains(&depth) {
            let inner: Value = serde_json::from_str(text).unwrap();
            assert_eq!(innermost(&inner), (depth - 32, "x"));
        }
    }
}
