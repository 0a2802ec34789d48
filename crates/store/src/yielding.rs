//! Yields to the other tasks of a thread during work that goes over many records: what is worked on is
//! here already, and nothing else would make a pause.

/// Bytes that are gone over between two yields.
const BYTES_BETWEEN_YIELDS: usize = 64 * 1024;

/// Counts what is gone over, and yields when it is enough.
#[derive(Debug, Default)]
pub(super) struct YieldBudget {
    /// Bytes since the last yield.
    spent: usize,
}

impl YieldBudget {
    /// Notes that so many bytes were gone over; yields when they are enough.
    pub(super) async fn spend(&mut self, bytes: usize) {
        self.spent += bytes;
        if self.spent >= BYTES_BETWEEN_YIELDS {
            self.spent = 0;
            tokio::task::yield_now().await;
        }
    }
}
