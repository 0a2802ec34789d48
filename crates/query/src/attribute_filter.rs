//! What is said of an attribute: that it is there, has a value, or has not.
//!
//! Attributes are looked at as the JSON text that readers get, which both stores have alike.

use super::QueryError;
use super::attribute_path::leads_to;
use super::json_parts::Text;
use super::needle::LONGEST;
use super::patience::{GaveUp, Patience};
use super::quoting;

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

    /// The one value that it has to have, or must not have, if the condition is about one.
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Whether the condition is turned round.
    pub fn is_negated(&self) -> bool {
        self.negated
    }

    /// Whether the condition is that the attribute is there, with any value.
    pub fn is_of_presence(&self) -> bool {
        self.value.is_none() && !self.negated
    }

    pub(super) fn matches(
        &self,
        attributes: Option<&str>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        let mut is_so = |json: &str| match &self.value {
            None => true,
            Some(value) => is_value(json, value),
        };
        let found = match attributes {
            Some(object) => leads_to(object, &self.key, &mut is_so, patience)?,
            None => false,
        };
        Ok(found != self.negated)
    }
}

/// A string by what it says, all else but an array by its JSON text.
fn is_value(json: &str, value: &str) -> bool {
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str::<Text<'_>>(json).is_ok_and(|Text(text)| text == value),
        Some(b'[') => false,
        _ => json == value,
    }
}
