//! The members of a JSON object and the elements of an array, one after another, each as its text.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::ControlFlow;

/// A JSON string, without a copy where it has no escapes.
#[derive(Deserialize)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// Calls `each` with the name and the value of every member until it breaks off; what is no object has
/// none.
pub(super) fn each_member(object: &str, each: &mut dyn FnMut(&str, &str) -> ControlFlow<()>) {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    // What was broken off ends with an error, too.
    deserializer
        .deserialize_map(Members(each))
        .unwrap_or_default();
}

/// Calls `each` with every element until it breaks off; what is no array has none.
pub(super) fn each_element(array: &str, each: &mut dyn FnMut(&str) -> ControlFlow<()>) {
    let mut deserializer = serde_json::Deserializer::from_str(array);
    deserializer
        .deserialize_seq(Elements(each))
        .unwrap_or_default();
}

struct Members<'a>(&'a mut dyn FnMut(&str, &str) -> ControlFlow<()>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<(), M::Error> {
        while let Some(Text(name)) = members.next_key::<Text<'de>>()? {
            let value = members.next_value::<&'de RawValue>()?;
            if (self.0)(&name, value.get()).is_break() {
                break;
            }
        }
        Ok(())
    }
}

struct Elements<'a>(&'a mut dyn FnMut(&str) -> ControlFlow<()>);

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut elements: S) -> Result<(), S::Error> {
        while let Some(value) = elements.next_element::<&'de RawValue>()? {
            if (self.0)(value.get()).is_break() {
                break;
            }
        }
        Ok(())
    }
}
