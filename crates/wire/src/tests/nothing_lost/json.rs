//! JSON as it is sent, by its leaves.

use record::fault::MAX_DEPTH;
use serde_json::Value;
use std::collections::BTreeMap;

/// JSON with its members in order, of which several may have one name, and numbers as they are written.
#[derive(Debug, Clone)]
pub(super) enum Json {
    /// Null, true, false, a text or a number, as its text.
    Leaf(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Leaf(text) => text.clone(),
            Self::Array(elements) => {
                let texts: Vec<_> = elements.iter().map(Self::text).collect();
                format!("[{}]", texts.join(","))
            }
            Self::Object(members) => {
                let member = |(name, value): &(String, Self)| {
                    format!("{}:{}", Value::from(name.as_str()), value.text())
                };
                let texts: Vec<_> = members.iter().map(member).collect();
                format!("{{{}}}", texts.join(","))
            }
        }
    }

    /// Its leaves by their paths: each leaf's text is compared as a value.
    pub(super) fn leaves(&self, path: &str, into: &mut BTreeMap<String, String>) {
        match self {
            Self::Leaf(text) => drop(into.insert(path.to_owned(), plain(text))),
            Self::Array(elements) if elements.is_empty() => {
                into.insert(path.to_owned(), "[]".to_owned());
            }
            Self::Array(elements) => {
                for (place, element) in elements.iter().enumerate() {
                    element.leaves(&format!("{path}/{place}"), into);
                }
            }
            Self::Object(members) if members.is_empty() => {
                into.insert(path.to_owned(), "{}".to_owned());
            }
            Self::Object(members) => {
                for (name, value) in last_of_each(members) {
                    value.leaves(&format!("{path}/{name}"), into);
                }
            }
        }
    }

    /// Differs: what lies deeper than 32 is its JSON text.
    pub(super) fn kept(&self, depth: usize) -> Self {
        match self {
            Self::Array(_) | Self::Object(_) if depth >= MAX_DEPTH => {
                Self::Leaf(Value::from(self.text()).to_string())
            }
            Self::Leaf(text) => Self::Leaf(text.clone()),
            Self::Array(elements) => {
                Self::Array(elements.iter().map(|value| value.kept(depth + 1)).collect())
            }
            Self::Object(members) => {
                let kept = |(name, value): &(String, Self)| (name.clone(), value.kept(depth + 1));
                Self::Object(members.iter().map(kept).collect())
            }
        }
    }
}

/// A number with a point or an exponent as the double that it is; everything else as it stands.
fn plain(text: &str) -> String {
    let is_integer = !text.contains(['.', 'e', 'E']) && text != "-0";
    match text.parse::<f64>() {
        Ok(number) if !is_integer => format!("{:?}", number.to_bits()),
        _ => text.to_owned(),
    }
}

/// Differs: of members with one name, the last value is kept.
pub(super) fn last_of_each(members: &[(String, Json)]) -> Vec<(&str, &Json)> {
    let mut kept: Vec<(&str, &Json)> = Vec::new();
    for (name, value) in members {
        match kept.iter_mut().find(|(other, _)| other == name) {
            Some(first) => first.1 = value,
            None => kept.push((name, value)),
        }
    }
    kept
}

/// Reads back JSON that the attributes are given as, numbers by their text.
pub(super) fn parsed(text: &str) -> Json {
    match text.as_bytes().first() {
        Some(b'{') => Json::Object(
            crate::raw::members_in(text)
                .map(|member| {
                    let name: String = serde_json::from_str(member.name).unwrap();
                    (name, parsed(member.value))
                })
                .collect(),
        ),
        Some(b'[') => Json::Array(
            crate::raw::elements_in(text)
                .map(|(_, element)| parsed(element))
                .collect(),
        ),
        Some(b'"') => {
            let text: String = serde_json::from_str(text).unwrap();
            Json::Leaf(Value::from(text).to_string())
        }
        _ => Json::Leaf(text.to_owned()),
    }
}
