//! Admission by bytes: what is under way may take so much memory and no more.
//!
//! Jobs are bounded by their lanes. Here a request reserves room as its body comes, and again for what
//! decompressing and encoding add. Who finds no room gives back what it holds, so that requests which all
//! hold a part can never wait for one another; those that wait nevertheless ask for no more than the others
//! give back in any case.

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

const KIB: usize = 1024;

/// When a sender that found no room should come again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How long one that waits for room lets others have it first.
pub(super) const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// The room that all requests share.
#[derive(Debug)]
pub struct Admission {
    free: Arc<Semaphore>,
    limit: usize,
    kept: usize,
}

/// There is no room.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the requests under way take all the memory that they may")]
pub struct NoRoom;

/// Room that one request holds until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    permit: OwnedSemaphorePermit,
}

impl Admission {
    /// Room for `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self::with_kept(limit, 0)
    }

    /// Room for `limit` bytes, of which `kept` are for others that ask nobody.
    pub fn with_kept(limit: usize, kept: usize) -> Self {
        let limit = limit.min(
            Semaphore::MAX_PERMITS
                .saturating_mul(KIB)
                .min(u32::MAX as usize * KIB),
        );
        Self {
            free: Arc::new(Semaphore::new(limit.saturating_sub(kept) / KIB)),
            limit,
            kept: kept.min(limit),
        }
    }

    /// Reserves room for so many bytes.
    ///
    /// # Errors
    /// [`NoRoom`] at once; nobody waits here.
    pub fn reserve(&self, bytes: usize) -> Result<Reservation, NoRoom> {
        Arc::clone(&self.free)
            .try_acquire_many_owned(kib(bytes))
            .map(|permit| Reservation { permit })
            .map_err(|_| NoRoom)
    }

    /// Whether so many bytes would fit now; nothing is reserved for them.
    ///
    /// # Errors
    /// [`NoRoom`] when they would not.
    pub fn check(&self, bytes: usize) -> Result<(), NoRoom> {
        match kib(bytes) as usize <= self.free.available_permits() {
            true => Ok(()),
            false => Err(NoRoom),
        }
    }

    /// Waits until so many bytes are free at once. It asks again and again: who waited in the semaphore's
    /// queue would collect what comes free and keep all others out meanwhile.
    pub async fn wait(&self, bytes: usize) -> Reservation {
        let wanted = bytes.min(self.shared());
        loop {
            match self.reserve(wanted) {
                Ok(reservation) => return reservation,
                Err(NoRoom) => tokio::time::sleep(ASKED_AGAIN_AFTER).await,
            }
        }
    }

    /// Bytes that all requests share, without those that are kept for others.
    pub fn shared(&self) -> usize {
        self.limit - self.kept
    }

    /// Bytes that are reserved now.
    pub fn reserved(&self) -> usize {
        self.shared()
            .saturating_sub(self.free.available_permits() * KIB)
    }

    /// Bytes that there are in all, with those that are kept for others.
    pub fn limit(&self) -> usize {
        self.limit
    }
}

impl Reservation {
    /// Takes room for so many bytes out of it; `None` when it does not hold as much.
    pub fn split(&mut self, bytes: usize) -> Option<Self> {
        let permit = self.permit.split(kib(bytes) as usize)?;
        Some(Self { permit })
    }

    /// Adds what another one holds.
    pub fn add(&mut self, other: Self) {
        self.permit.merge(other.permit);
    }

    /// Makes the reservation as large as `bytes`, or as small.
    ///
    /// # Errors
    /// [`NoRoom`] when it should grow and cannot; it stays as it was.
    pub fn resize(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let wanted = kib(bytes) as usize;
        let held = self.permit.num_permits();
        if wanted < held {
            drop(self.permit.split(held - wanted));
            return Ok(());
        }
        let more = u32::try_from(wanted - held).map_err(|_| NoRoom)?;
        let more = Arc::clone(self.permit.semaphore())
            .try_acquire_many_owned(more)
            .map_err(|_| NoRoom)?;
        self.permit.merge(more);
        Ok(())
    }
}

fn kib(bytes: usize) -> u32 {
    u32::try_from(bytes.div_ceil(KIB)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_never_passes_the_limit_and_comes_back() {
        let admission = Admission::new(10 * KIB);
        let mut first = admission.reserve(4 * KIB).unwrap();
        assert_eq!(admission.reserve(7 * KIB).unwrap_err(), NoRoom);
        let second = admission.reserve(5 * KIB + 1).unwrap();
        assert_eq!(admission.reserved(), 10 * KIB);
        assert_eq!(first.resize(5 * KIB), Err(NoRoom));
        assert_eq!(admission.check(1), Err(NoRoom));
        first.add(second);
        assert_eq!(admission.reserved(), 10 * KIB);
        assert_eq!(first.resize(4 * KIB), Ok(()));
        assert_eq!(admission.check(6 * KIB), Ok(()));
        assert_eq!(admission.check(6 * KIB + 1), Err(NoRoom));
        assert_eq!(first.resize(10 * KIB), Ok(()));
        assert_eq!(first.resize(1), Ok(()));
        assert_eq!(admission.reserved(), KIB);
        drop(first);
        assert_eq!(admission.reserved(), 0);
        assert_eq!(admission.limit(), 10 * KIB);
    }
}
