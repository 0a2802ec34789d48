//! Attributes that all records of a token get, as its file has them.

use record::pins::{BadPins, PinValue, Pins};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use std::fmt;
use std::sync::Arc;

/// What the file pins; read by its names.
#[derive(Debug, Default)]
pub(super) struct Given(Vec<(String, PinValue)>);

impl Given {
    pub(super) fn pins(self) -> Result<Option<Arc<Pins>>, BadPins> {
        Ok(Pins::new(self.0)?.map(Arc::new))
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(All)
    }
}

struct All;

impl<'de> Visitor<'de> for All {
    type Value = Given;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("attributes, as in pin = { service = \"orders\" }")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
        let mut given = Vec::new();
        while let Some((name, Pinned(value))) = map.next_entry()? {
            given.push((name, value));
        }
        Ok(Given(given))
    }
}

struct Pinned(PinValue);

impl<'de> Deserialize<'de> for Pinned {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(One).map(Self)
    }
}

struct One;

impl Visitor<'_> for One {
    type Value = PinValue;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a whole number, true or false to be pinned")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<PinValue, E> {
        Ok(PinValue::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<PinValue, E> {
        Ok(PinValue::Integer(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<PinValue, E> {
        Ok(PinValue::Text(value.to_owned()))
    }
}
