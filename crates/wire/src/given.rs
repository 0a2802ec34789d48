//! Attributes that a request gives to each of its records, from outside its body.

use crate::members::{Members, Value};
use std::borrow::Cow;

/// Attributes that are texts.
#[derive(Debug, Clone, Default)]
pub struct GivenAttributes(Members<'static>);

impl GivenAttributes {
    /// Adds one. Its name must be none that is there already, and hold no U+0000.
    pub fn add(&mut self, name: &'static str, value: &str) {
        let value = Value::Text(Cow::Owned(value.to_owned()));
        self.0.push((Cow::Borrowed(name), value));
    }

    pub(super) fn members(&self) -> &Members<'static> {
        &self.0
    }
}
