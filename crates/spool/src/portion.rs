//! How much is handed out at one time, and why nothing could be.

use super::damage::Damage;
use super::spooled::Spooled;
use record::batch::Batch;
use std::io;
use tokio::task::JoinError;

/// How much is handed out at one time, but for a single larger batch.
#[derive(Debug, Clone, Copy)]
pub struct Portion {
    /// Documents.
    pub documents: usize,
    /// Bytes of documents.
    pub bytes: usize,
}

/// Why nothing could be handed out.
#[derive(Debug, thiserror::Error)]
pub enum ConsumeError {
    /// The disk does not do what it is asked; it may work again. The log tells once when that begins and
    /// once when it ends.
    #[error("the spool cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Acknowledged data is not what was written. Nothing behind it is handed out.
    #[error(
        "the spool is damaged: {0}; start again with --spool-recover to set that segment aside"
    )]
    Damaged(Damage),
    /// Reading panicked.
    #[error("reading the spool panicked: {0}")]
    Panicked(#[from] JoinError),
}

/// A portion while it is put together.
pub(super) struct PortionBuilder {
    portion: Portion,
    documents: usize,
    bytes: usize,
    pub(super) batches: Vec<Spooled>,
}

impl PortionBuilder {
    pub(super) fn new(portion: Portion) -> Self {
        Self {
            portion,
            documents: 0,
            bytes: 0,
            batches: Vec::new(),
        }
    }

    pub(super) fn has_room(&self, batch: &Batch) -> bool {
        let (documents, bytes) = (batch.documents.len(), batch.documents.encoded_bytes());
        self.batches.is_empty()
            || (self.documents + documents <= self.portion.documents
                && self.bytes + bytes <= self.portion.bytes)
    }

    pub(super) fn add(&mut self, spooled: Spooled) {
        self.documents += spooled.batch.documents.len();
        self.bytes += spooled.batch.documents.encoded_bytes();
        self.batches.push(spooled);
    }
}
