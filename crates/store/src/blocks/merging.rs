//! Small blocks become larger ones, in the background: a quiet service is read as fast as a busy one.
//!
//! All of it is done by one thread, which takes a part of the time while records are coming, and gives empty room of
//! the file back when none are. It also puts what was committed into the file itself, so that nobody who stores has to.

mod choice;
mod merge;

use super::spare_threads::no_memory;
use super::storage::{Applied, Day, Place, Readable};
use super::{Inner, file::BlockFile};
use crate::StoreError;
use blocks::section::Unpacker;
use choice::Eagerness;
use merge::Unmerged;
use std::collections::{BTreeSet, HashSet};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Between two looks.
const INTERVAL: Duration = Duration::from_millis(250);
/// Between two steps when nobody is in a hurry.
const IDLE_PAUSE: Duration = Duration::from_millis(2);
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
    is_closed: bool,
}

impl Changed {
    /// Blocks came.
    pub(super) fn note(&self, places: &[Place], now: Duration) {
        let mut news = self.news();
        news.days.extend(places.iter().map(|place| place.day));
        news.last = now;
        news.is_fresh = true;
    }

    /// The file has room that can be given back when nobody is in a hurry.
    pub(super) fn room_was_made(&self) {
        self.news().is_fresh = true;
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

/// Starts the thread, which ends when the store is closed or gone.
pub(super) fn start(store: &Arc<Inner>) -> Option<JoinHandle<()>> {
    let store = Arc::downgrade(store);
    let named = thread::Builder::new().name("store-merge".to_owned());
    let started = named.spawn(move || run(&store));
    if let Err(error) = &started {
        tracing::warn!(%error, "small blocks of the store are not merged until the next start");
    }
    started.ok()
}

/// Ends the thread, behind what it is doing. Blocks.
pub(super) fn stop(store: &Inner, thread: Option<JoinHandle<()>>) {
    store.changed.news().is_closed = true;
    if let Some(thread) = thread {
        thread.thread().unpark();
        if thread.join().is_err() {
            tracing::error!("merging blocks panicked");
        }
    }
}

/// What the thread knows.
#[derive(Default)]
struct Merger {
    /// Days that may have blocks to be merged.
    days: BTreeSet<Day>,
    /// Days to be looked at eagerly, when nothing comes any more.
    later: BTreeSet<Day>,
    /// Blocks that are left as they are: those that cannot be read, and those of several days that were divided
    /// as far as that is of use.
    settled: HashSet<Place>,
    /// Whether the file may have room to be given back.
    is_untidy: bool,
    is_told: bool,
    is_log_told: bool,
}

fn run(store: &Weak<Inner>) {
    let mut merger = Merger::default();
    if let Some(store) = store.upgrade() {
        match all_days(&store.file) {
            Ok(days) => merger.days = days,
            Err(error) => tracing::warn!(%error, "older blocks of the store are not merged"),
        }
        merger.is_untidy = true;
    }
    while let Some(store) = store.upgrade() {
        if store.changed.news().is_closed {
            return;
        }
        // A panic is logged as such, and keeps no small blocks from being merged.
        drop(panic::catch_unwind(AssertUnwindSafe(|| {
            merger.shorten_log(&store.file);
        })));
        let start = store.clock.elapsed();
        let worked = panic::catch_unwind(AssertUnwindSafe(|| merger.step(&store)));
        let took = store.clock.elapsed().saturating_sub(start);
        drop(store);
        let pause = match worked {
            Ok(Ok(Worked::Merged(Eagerness::Idle))) => IDLE_PAUSE,
            Ok(Ok(Worked::Merged(Eagerness::Busy))) => took * PAUSES,
            Ok(Ok(Worked::Nothing)) => INTERVAL.max(took * PAUSES),
            Ok(Err(error)) => merger.failed(&error.to_string()),
            Err(_) => {
                // Whatever it is, it would be there again.
                merger.days.clear();
                merger.failed("it panicked")
            }
        };
        thread::park_timeout(pause);
    }
}

enum Worked {
    Merged(Eagerness),
    Nothing,
}

impl Merger {
    fn step(&mut self, store: &Inner) -> Result<Worked, StoreError> {
        let eagerness = self.learn(store);
        // On a full disk there is no room for what would be merged.
        let may_write = store.file.look().is_none();
        while let Some(day) = self.days.first().copied().filter(|_| may_write) {
            match self.merge_one(&store.file, day, eagerness) {
                Ok(true) => return Ok(Worked::Merged(eagerness)),
                Ok(false) => {
                    self.days.remove(&day);
                }
                Err(error) => {
                    // The other days are not to wait for it.
                    self.days.remove(&day);
                    self.later.insert(day);
                    return Err(error);
                }
            }
        }
        if self.is_untidy && (eagerness == Eagerness::Idle || !may_write) {
            let has_more = store.file.give_back(PAGES)?;
            self.is_untidy = has_more || !store.file.checkpoint()?;
            if has_more {
                return Ok(Worked::Merged(eagerness));
            }
        }
        Ok(Worked::Nothing)
    }

    /// Learns what came; how eager to be.
    fn learn(&mut self, store: &Inner) -> Eagerness {
        let mut news = store.changed.news();
        let is_idle = store.clock.elapsed().saturating_sub(news.last) >= IDLE;
        let days = std::mem::take(&mut news.days);
        self.later.extend(&days);
        self.days.extend(days);
        if !is_idle {
            return Eagerness::Busy;
        }
        if std::mem::take(&mut news.is_fresh) {
            self.is_untidy = true;
            self.days.append(&mut self.later);
        }
        Eagerness::Idle
    }

    /// Merges some blocks of a day; whether there was anything to do.
    fn merge_one(
        &mut self,
        file: &BlockFile,
        day: Day,
        eagerness: Eagerness,
    ) -> Result<bool, StoreError> {
        let snapshot = file.read()?;
        let mut blocks = snapshot.list(day.only())?;
        blocks.retain(|block| !self.settled.contains(&block.place));
        let chosen = choice::choose(day, blocks, eagerness);
        if chosen.is_empty() {
            return Ok(false);
        }
        let mut unpacker = Unpacker::new().map_err(|error| no_memory(&error))?;
        let opened = merge::open(&*snapshot, &chosen, &mut unpacker);
        // The log cannot begin anew while it is read of.
        drop(snapshot);
        let merged = opened.and_then(|opened| merge::merged(&chosen, &opened, &mut unpacker));
        let change = match merged {
            Ok(change) => change,
            Err(Unmerged::Damaged(place, damaged)) => {
                let error = place.damaged(damaged);
                tracing::error!(%error, "a block is merged with no other");
                self.settled.insert(place);
                return Ok(true);
            }
            Err(Unmerged::Store(error)) => return Err(error),
        };
        let deadline = file.clock.elapsed() + DEADLINE;
        if let Applied::Done(places) = file.replace(&change, deadline)? {
            let of_several = places.iter().filter(|place| place.day == Day::SEVERAL);
            self.settled.extend(of_several.copied());
            self.days.extend(places.iter().map(|place| place.day));
            self.is_untidy = true;
            self.is_told = false;
        }
        Ok(true)
    }

    /// Puts the log into the file when it is long. Where that fails, a commit does it.
    fn shorten_log(&mut self, file: &BlockFile) {
        let failure = file.shorten_log().err();
        let is_told = std::mem::replace(&mut self.is_log_told, failure.is_some());
        if let Some(error) = failure.filter(|_| !is_told) {
            tracing::warn!(%error, "the log of the store cannot be put into its file for now");
        }
    }

    /// Tells the first failure of several; how long to wait.
    fn failed(&mut self, reason: &str) -> Duration {
        if !std::mem::replace(&mut self.is_told, true) {
            tracing::warn!(reason, "small blocks of the store cannot be merged for now");
        }
        INTERVAL * 4
    }
}

fn all_days(file: &BlockFile) -> Result<BTreeSet<Day>, StoreError> {
    let all = file.read()?.list(Day(i64::MIN)..Day(i64::MAX))?;
    Ok(all.into_iter().map(|block| block.place.day).collect())
}
