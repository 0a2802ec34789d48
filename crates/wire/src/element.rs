//! One JSON value as a record: an object is read by its members, text is a message, and so is the JSON
//! text of whatever else it is.

use crate::members::Members;
use crate::string::text_of;
use crate::unusual::Unusual;
use crate::value::{kind_of, write_members};
use record::batch::BatchBuilder;
use record::bson_writer::BsonWriter;
use record::fault::RecordFault;

/// Gives the record in an object's text to the batch, with attributes that it shares with others.
pub(super) type ReadObject = fn(&str, &Members<'_>, &mut Unusual, &mut BatchBuilder);

/// Gives the record in the text of a value to the batch, with attributes that it shares with others.
pub(super) fn read(
    value: &str,
    object: ReadObject,
    shared: &Members<'_>,
    unusual: &mut Unusual,
    batch: &mut BatchBuilder,
) {
    match value.as_bytes().first() {
        Some(b'{') => object(value, shared, unusual, batch),
        _ if batch.is_strict() => batch.reject(RecordFault::NotAnObject(kind_of(value))),
        Some(b'"') => message(&text_of(value, unusual), shared, unusual, batch),
        _ => message(value, shared, unusual, batch),
    }
}

/// Gives the batch a record that is a message, and has these attributes alone.
pub(super) fn message(
    text: &str,
    shared: &Members<'_>,
    unusual: &mut Unusual,
    batch: &mut BatchBuilder,
) {
    let attributes = |writer: &mut BsonWriter<'_>| write_members(writer, shared, 0, unusual);
    if batch.record(None, None, text, attributes) {
        unusual.tell_all(batch);
    }
}
