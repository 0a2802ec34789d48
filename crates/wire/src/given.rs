//! Attributes that a request gives to each of its records, from outside its body.

use crate::members::{Members, Value};
use std::borrow::Cow;

/// Attributes that are texts.
#[derive(Debug, Clone, Default)]
pub struct GivenAttributes(Members<'static>);

impl GivenAttributes {
    /// Adds one. Its name must be none that is there already, and hold no U+0000.
    pub fn add(&mut self, name: &'static str, value: &str) {
        self.0.push((Cow::Borrowed(name), text(value)));
    }

    pub(super) fn members(&self) -> &Members<'static> {
        &self.0
    }
}

/// A text as a value.
pub(super) fn text(text: &str) -> Value<'static> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    record::attributes::write_string(text, &mut quoted);
    Value::Json(Cow::Owned(String::from_utf8(quoted).unwrap_or_default()))
}
