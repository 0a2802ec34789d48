//! The keys of the last batches, so that one that comes again is answered without being written again.
//!
//! A convenience, bounded in memory: a key that is forgotten is written again, under the same ids,
//! and the store finds that it has everything. So nothing is ever stored twice either way. Where there are tenants, it is
//! whoever has most here whose oldest key is forgotten.

mod own;

use crate::accounting::fair_order::FairOrder;
use crate::accounting::shares::Owner;
use record::id::{BatchId, KeyDigest};
use std::collections::{HashMap, hash_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Keys that are remembered; about 100 bytes each.
const REMEMBERED: usize = 100_000;

/// The keys that are known: those of clients, and those that are made of what was sent, of which there are
/// many more. Each kind has a table of its own, so that neither makes the other forgotten. Cheap to clone;
/// clones are the same tables.
#[derive(Debug, Clone, Default)]
pub struct KnownKeys {
    of_clients: Arc<Keys>,
    of_content: Arc<Keys>,
}

impl KnownKeys {
    /// The table of a kind.
    pub fn of(&self, is_content_key: bool) -> &Arc<Keys> {
        match is_content_key {
            true => &self.of_content,
            false => &self.of_clients,
        }
    }
}

/// The keys of one kind.
#[derive(Debug)]
pub struct Keys {
    known: Mutex<Known>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<KeyDigest, Entry>,
    /// Accepted keys.
    order: FairOrder<KeyDigest>,
}

#[derive(Debug)]
struct Entry {
    batch: BatchId,
    /// While the first request is under way; closed when it ends.
    under_way: Option<watch::Receiver<()>>,
}

/// What a batch with a key is.
#[derive(Debug)]
pub enum Claim {
    /// The first with this key: to be written. The others wait until that one has ended.
    First(ClaimGuard),
    /// The same batch was accepted before.
    Repeated,
    /// Another batch has this key.
    Conflict,
}

/// The right to write the batch of a key. Dropped without [`ClaimGuard::accepted`], it passes to the next
/// one who asks.
#[derive(Debug)]
pub struct ClaimGuard {
    keys: Arc<Keys>,
    key: KeyDigest,
    batch: BatchId,
    accepted: bool,
    _ended: watch::Sender<()>,
}

impl Default for Keys {
    fn default() -> Self {
        Self::new(REMEMBERED)
    }
}

impl Keys {
    /// Remembers so many accepted keys.
    pub fn new(limit: usize) -> Self {
        Self {
            known: Mutex::default(),
            limit,
        }
    }

    /// Asks what a batch is; waits while a batch with this key is under way in another request.
    pub async fn claim(self: &Arc<Self>, key: KeyDigest, batch: BatchId) -> Claim {
        loop {
            let mut ended = match self.try_claim(key, batch) {
                Ok(claim) => return claim,
                Err(under_way) => under_way,
            };
            // An error means that the first one has ended, which is what is waited for.
            drop(ended.changed().await);
        }
    }

    fn try_claim(
        self: &Arc<Self>,
        key: KeyDigest,
        batch: BatchId,
    ) -> Result<Claim, watch::Receiver<()>> {
        let mut known = self.known();
        match known.entries.get(&key) {
            // Also for another body: the first may fail, and then the key stands for nothing.
            Some(Entry {
                under_way: Some(ended),
                ..
            }) => return Err(ended.clone()),
            Some(entry) if entry.batch != batch => return Ok(Claim::Conflict),
            Some(_) => return Ok(Claim::Repeated),
            None => {}
        }
        let (sender, receiver) = watch::channel(());
        let entry = Entry {
            batch,
            under_way: Some(receiver),
        };
        known.entries.insert(key, entry);
        Ok(Claim::First(ClaimGuard {
            keys: Arc::clone(self),
            key,
            batch,
            accepted: false,
            _ended: sender,
        }))
    }

    /// Remembers a batch of an earlier life of the process, which is older than all that are
    /// remembered; whether there was room.
    pub fn recovered(&self, key: KeyDigest, batch: BatchId) -> bool {
        let mut known = self.known();
        if known.order.count() >= self.limit {
            return false;
        }
        if let hash_map::Entry::Vacant(place) = known.entries.entry(key) {
            place.insert(Entry {
                batch,
                under_way: None,
            });
            known.order.push_oldest(None, key);
        }
        true
    }

    fn remember(&self, key: KeyDigest, batch: BatchId, owner: Owner) {
        let mut known = self.known();
        let accepted = Entry {
            batch,
            under_way: None,
        };
        known.entries.insert(key, accepted);
        known.order.push_newest(owner, key);
        known.keep(self.limit);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Forgets all but so many.
    fn keep(&mut self, limit: usize) {
        while self.order.count() > limit
            && let Some(oldest) = self.order.pop()
        {
            self.entries.remove(&oldest);
        }
    }
}

impl ClaimGuard {
    /// The batch is safe; its key is one of this owner's.
    pub fn accepted(mut self, owner: Owner) {
        self.accepted = true;
        self.keys.remember(self.key, self.batch, owner);
    }
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        if self.accepted {
            return;
        }
        self.keys.known().entries.remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> (KeyDigest, BatchId) {
        (KeyDigest::of(text), BatchId::keyed(text, b"body"))
    }

    fn other_body(text: &str) -> BatchId {
        BatchId::keyed(text, b"another body")
    }

    async fn accept(keys: &Arc<Keys>, text: &str) {
        let (digest, batch) = key(text);
        match keys.claim(digest, batch).await {
            Claim::First(guard) => guard.accepted(None),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_key_is_first_once_then_repeated_and_another_body_is_a_conflict() {
        let keys = Arc::new(Keys::new(10));
        accept(&keys, "a").await;
        let (digest, batch) = key("a");
        assert!(matches!(keys.claim(digest, batch).await, Claim::Repeated));
        let conflict = keys.claim(digest, other_body("a")).await;
        assert!(matches!(conflict, Claim::Conflict));
    }

    #[tokio::test]
    async fn a_key_that_is_under_way_is_waited_for_and_free_again_when_its_batch_fails() {
        let keys = Arc::new(Keys::new(10));
        let (digest, batch) = key("a");
        for first_is_accepted in [false, true] {
            let Claim::First(first) = keys.claim(digest, batch).await else {
                panic!("it is the first");
            };
            let mut second = Box::pin(keys.claim(digest, batch));
            let mut other = Box::pin(keys.claim(digest, other_body("a")));
            tokio::select! {
                biased;
                claim = &mut second => panic!("the first is under way: {claim:?}"),
                claim = &mut other => panic!("the first may fail: {claim:?}"),
                () = std::future::ready(()) => {}
            }
            if first_is_accepted {
                first.accepted(None);
                assert!(matches!(second.await, Claim::Repeated));
                assert!(matches!(other.await, Claim::Conflict));
            } else {
                drop(first);
                assert!(matches!(other.await, Claim::First(_)));
                assert!(matches!(second.await, Claim::First(_)));
            }
        }
    }

    #[tokio::test]
    async fn only_so_many_keys_are_remembered() {
        let keys = Arc::new(Keys::new(2));
        for text in ["a", "b", "c"] {
            accept(&keys, text).await;
        }
        accept(&keys, "a").await;
        let (digest, batch) = key("c");
        assert!(matches!(keys.claim(digest, batch).await, Claim::Repeated));
        assert_eq!(keys.known().entries.len(), 2);
    }

    #[tokio::test]
    async fn what_an_earlier_life_accepted_is_older_than_what_this_one_did() {
        let keys = Arc::new(Keys::new(3));
        accept(&keys, "b").await;
        for (text, room) in [("b", true), ("a", true), ("0", true), ("x", false)] {
            let (digest, batch) = key(text);
            assert_eq!(keys.recovered(digest, batch), room, "{text}");
        }
        accept(&keys, "c").await;
        for text in ["a", "b", "c"] {
            let (digest, batch) = key(text);
            assert!(matches!(keys.claim(digest, batch).await, Claim::Repeated));
        }
        let (digest, batch) = key("0");
        assert!(matches!(keys.claim(digest, batch).await, Claim::First(_)));
    }
}
