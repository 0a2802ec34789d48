//! What the workers of the write lane are asked, and what they answer.

use crate::breaker::calls::Operation;
use crate::breaker::guard::{CallError, Guard};
use crate::worker::Handler;
use async_trait::async_trait;
use logs::Timestamp;
use record::batch::BatchOrigin;
use record::documents::DocumentList;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use store::{InsertReport, Store};

/// What a worker of the write lane is asked to do.
pub enum WriteJob {
    /// Remember, or give, the times of receipt of batches.
    Receipts(Vec<BatchOrigin>),
    /// Store these documents of a portion.
    Insert(Arc<DocumentList>, Range<usize>),
}

/// What came of it.
pub enum WriteReply {
    /// The times of receipt.
    Receipts(Vec<Timestamp>),
    /// What became of the documents.
    Inserted(InsertReport),
}

/// What the workers of the write lane do.
pub struct Writer {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) guard: Guard,
}

#[async_trait]
impl Handler for Writer {
    type Job = WriteJob;
    type Output = WriteReply;
    type Error = CallError;

    async fn run(&self, work: WriteJob, deadline: Duration) -> Result<WriteReply, CallError> {
        let store = Arc::clone(&self.store);
        let asked = match &work {
            WriteJob::Receipts(_) => Operation::Receipts,
            WriteJob::Insert(..) => Operation::Insert,
        };
        let operation = async move {
            match work {
                WriteJob::Receipts(batches) => {
                    let given = store.receipts(batches, deadline).await;
                    given.map(WriteReply::Receipts)
                }
                WriteJob::Insert(documents, range) => {
                    let inserted = store.insert(documents, range, deadline).await;
                    inserted.map(WriteReply::Inserted)
                }
            }
        };
        self.guard.call(deadline, asked, operation).await
    }
}
