//! What uploads share that are held while there is no room for what came of them.
//!
//! Held are few, and little of the memory that requests share, so what one waits for is not held by the others; and
//! one at a time waits for memory and is taken with it.

use crate::accounting::admission::{Admission, NoRoom, Reservation};
use tokio::sync::{Mutex, MutexGuard};

/// So many are held at most.
const MOST: usize = 64;
/// What they hold is at most this part of the memory of all requests.
const SHARE: usize = 4;

/// Those that are held.
pub struct HeldUploads {
    memory: Admission,
    /// What each counts for at least.
    least: usize,
    turn: Mutex<()>,
}

impl HeldUploads {
    /// Where all requests have so many bytes of memory.
    pub fn new(inflight_bytes: usize) -> Self {
        let memory = Admission::new(inflight_bytes / SHARE);
        Self {
            least: memory.limit() / MOST,
            memory,
            turn: Mutex::new(()),
        }
    }

    /// Holds one more, of so many bytes, until what is given is dropped.
    pub(super) fn hold(&self, bytes: usize) -> Result<Reservation, NoRoom> {
        self.memory.reserve(bytes.max(self.least))
    }

    /// Bytes of memory for which one may wait: those that all others give back, however many are held.
    pub(super) fn most(&self, admission: &Admission) -> usize {
        admission.shared().saturating_sub(self.memory.limit())
    }

    /// Waits for the turn to wait for memory.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_one_waits_for_comes_free_whatever_is_held_and_keeps_nobody_out_meanwhile() {
        const LIMIT: usize = 300 << 20;
        let admission = Admission::with_kept(LIMIT, LIMIT / 8);
        let held = HeldUploads::new(LIMIT);
        // Two are held, as much as may be, and their own bytes are reserved.
        let (_one, _other) = (held.hold(60 << 20).unwrap(), held.hold(15 << 20).unwrap());
        let _own = admission.reserve(75 << 20).unwrap();
        let request = admission.reserve(100 << 20).unwrap();
        let mut waiting = std::pin::pin!(admission.wait(held.most(&admission)));
        let soon = std::time::Duration::from_millis(60);
        assert!(tokio::time::timeout(soon, &mut waiting).await.is_err());
        assert!(admission.reserve(80 << 20).is_ok(), "others are served");
        drop(request);
        waiting.await;
    }

    #[test]
    fn held_are_few_and_little_of_the_memory() {
        let held = HeldUploads::new(1 << 30);
        let all: Vec<_> = std::iter::from_fn(|| held.hold(1).ok()).collect();
        assert_eq!(all.len(), MOST);
        drop(all);
        let large: Vec<_> = std::iter::from_fn(|| held.hold(1 << 26).ok()).collect();
        assert_eq!(large.len(), 4);
    }
}
