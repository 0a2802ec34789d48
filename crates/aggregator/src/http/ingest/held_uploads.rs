//! What uploads share that are held while there is no room for what came of them.
//!
//! Held are few, and little of the memory that requests share, so what one waits for is not held by the others; and
//! one at a time waits for memory and is taken with it. One tenant does not hold all that may be held, so that there is
//! something for another.

use crate::accounting::admission::{Admission, NoRoom};
use crate::accounting::fair_admission::{FairAdmission, FairReservation};
use crate::accounting::shares::Owner;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};

/// So many are held at most.
const MOST: usize = 64;
/// What they hold is at most this part of the memory of all requests.
const SHARE: usize = 4;

/// Those that are held.
pub struct HeldUploads {
    memory: FairAdmission,
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
            memory: FairAdmission::new(Arc::new(memory)),
            turn: Mutex::new(()),
        }
    }

    /// Holds one more, of so many bytes, until what is given is dropped; a tenant's, if there are any.
    pub(super) fn hold(&self, bytes: usize, tenant: &Owner) -> Result<FairReservation, NoRoom> {
        self.memory.reserve(tenant, bytes.max(self.least))
    }

    /// Bytes of memory for which one may wait: those that all others give back, however many are held.
    pub(super) fn most(&self, admission: &Admission) -> usize {
        admission.shared().saturating_sub(self.memory.all().limit())
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
        let (_one, _other) = (
            held.hold(60 << 20, &None).unwrap(),
            held.hold(15 << 20, &None).unwrap(),
        );
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
        let all: Vec<_> = std::iter::from_fn(|| held.hold(1, &None).ok()).collect();
        assert_eq!(all.len(), MOST);
        drop(all);
        let large: Vec<_> = std::iter::from_fn(|| held.hold(1 << 26, &None).ok()).collect();
        assert_eq!(large.len(), 4);
    }

    #[test]
    fn a_tenant_that_holds_all_that_it_may_leaves_some_for_another() {
        let held = &HeldUploads::new(1 << 30);
        let [shop, bank] = ["shop", "bank"].map(|name| Some(Arc::from(name)));
        let all_of = |tenant| std::iter::from_fn(move || held.hold(1, tenant).ok());
        let of_shop: Vec<_> = all_of(&shop).collect();
        let of_bank: Vec<_> = all_of(&bank).collect();
        assert_eq!((of_shop.len(), of_bank.len()), (MOST / 4 * 3, MOST / 4));
        drop(of_shop);
        assert!(held.hold(1, &bank).is_ok());
        drop(of_bank);
        assert!(held.hold(1, &shop).is_ok());
    }
}
