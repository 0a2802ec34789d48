//! What the thread that merges is told by those who store.

use crate::blocks::storage::{Day, Place};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What came since it looked.
#[derive(Default)]
pub(in crate::blocks) struct Changed {
    news: Mutex<News>,
    /// How many blocks came. It goes round.
    came: AtomicUsize,
}

#[derive(Default)]
pub(super) struct News {
    pub(super) days: BTreeSet<Day>,
    pub(super) last: Duration,
    pub(super) is_fresh: bool,
    is_closed: bool,
}

impl Changed {
    /// Blocks came.
    pub(in crate::blocks) fn note(&self, places: &[Place], now: Duration) {
        self.came.fetch_add(places.len(), Ordering::Relaxed);
        let mut news = self.news();
        news.days.extend(places.iter().map(|place| place.day));
        news.last = now;
        news.is_fresh = true;
    }

    /// The file has room that can be given back when nobody is in a hurry.
    pub(in crate::blocks) fn room_was_made(&self) {
        self.news().is_fresh = true;
    }

    /// Blocks came in the place of others that had more records, and the file has room.
    pub(in crate::blocks) fn records_went(&self, places: &[Place]) {
        let mut news = self.news();
        news.days.extend(places.iter().map(|place| place.day));
        news.is_fresh = true;
    }

    pub(super) fn close(&self) {
        self.news().is_closed = true;
    }

    pub(super) fn is_closed(&self) -> bool {
        self.news().is_closed
    }

    pub(super) fn came(&self) -> usize {
        self.came.load(Ordering::Relaxed)
    }

    pub(super) fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
