//! What all records of a batch have in common, and by which a batch is remembered.

use crate::batch_id::{BatchId, KeyDigest};
use logs::Timestamp;

/// What all records of a batch have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchOrigin {
    /// What their ids have in common.
    pub id: BatchId,
    /// A digest of its key, if it has one.
    pub key: Option<KeyDigest>,
    /// Whether that key was made of what was sent, and not by the client.
    pub content_key: bool,
    /// When the request came.
    pub received_at: Timestamp,
}

impl BatchOrigin {
    /// By which the batch is remembered: a retry under its key has the same one. Sixteen bytes of BLAKE3:
    /// too many for two batches to share them by chance.
    pub fn ledger_key(&self) -> [u8; 16] {
        self.digest([])
    }

    /// A name for these records of the batch, the same for each copy of it: of a batch without a key its
    /// time of receipt tells it from others, a batch with one may be received again. Sixteen bytes of
    /// BLAKE3, too many for two batches to share them by chance.
    pub fn digest(&self, positions: impl IntoIterator<Item = u32>) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.id.as_bytes());
        match &self.key {
            Some(key) => hasher.update(key.as_bytes()),
            None => hasher.update(&self.received_at.nanos().to_le_bytes()),
        };
        for position in positions {
            hasher.update(&position.to_le_bytes());
        }
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }
}
