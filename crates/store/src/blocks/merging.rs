//! Small blocks become larger ones, in the background: a quiet service is read as fast as a busy one.
//!
//! All of it is done by one thread, which takes a part of the time while records are coming, and gives empty room of
//! the file back when none are.

mod choice;
mod merge;

use super::storage::{Applied, Day, Place, Storage};
use super::{Inner, file::BlockFile};
use crate::StoreError;
use choice::Eagerness;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// Without new records for so long, nobody is in a hurry.
const IDLE: Duration = Duration::from_secs(10);
/// While records are coming, a merge is followed by a pause of so many times its length.
const PAUSES: u32 = 3;
/// For one change.
const DEADLINE: Duration = Duration::from_secs(30);
/// Pages that are given back in one step.
const PAGES: u32 = 256;

/// What the thread is told by those who store.
#[derive(Default)]
pub(super) struct Changed(Mutex<News>);

#[derive(Default)]
struct News {
    days: BTreeSet<Day>,
    last: Duration,
    is_fresh: bool,
}

impl Changed {
    /// Blocks came.
    pub(super) fn note(&self, places: &[Place], now: Duration) {
        let mut news = self.news();
        news.days.extend(places.iter().map(|place| place.day));
        news.last = now;
        news.is_fresh = true;
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Merges all that can be merged, as if nothing had come for a while.
#[cfg(test)]
pub(super) fn merge_all(file: &BlockFile) {
    let mut merger = Merger {
        days: all_days(file).unwrap(),
        ..Merger::default()
    };
    while let Some(day) = merger.days.first().copied() {
        if !merger.merge_one(file, day, Eagerness::Idle).unwrap() {
            merger.days.remove(&day);
        }
    }
}

/// Starts the thread, which ends when the store is closed.
pub(super) fn start(store: &Arc<Inner>) {
    let store = Arc::downgrade(store);
    let named = thread::Builder::new().name("store-merge".to_owned());
    if let Err(error) = named.spawn(move || run(&store)) {
        tracing::warn!(%error, "small blocks of the store are not merged until the next start");
    }
}

/// What the thread knows.
#[derive(Default)]
struct Merger {
    /// Days that may have blocks to be merged.
    days: BTreeSet<Day>,
    /// Blocks that cannot be read: they stay as they are.
    unreadable: HashSet<Place>,
    /// Whether the file may have room to be given back.
    is_untidy: bool,
    is_told: bool,
}

fn run(store: &Weak<Inner>) {
    let mut merger = Merger::default();
    if let Some(store) = store.upgrade() {
        merger.days = all_days(&store.file).unwrap_or_default();
        merger.is_untidy = true;
    }
    while let Some(store) = store.upgrade() {
        store.file.look();
        let start = store.clock.elapsed();
        let worked = merger.step(&store);
        let took = store.clock.elapsed().saturating_sub(start);
        drop(store);
        thread::sleep(match worked {
            Ok(Worked::Merged(Eagerness::Idle)) => Duration::ZERO,
            Ok(Worked::Merged(Eagerness::Busy)) => took * PAUSES,
            Ok(Worked::Nothing) => INTERVAL,
            Err(error) => {
                if !merger.is_told {
                    tracing::warn!(%error, "small blocks of the store cannot be merged for now");
                }
                merger.is_told = true;
                INTERVAL * 4
            }
        });
    }
}

enum Worked {
    Merged(Eagerness),
    Nothing,
}

impl Merger {
    fn step(&mut self, store: &Inner) -> Result<Worked, StoreError> {
        let eagerness = self.learn(store);
        while let Some(day) = self.days.first().copied() {
            if self.merge_one(&store.file, day, eagerness)? {
                return Ok(Worked::Merged(eagerness));
            }
            self.days.remove(&day);
        }
        if eagerness == Eagerness::Idle && self.is_untidy {
            self.is_untidy = store.file.give_back(PAGES)?;
            if !self.is_untidy {
                store.file.checkpoint()?;
            }
            return Ok(Worked::Merged(eagerness));
        }
        Ok(Worked::Nothing)
    }

    /// Learns what came; how eager to be.
    fn learn(&mut self, store: &Inner) -> Eagerness {
        let mut news = store.changed.news();
        let is_idle = store.clock.elapsed().saturating_sub(news.last) >= IDLE;
        if is_idle {
            // What came is looked at once more by the eager rule, and then forgotten.
            if std::mem::take(&mut news.is_fresh) {
                self.is_untidy = true;
            }
            self.days.append(&mut news.days);
            return Eagerness::Idle;
        }
        self.days.extend(news.days.iter().copied());
        Eagerness::Busy
    }

    /// Merges some blocks of a day; whether there was anything to do.
    fn merge_one(
        &mut self,
        file: &BlockFile,
        day: Day,
        eagerness: Eagerness,
    ) -> Result<bool, StoreError> {
        let snapshot = file.read()?;
        let mut blocks = snapshot.list(day..Day(day.0.saturating_add(1)))?;
        blocks.retain(|block| block.place.day == day);
        blocks.retain(|block| !self.unreadable.contains(&block.place));
        let chosen = choice::choose(day, blocks, eagerness);
        if chosen.is_empty() {
            return Ok(false);
        }
        let change = match merge::merged(&*snapshot, &chosen) {
            Ok(change) => change,
            Err(StoreError::Damaged(reason)) => {
                tracing::error!(%reason, "blocks of the store are not merged");
                self.unreadable
                    .extend(chosen.iter().map(|block| block.place));
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        drop(snapshot);
        let deadline = file.clock.elapsed() + DEADLINE;
        if let Applied::Done(places) = file.apply(&change, deadline)? {
            self.days.extend(places.iter().map(|place| place.day));
            self.is_untidy = true;
            self.is_told = false;
        }
        Ok(true)
    }
}

fn all_days(file: &BlockFile) -> Result<BTreeSet<Day>, StoreError> {
    let all = file.read()?.list(Day(i64::MIN)..Day(i64::MAX))?;
    Ok(all.into_iter().map(|block| block.place.day).collect())
}
