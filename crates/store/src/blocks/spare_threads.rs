//! Threads that help a search while nothing else needs their cores.

use crate::StoreError;
use blocks::section::Unpacker;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// As many as there are cores, less the one of whoever searches; and what each of them unpacks by.
pub(super) struct SpareThreads {
    free: AtomicUsize,
    /// Making one takes longer than what a small page needs it for.
    unpackers: Mutex<Vec<Unpacker>>,
}

/// What is told when there is no memory for what packs and unpacks.
pub(super) fn no_memory(error: &io::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// One of them, until it is dropped.
struct Taken<'a>(&'a SpareThreads);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.free.fetch_add(1, Ordering::Release);
    }
}

impl SpareThreads {
    /// So many.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            free: AtomicUsize::new(threads),
            unpackers: Mutex::new(Vec::new()),
        }
    }

    /// One for each core of the machine but one.
    pub(super) fn of_machine() -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::new(cores - 1)
    }

    fn take(&self) -> Option<Taken<'_>> {
        let less = |free: usize| free.checked_sub(1);
        let taken = self
            .free
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, less);
        taken.ok().map(|_| Taken(self))
    }

    /// Does work with what unpacks.
    pub(super) fn with_unpacker<T>(
        &self,
        work: impl FnOnce(&mut Unpacker) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let kept = self.unpackers().pop();
        let mut unpacker = match kept {
            Some(unpacker) => unpacker,
            None => Unpacker::new().map_err(|error| no_memory(&error))?,
        };
        let done = work(&mut unpacker);
        self.unpackers().push(unpacker);
        done
    }

    fn unpackers(&self) -> MutexGuard<'_, Vec<Unpacker>> {
        self.unpackers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does work of so many pieces, by this thread and by those that are free; what came of each, in order, or the
    /// first error.
    pub(super) fn map<T: Send>(
        &self,
        pieces: usize,
        work: impl Fn(usize, &mut Unpacker) -> Result<T, StoreError> + Sync,
    ) -> Result<Vec<T>, StoreError> {
        let helpers: Vec<Taken<'_>> = (1..pieces).map_while(|_| self.take()).collect();
        if helpers.is_empty() {
            return self.with_unpacker(|unpacker| {
                let pieces = 0..pieces;
                pieces.map(|piece| work(piece, unpacker)).collect()
            });
        }
        let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(pieces)));
        let each = |unpacker: &mut Unpacker| {
            loop {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= pieces {
                    return Ok(());
                }
                let result = work(piece, unpacker);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                done.push((piece, result));
            }
        };
        let run = || self.with_unpacker(each);
        thread::scope(|scope| {
            for helper in helpers {
                let run = &run;
                let named = thread::Builder::new().name("store-search".to_owned());
                // Where no thread can be had, this one does it all.
                drop(named.spawn_scoped(scope, move || {
                    let _helper = helper;
                    // What it leaves undone, this thread does.
                    drop(run());
                }));
            }
            run()
        })?;
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_unstable_by_key(|(piece, _)| *piece);
        done.into_iter().map(|(_, result)| result).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_done_once_whether_others_help_or_not() {
        for threads in [0, 1, 3] {
            let spare = SpareThreads::new(threads);
            for pieces in [0, 1, 2, 50] {
                let doubled = spare.map(pieces, |piece, _| Ok(2 * piece)).unwrap();
                assert_eq!(
                    doubled,
                    (0..pieces).map(|piece| 2 * piece).collect::<Vec<_>>()
                );
            }
            assert_eq!(spare.free.load(Ordering::Relaxed), threads);
        }
    }

    #[test]
    fn an_error_of_one_piece_is_the_answer() {
        let spare = SpareThreads::new(1);
        let failed = spare.map(9, |piece, _| match piece {
            5 => Err(StoreError::Timeout),
            _ => Ok(piece),
        });
        assert_eq!(failed, Err(StoreError::Timeout));
    }
}
