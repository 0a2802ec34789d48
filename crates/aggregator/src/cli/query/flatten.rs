//! The members of a JSON object as `key=value`, those of an object in it under names with dots.

use crate::cli::sanitize;
use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Objects in objects that are taken apart; deeper ones are shown as JSON.
const DEEPEST: usize = 16;

/// Writes all members, with a blank between two of them; what is no object as it is.
pub(super) fn write(json: &str, out: &mut Vec<u8>) {
    let mut writer = Writer {
        path: String::new(),
        depth: 0,
        is_first: true,
        out,
    };
    writer.value(json);
}

struct Writer<'a> {
    path: String,
    depth: usize,
    is_first: bool,
    out: &'a mut Vec<u8>,
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

impl Writer<'_> {
    fn value(&mut self, json: &str) {
        let is_taken_apart = json.starts_with('{') && json != "{}" && self.depth < DEEPEST;
        if !is_taken_apart {
            return self.member(json);
        }
        self.depth += 1;
        let mut deserializer = serde_json::Deserializer::from_str(json);
        // Its form was looked at when the record was read.
        drop(deserializer.deserialize_map(&mut *self));
        self.depth -= 1;
    }

    fn member(&mut self, json: &str) {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b' ');
        }
        if !self.path.is_empty() {
            text(&self.path, self.out);
            self.out.push(b'=');
        }
        match serde_json::from_str::<Text<'_>>(json) {
            Ok(Text(value)) => text(&value, self.out),
            Err(_) => sanitize::write_json(json, self.out),
        }
    }
}

impl<'de> Visitor<'de> for &mut Writer<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        let outer = self.path.len();
        while let Some(Text(name)) = members.next_key::<Text<'de>>()? {
            let value = members.next_value::<&'de RawValue>()?;
            if outer > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            self.value(value.get());
            self.path.truncate(outer);
        }
        Ok(())
    }
}

/// A text as it is when it cannot be misread, and in quotes else.
fn text(text: &str, out: &mut Vec<u8>) {
    let is_plain = !text.is_empty()
        && !text.contains(|character: char| character.is_whitespace() || "\"=".contains(character))
        && sanitize::is_all_harmless(text);
    if is_plain {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    sanitize::write(&text.replace('\\', "\\\\").replace('"', "\\\""), out);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(json: &str) -> String {
        let mut out = Vec::new();
        write(json, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_are_written_as_they_are_asked_for() {
        for (json, expected) in [
            (
                r#"{"service":"orders","http":{"status":500,"a.b":{"c":null}}}"#,
                "service=orders http.status=500 http.a.b.c=null",
            ),
            (
                r#"{"a":"two words","b":"","c":"x=1","d":"say \"hi\" \\"}"#,
                r#"a="two words" b="" c="x=1" d="say \"hi\" \\""#,
            ),
            (
                r#"{"tags":["a", 1],"e":{},"big":123456789012345678901234567890}"#,
                r#"tags=["a", 1] e={} big=123456789012345678901234567890"#,
            ),
            (
                "{\"k y\":\"\\u001b[31m\\n\",\"z\":[\"\u{9b}\"]}",
                "\"k y\"=\"\\x1b[31m\\n\" z=[\"\\u009b\"]",
            ),
            (r#"{"":1}"#, "1"),
            ("{}", "{}"),
        ] {
            assert_eq!(written(json), expected);
        }
    }

    #[test]
    fn an_object_of_any_depth_is_shown() {
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(written(&deep).starts_with("a.a.a."));
    }

    proptest! {
        #[test]
        fn no_name_and_no_value_brings_a_control_character(name: String, value: String) {
            let json = serde_json::json!({ name.clone(): value, "in": { name: [value] } });
            prop_assert!(!written(&json.to_string()).contains(char::is_control));
        }
    }
}
