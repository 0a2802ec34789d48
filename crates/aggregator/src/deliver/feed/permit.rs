//! How many deliveries may be under way, and what they hold in memory.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of documents that all deliveries hold together, but for a single larger batch, which goes alone.
const HELD_BYTES: usize = 16 * 1024 * 1024;
const KIB: usize = 1024;

/// The right to a delivery and to its memory.
pub(super) struct Permit {
    _place: OwnedSemaphorePermit,
    held: OwnedSemaphorePermit,
}

/// The memory of all deliveries.
pub(super) fn memory() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(HELD_BYTES / KIB))
}

impl Permit {
    /// Waits for a place and for the memory of a usual portion, of so many bytes.
    pub(super) async fn acquire(
        places: &Arc<Semaphore>,
        memory: &Arc<Semaphore>,
        bytes: usize,
    ) -> Option<Self> {
        let place = Arc::clone(places).acquire_owned().await.ok()?;
        let held = Arc::clone(memory).acquire_many_owned(kib(bytes.min(HELD_BYTES)));
        Some(Self {
            _place: place,
            held: held.await.ok()?,
        })
    }

    /// Makes it a permit for so many bytes, or for all that there may be.
    pub(super) async fn weigh(&mut self, bytes: usize, memory: &Arc<Semaphore>) {
        let (wanted, held) = (kib(bytes.min(HELD_BYTES)), self.held.num_permits());
        if let Some(more) = (wanted as usize).checked_sub(held) {
            let more = u32::try_from(more).unwrap_or(0);
            if let Ok(more) = Arc::clone(memory).acquire_many_owned(more).await {
                self.held.merge(more);
            }
        } else {
            drop(self.held.split(held - wanted as usize));
        }
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::poll;

    #[tokio::test]
    async fn what_a_delivery_holds_is_counted_as_it_is_and_given_back() {
        let (places, memory) = (Arc::new(Semaphore::new(2)), memory());
        let all = memory.available_permits();
        let held = || (all - memory.available_permits()) * KIB;
        let mut permit = Permit::acquire(&places, &memory, 1 << 20).await.unwrap();
        assert_eq!((held(), places.available_permits()), (1 << 20, 1));
        // More than was thought, as much, less, and none.
        for (bytes, counted) in [(3 << 20, 3 << 20), (3 << 20, 3 << 20), (1, KIB), (0, 0)] {
            permit.weigh(bytes, &memory).await;
            assert_eq!(held(), counted, "{bytes}");
        }
        permit.weigh(5 * KIB, &memory).await;
        drop(permit);
        assert_eq!((held(), places.available_permits()), (0, 2));
    }

    #[tokio::test]
    async fn what_is_larger_than_all_may_hold_goes_alone() {
        let (places, memory) = (Arc::new(Semaphore::new(2)), memory());
        let other = Permit::acquire(&places, &memory, KIB).await.unwrap();
        let mut permit = Permit::acquire(&places, &memory, KIB).await.unwrap();
        {
            let mut weighing = Box::pin(permit.weigh(usize::MAX, &memory));
            assert!(poll!(&mut weighing).is_pending());
            drop(other);
            weighing.await;
        }
        assert_eq!(memory.available_permits(), 0);
    }
}
