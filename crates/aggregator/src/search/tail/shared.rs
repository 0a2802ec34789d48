//! What several readers ask alike is read and written once: whoever asks first does it, the others wait for it.

use super::written::Written;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;

/// Bytes that are kept for those who ask the same a little later.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// Answers that are kept, those included that are empty.
const MOST: usize = 4096;

/// What an answer depends on, as a hash.
pub(super) type Key = [u8; 32];

/// The answers of the last moments.
#[derive(Default)]
pub(super) struct Shared(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    cells: HashMap<Key, Arc<OnceCell<Arc<Written>>>>,
    /// The oldest first.
    order: VecDeque<(Key, usize)>,
    bytes: usize,
}

impl Shared {
    /// The answer to this; whoever is the first makes it. When he leaves or fails, the next one does.
    ///
    /// # Errors
    /// Those of `make`.
    pub(super) async fn get<E>(
        &self,
        key: Key,
        make: impl Future<Output = Result<Written, E>>,
    ) -> Result<Arc<Written>, E> {
        let cell = self.kept().cell(key);
        let mut bytes = None;
        let made = cell
            .get_or_try_init(|| async {
                let written = make.await?;
                bytes = Some(written.bytes());
                Ok(Arc::new(written))
            })
            .await
            .map(Arc::clone);
        let mut kept = self.kept();
        match (&made, bytes) {
            (Ok(_), Some(bytes)) => kept.add(key, bytes, &cell),
            (Err(_), _) => kept.forget(key, &cell),
            (Ok(_), None) => {}
        }
        made
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn cell(&mut self, key: Key) -> Arc<OnceCell<Arc<Written>>> {
        if self.cells.len() > 2 * MOST {
            // What those have left behind who left before it was there.
            self.cells
                .retain(|_, cell| cell.initialized() || Arc::strong_count(cell) > 1);
        }
        Arc::clone(self.cells.entry(key).or_default())
    }

    fn add(&mut self, key: Key, bytes: usize, cell: &Arc<OnceCell<Arc<Written>>>) {
        // Another one may have been begun for it, and this one forgotten, meanwhile.
        let is_kept = self
            .cells
            .get(&key)
            .is_some_and(|known| Arc::ptr_eq(known, cell));
        if !is_kept {
            return;
        }
        self.order.push_back((key, bytes));
        self.bytes += bytes;
        while self.bytes > MOST_BYTES || self.order.len() > MOST {
            let Some((oldest, bytes)) = self.order.pop_front() else {
                break;
            };
            self.cells.remove(&oldest);
            self.bytes -= bytes;
        }
    }

    /// Unless others wait for it.
    fn forget(&mut self, key: Key, cell: &Arc<OnceCell<Arc<Written>>>) {
        let is_kept = self
            .cells
            .get(&key)
            .is_some_and(|known| Arc::ptr_eq(known, cell));
        if is_kept && !cell.initialized() && Arc::strong_count(cell) <= 2 {
            self.cells.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn written(bytes: usize) -> Written {
        Written::of_bytes(bytes)
    }

    #[tokio::test]
    async fn those_who_ask_the_same_at_once_get_one_answer_that_is_made_once() {
        let (shared, made) = (Arc::new(Shared::default()), Arc::new(AtomicUsize::new(0)));
        let ask = |key: Key| {
            let (shared, made) = (Arc::clone(&shared), Arc::clone(&made));
            tokio::spawn(async move {
                let make = async {
                    made.fetch_add(1, Ordering::Relaxed);
                    tokio::task::yield_now().await;
                    Ok::<_, Infallible>(written(10))
                };
                shared.get(key, make).await.unwrap()
            })
        };
        let asked: Vec<_> = (0..20).map(|number| ask([number % 2; 32])).collect();
        for one in asked {
            assert_eq!(one.await.unwrap().bytes(), 10);
        }
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn whoever_fails_or_leaves_leaves_it_to_the_next_and_nothing_stays_of_it() {
        let shared = Shared::default();
        let failed = shared.get([1; 32], async { Err::<Written, _>("no") }).await;
        assert_eq!(failed.err(), Some("no"));
        assert!(shared.kept().cells.is_empty());
        let left = shared.get([1; 32], std::future::pending::<Result<Written, ()>>());
        drop(tokio::time::timeout(std::time::Duration::from_millis(1), left).await);
        let made = shared.get([1; 32], async { Ok::<_, ()>(written(3)) }).await;
        assert_eq!(made.unwrap().bytes(), 3);
    }

    #[tokio::test]
    async fn what_is_kept_is_bounded() {
        let shared = Shared::default();
        for number in 0..40_u8 {
            let make = async { Ok::<_, Infallible>(written(1024 * 1024)) };
            shared.get([number; 32], make).await.unwrap();
        }
        let kept = shared.kept();
        assert!(kept.bytes <= MOST_BYTES && kept.cells.len() == kept.order.len());
    }
}
