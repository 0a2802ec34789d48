//! What is said of an attribute: that it is there, has a value, or has not.
//!
//! Attributes are looked at as the JSON text that readers get, which both stores have alike. A dot
//! leads into an object, and is also just a part of a name: `http.status` finds
//! `{"http":{"status":500}}` and `{"http.status":500}`.

use super::QueryError;
use super::patience::{GaveUp, Patience};
use super::quoting;
use super::text_filter::LONGEST;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Before a value: the attribute has not got it.
const NOT: char = '!';

/// One condition on one attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeFilter {
    key: String,
    value: Option<String>,
    negated: bool,
}

impl AttributeFilter {
    /// Reads `KEY` and `VALUE` of `attr.KEY=VALUE`. No value: the key is there. A `!` before the
    /// value turns the condition round, also for records without the key. A value in quotes is what
    /// stands between them, as in JSON.
    ///
    /// # Errors
    /// [`QueryError`] when there is no key, the value begins with a quote and is no JSON string, or the
    /// two are too long.
    pub fn new(key: &str, value: &str) -> Result<Self, QueryError> {
        if key.is_empty() {
            return Err(QueryError::NoAttribute);
        }
        let rest = value.strip_prefix(NOT);
        let written = rest.unwrap_or(value);
        let value = quoting::read(written)
            .map_err(|_| QueryError::not_quoted("attr.KEY", written))?
            .into_owned();
        if key.len() + value.len() > LONGEST {
            return Err(QueryError::TooLong {
                parameter: "attr.KEY=VALUE",
                limit: LONGEST,
            });
        }
        Ok(Self {
            key: key.to_owned(),
            value: (!written.is_empty()).then_some(value),
            negated: rest.is_some(),
        })
    }

    /// How `value` is written in quotes, when without them it would ask for something else.
    pub fn quoted(value: &str) -> Option<String> {
        let is_plain = !value.is_empty() && !value.starts_with(NOT) && !quoting::is_quoted(value);
        (!is_plain).then(|| quoting::write(value))
    }

    /// The attribute's name.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The one value that it has to have, if that is the condition.
    pub fn equals(&self) -> Option<&str> {
        self.value.as_deref().filter(|_| !self.negated)
    }

    pub(super) fn matches(
        &self,
        attributes: Option<&str>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        let is_so = |json: &str| match &self.value {
            None => true,
            Some(value) => is_value(json, value),
        };
        let found = match attributes {
            Some(object) => finds(object, &self.key, &is_so, patience)?,
            None => false,
        };
        Ok(found != self.negated)
    }
}

/// A string by what it says, an array by any of its elements, all else by its JSON text.
fn is_value(json: &str, value: &str) -> bool {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Text<'_>>(json).is_ok_and(|Text(text)| text == value),
        Some(b'[') => {
            let elements = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
            elements
                .iter()
                .any(|element| !element.get().starts_with('[') && is_value(element.get(), value))
        }
        _ => json == value,
    }
}

/// Whether a member at `path` is as it should be.
fn finds(
    object: &str,
    path: &str,
    is_so: &dyn Fn(&str) -> bool,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    patience.ask()?;
    let mut gave_up = None;
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let search = Search {
        path,
        is_so,
        patience,
        gave_up: &mut gave_up,
    };
    // What is no object has no members.
    let found = deserializer.deserialize_map(search).unwrap_or(false);
    gave_up.map_or(Ok(found), Err)
}

struct Search<'a, 'p> {
    path: &'a str,
    is_so: &'a dyn Fn(&str) -> bool,
    patience: &'a mut Patience<'p>,
    gave_up: &'a mut Option<GaveUp>,
}

/// A JSON string, without a copy where it has no escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl<'de> Visitor<'de> for Search<'_, '_> {
    type Value = bool;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<bool, M::Error> {
        let mut found = false;
        while let Some(Text(name)) = members.next_key::<Text<'de>>()? {
            let value = members.next_value::<&'de RawValue>()?.get();
            if found || self.gave_up.is_some() {
                continue;
            }
            found = match self.path.strip_prefix(&*name) {
                Some("") => (self.is_so)(value),
                Some(rest) if value.starts_with('{') => match rest.strip_prefix('.') {
                    Some(rest) => match finds(value, rest, self.is_so, self.patience) {
                        Ok(found) => found,
                        Err(reason) => {
                            *self.gave_up = Some(reason);
                            false
                        }
                    },
                    None => false,
                },
                _ => false,
            };
        }
        Ok(found)
    }
}
