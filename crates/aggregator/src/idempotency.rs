//! The keys of the last batches, so that one that comes again is answered without being written again.
//!
//! A convenience, bounded in memory: a key that is forgotten is written again, under the same ids,
//! and the store finds that it has everything. So nothing is ever stored twice either way.

use crate::record_id::{BatchId, KeyDigest};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Keys that are remembered; about 100 bytes each.
const REMEMBERED: usize = 100_000;

/// The keys that are known.
#[derive(Debug)]
pub struct Keys {
    known: Mutex<Known>,
    limit: usize,
}

#[derive(Debug, Default)]
struct Known {
    entries: HashMap<KeyDigest, Entry>,
    /// Accepted keys, oldest first.
    order: VecDeque<KeyDigest>,
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
    /// The first with this key: to be written. The others wait until the turn is ended.
    First(Turn),
    /// The same batch was accepted before.
    Repeated,
    /// Another batch has this key.
    Conflict,
}

/// The right to write the batch of a key. Dropped without [`Turn::accepted`], it passes to the next
/// one who asks.
#[derive(Debug)]
pub struct Turn {
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

    /// Asks what a batch is; waits while the same batch is under way in another request.
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
            Some(entry) if entry.batch != batch => return Ok(Claim::Conflict),
            Some(Entry {
                under_way: Some(ended),
                ..
            }) => return Err(ended.clone()),
            Some(_) => return Ok(Claim::Repeated),
            None => {}
        }
        let (sender, receiver) = watch::channel(());
        let entry = Entry {
            batch,
            under_way: Some(receiver),
        };
        known.entries.insert(key, entry);
        Ok(Claim::First(Turn {
            keys: Arc::clone(self),
            key,
            batch,
            accepted: false,
            _ended: sender,
        }))
    }

    /// Remembers a batch that was accepted, also in an earlier life of the process.
    pub fn remember(&self, key: KeyDigest, batch: BatchId) {
        let mut known = self.known();
        let entry = Entry {
            batch,
            under_way: None,
        };
        let before = known.entries.insert(key, entry);
        if before.is_none_or(|before| before.under_way.is_some()) {
            known.order.push_back(key);
        }
        while known.order.len() > self.limit
            && let Some(oldest) = known.order.pop_front()
        {
            known.entries.remove(&oldest);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// The batch is safe.
    pub fn accepted(mut self) {
        self.accepted = true;
        self.keys.remember(self.key, self.batch);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.accepted {
            return;
        }
        let mut known = self.keys.known();
        // The drain may have remembered it meanwhile: then it was accepted after all.
        let own = |entry: &Entry| entry.under_way.is_some();
        if known.entries.get(&self.key).is_some_and(own) {
            known.entries.remove(&self.key);
        }
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
            Claim::First(turn) => turn.accepted(),
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
    async fn the_same_batch_waits_for_the_first_and_takes_its_turn_when_that_fails() {
        let keys = Arc::new(Keys::new(10));
        let (digest, batch) = key("a");
        for first_is_accepted in [false, true] {
            let Claim::First(first) = keys.claim(digest, batch).await else {
                panic!("it is the first");
            };
            let conflict = keys.claim(digest, other_body("a")).await;
            assert!(matches!(conflict, Claim::Conflict));
            let mut second = Box::pin(keys.claim(digest, batch));
            tokio::select! {
                biased;
                claim = &mut second => panic!("the first is under way: {claim:?}"),
                () = std::future::ready(()) => {}
            }
            if first_is_accepted {
                first.accepted();
                assert!(matches!(second.await, Claim::Repeated));
            } else {
                drop(first);
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
}
