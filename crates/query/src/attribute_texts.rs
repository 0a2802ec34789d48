//! The texts of several attributes of a record, found on one way through all of them.

use super::json_parts::{Text, each_member};
use std::ops::ControlFlow;

/// The attributes at `keys`, in their order, as a reader sees them: a string without its quotes, all else
/// as JSON. Dots lead into objects, but not through arrays: a key has one text.
pub fn attribute_texts(attributes: &str, keys: &[&str]) -> Vec<Option<String>> {
    let mut texts = vec![None; keys.len()];
    let mut wanted: Vec<Wanted<'_>> = keys.iter().copied().zip(0..).collect();
    wanted.sort_unstable();
    members(attributes, &wanted, &mut texts);
    texts
}

/// What is left of a key within an object, and its place.
type Wanted<'a> = (&'a str, usize);

fn members(object: &str, wanted: &[Wanted<'_>], texts: &mut [Option<String>]) {
    each_member(object, &mut |name, value| {
        // They are sorted: those that begin with the name stand together.
        let first = wanted.partition_point(|(key, _)| *key < name);
        let mut nested = Vec::new();
        for (key, place) in wanted.iter().skip(first) {
            let Some(rest) = key.strip_prefix(name) else {
                break;
            };
            match texts.get_mut(*place) {
                Some(text @ None) if rest.is_empty() => *text = Some(shown(value)),
                Some(None) if value.starts_with('{') => {
                    nested.extend(rest.strip_prefix('.').map(|rest| (rest, *place)));
                }
                _ => {}
            }
        }
        if !nested.is_empty() {
            members(value, &nested, texts);
        }
        ControlFlow::Continue(())
    });
}

fn shown(json: &str) -> String {
    let text = serde_json::from_str::<Text<'_>>(json);
    text.map_or_else(|_| json.to_owned(), |Text(text)| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_gets_the_first_value_that_its_dots_lead_to() {
        let attributes = r#"{"b":1,"a":{"b":{"c":"x\ny"},"b.c":"second"},"a.b":[1,"2"],"a":"again","ab":null,"e":{"":{"f":2}}}"#;
        let expected = [
            ("a.b.c", Some("x\ny")),
            ("a.b", Some(r#"{"c":"x\ny"}"#)),
            ("b", Some("1")),
            ("a", Some(r#"{"b":{"c":"x\ny"},"b.c":"second"}"#)),
            ("ab", Some("null")),
            ("a.b.c.d", None),
            ("c", None),
            ("e..f", Some("2")),
            ("", None),
        ];
        let keys: Vec<&str> = expected.iter().map(|(key, _)| *key).collect();
        let texts = attribute_texts(attributes, &keys);
        for ((key, expected), text) in expected.into_iter().zip(texts) {
            assert_eq!(text.as_deref(), expected, "{key}");
        }
    }

    #[test]
    fn what_is_no_object_has_no_attributes() {
        for text in ["", "1", "[1]", "{", "\"a\""] {
            assert_eq!(attribute_texts(text, &["a"]), [None]);
        }
    }
}
