//! GELF, Splunk's and Datadog's objects: golden bodies, and that nothing of any body is lost.

mod datadog;
mod gelf;
mod nothing_lost;
mod splunk;

use super::*;
use crate::GivenAttributes;

/// The record of a body: its time in text unless it is that of receipt, its level, message and attributes.
fn one(built: Result<Built, DecodeError>) -> Value {
    let built = built.expect("a readable body");
    assert_eq!(built.rejects.count, 0);
    let all = shown(&built.batch);
    assert_eq!(all.len(), 1, "{all:?}");
    parts(&all[0])
}

fn parts(record: &Value) -> Value {
    let time = match record["timestamp"] == "2023-11-14T22:13:20Z" {
        true => Value::Null,
        false => record["timestamp"].clone(),
    };
    json!([
        time,
        record["level"],
        record["message"],
        record["attributes"]
    ])
}

fn decoded(
    body: impl AsRef<[u8]>,
    decode: impl FnOnce(&[u8], &mut BatchBuilder) -> Result<(), DecodeError>,
) -> Result<Built, DecodeError> {
    let body = body.as_ref();
    let mut batch = builder(body);
    decode(body, &mut batch).map(|()| built(batch))
}

fn of_gelf(body: impl AsRef<[u8]>) -> Result<Built, DecodeError> {
    decoded(body, crate::gelf::decode)
}

fn of_splunk(body: impl AsRef<[u8]>) -> Result<Built, DecodeError> {
    decoded(body, |body, batch| {
        crate::splunk::decode_events(body, &GivenAttributes::default(), batch)
    })
}

fn of_datadog(body: impl AsRef<[u8]>) -> Result<Built, DecodeError> {
    decoded(body, |body, batch| {
        crate::datadog::decode(body, &GivenAttributes::default(), batch)
    })
}

fn given(pairs: &[(&'static str, &str)]) -> GivenAttributes {
    let mut given = GivenAttributes::default();
    for (name, value) in pairs {
        given.add(name, value);
    }
    given
}
