//! The texts of several attributes of a record, found on one way through all of them.

use super::attribute_filter::Text;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The attributes at `keys`, in their order, as a reader sees them: a string without its quotes, all else
/// as JSON. Dots lead into objects, as they do for an [`AttributeFilter`](super::AttributeFilter).
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
    let mut deserializer = serde_json::Deserializer::from_str(object);
    // What is no object has no members.
    deserializer
        .deserialize_map(Walk { wanted, texts })
        .unwrap_or_default();
}

struct Walk<'a> {
    /// Sorted, so that those that begin with a name stand together.
    wanted: &'a [Wanted<'a>],
    texts: &'a mut [Option<String>],
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members_of: M) -> Result<(), M::Error> {
        while let Some(Text(name)) = members_of.next_key::<Text<'de>>()? {
            let value = members_of.next_value::<&'de RawValue>()?.get();
            let first = self.wanted.partition_point(|(key, _)| **key < *name);
            let mut nested = Vec::new();
            for (key, place) in self.wanted.iter().skip(first) {
                let Some(rest) = key.strip_prefix(&*name) else {
                    break;
                };
                match self.texts.get_mut(*place) {
                    Some(text @ None) if rest.is_empty() => *text = Some(shown(value)),
                    Some(None) if value.starts_with('{') => {
                        nested.extend(rest.strip_prefix('.').map(|rest| (rest, *place)));
                    }
                    _ => {}
                }
            }
            if !nested.is_empty() {
                members(value, &nested, self.texts);
            }
        }
        Ok(())
    }
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
