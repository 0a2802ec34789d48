//! The body of a record in protobuf.

use super::body::{BODY, Body};
use super::protobuf_text::json_text;
use super::protobuf_value::{Any, Fault, Values, check_size};
use crate::protobuf::text;
use crate::unusual::Unusual;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use record::bson_writer::BsonWriter;
use record::fault::MAX_DOCUMENT_BYTES;
use std::borrow::Cow;

/// A body: a text is the message as it is. One that is larger than a record may be is its JSON text alone, which
/// is at most so many bytes.
pub(super) fn body<'a>(
    message: &'a [u8],
    most: usize,
    unusual: &mut Unusual,
) -> Result<Body<'a>, Fault> {
    match Any::of(message)? {
        Any::Text(bytes) => return Ok(Body::text(text(bytes, unusual))),
        Any::Null => return Ok(Body::default()),
        Any::Bytes(bytes) if bytes.len() <= most / 4 * 3 => {
            return Ok(Body::text(Cow::Owned(STANDARD.encode(bytes))));
        }
        _ if message.len() <= MAX_DOCUMENT_BYTES => {
            match document(|writer| Values::new(unusual).write(writer, BODY, message, 0)) {
                Err(Fault::TooLarge) => {}
                document => return Ok(Body::of_document(document?)),
            }
        }
        _ => {}
    }
    let text = json_text(message, most, unusual)?;
    Ok(Body::text(Cow::Owned(text)))
}

fn document(
    write: impl FnOnce(&mut BsonWriter<'_>) -> Result<(), Fault>,
) -> Result<Vec<u8>, Fault> {
    let mut document = Vec::new();
    let mut writer = BsonWriter::new(&mut document);
    let mark = writer.open();
    write(&mut writer)?;
    check_size(&writer)?;
    writer.close(mark);
    Ok(document)
}
