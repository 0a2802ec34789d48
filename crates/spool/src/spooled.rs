//! What is handed out: a batch, and where it stands.

use record::batch::Batch;

/// A batch with its sequence number.
#[derive(Debug)]
pub struct Spooled {
    /// Its place in the order of acknowledgement.
    pub seq: u64,
    /// The batch.
    pub batch: Batch,
}
