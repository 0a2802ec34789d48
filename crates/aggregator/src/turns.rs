//! Gives the other tasks of a thread their turn during work that goes over many records: what is worked
//! on is here already, and nothing else would make a pause.

/// Bytes that are gone over between two turns.
const BYTES_BETWEEN_TURNS: usize = 64 * 1024;

/// Work that goes on, with a pause now and then.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// Since the last pause.
    bytes: usize,
}

impl Turns {
    /// Notes that so many bytes were gone over; makes a pause when they are enough.
    pub(crate) async fn after(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= BYTES_BETWEEN_TURNS {
            self.bytes = 0;
            tokio::task::yield_now().await;
        }
    }
}
