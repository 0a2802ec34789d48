//! The format of one file: a checksum, a header that describes the payload, and the payload.

use crate::payload::Payload;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

const FORMAT: &str = "producer-spool 1 ";

#[derive(Serialize, Deserialize)]
struct Header {
    key: String,
    logs: u64,
    gzip: bool,
}

/// What stands before the payload.
///
/// # Errors
/// When the header cannot be written as JSON, for which there is no reason known.
pub(super) fn encode_head(key: &str, payload: &Payload) -> serde_json::Result<Vec<u8>> {
    let header = Header {
        key: key.to_owned(),
        logs: payload.logs,
        gzip: payload.gzip,
    };
    let header = serde_json::to_string(&header)? + "\n";
    let crc = crc32c::crc32c_append(crc32c::crc32c(header.as_bytes()), &payload.bytes);
    Ok(format!("{}\n{header}", first_line(crc)).into_bytes())
}

fn first_line(crc: u32) -> String {
    format!("{FORMAT}{crc:08x}")
}

/// The key and the payload.
///
/// # Errors
/// What is wrong with the file: nothing of it may be sent.
pub(super) fn decode(file: &Bytes) -> Result<(String, Payload), String> {
    let (first, rest) = line(file).ok_or("it has no first line")?;
    if !first.starts_with(FORMAT.as_bytes()) {
        return Err("its first line is none of this format".to_owned());
    }
    if first != first_line(crc32c::crc32c(rest)).as_bytes() {
        return Err("its checksum does not fit".to_owned());
    }
    let (header, bytes) = line(rest).ok_or("it has no header")?;
    let header: Header = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    let payload = Payload {
        bytes: file.slice_ref(bytes),
        logs: header.logs,
        gzip: header.gzip,
    };
    Ok((header.key, payload))
}

/// The first line, and what comes after it.
fn line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}
