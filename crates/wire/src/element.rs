//! One JSON value as a record: an object is read by its members, whatever else it is refused alone.

use crate::fields;
use crate::value::{Members, MembersVisitor};
use record::batch::BatchBuilder;
use record::fault::RecordFault;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// Reads one element; whatever is no object is refused alone and does not end the reading.
pub(super) struct RecordSeed<'b, 'm, 'a> {
    pub(super) batch: &'b mut BatchBuilder,
    pub(super) members: &'m mut Members<'a>,
}

impl<'a> DeserializeSeed<'a> for RecordSeed<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl RecordSeed<'_, '_, '_> {
    fn refuse(self, found: &'static str) {
        self.batch.reject(RecordFault::NotAnObject(found));
    }
}

impl<'a> Visitor<'a> for RecordSeed<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<(), M::Error> {
        self.members.clear();
        MembersVisitor(self.members).visit_map(map)?;
        fields::record(self.members, self.batch);
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        while sequence.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        self.refuse("an array");
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.refuse("true or false");
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.refuse("a number");
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.refuse("a number");
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.refuse("a number");
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.refuse("text");
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.refuse("null");
        Ok(())
    }
}
