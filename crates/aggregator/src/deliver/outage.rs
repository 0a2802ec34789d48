//! Whether the store takes batches, as the deliveries see it. While it does not, one of them holds on to
//! its portion and asks; the others give theirs back to the spool, which keeps them on disk.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Shared by all deliveries.
#[derive(Debug)]
pub(crate) struct Outage {
    on: watch::Sender<bool>,
    asking: Arc<Semaphore>,
}

impl Default for Outage {
    fn default() -> Self {
        Self {
            on: watch::Sender::new(false),
            asking: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Outage {
    /// The store did not do what it was asked, and it is the store's fault.
    pub(crate) fn begin(&self) {
        self.on.send_if_modified(|on| !std::mem::replace(on, true));
    }

    /// The store did what it was asked.
    pub(crate) fn end(&self) {
        self.on.send_if_modified(|on| std::mem::replace(on, false));
    }

    /// Whether the last that is known is that the store does not.
    pub(crate) fn is_on(&self) -> bool {
        *self.on.borrow()
    }

    /// Waits until the store does what it is asked.
    pub(crate) async fn ended(&self) {
        // The sender lives as long as `self`.
        drop(self.on.subscribe().wait_for(|on| !on).await);
    }

    /// Whether a delivery holds on to its portion and asks.
    pub(crate) fn is_asked(&self) -> bool {
        self.asking.available_permits() == 0
    }

    /// The right to hold on to a portion and to ask, if nobody has it.
    pub(crate) fn ask(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.asking).try_acquire_owned().ok()
    }
}
