//! The payload of one request: its bytes, and what is known of them.

use bytes::Bytes;

/// A body that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Payload {
    /// The JSON, compressed or not.
    pub bytes: Bytes,
    /// Logs in it.
    pub logs: u64,
    /// Whether it is compressed.
    pub gzip: bool,
}
