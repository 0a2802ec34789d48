//! Small blocks become larger ones, in the background: a quiet service is read as fast as a busy one.
//!
//! One thread reads, commits, and gives empty room of the file back when nothing comes; it also puts what was committed
//! into the file itself, so that nobody who stores has to. What takes a core, to build the merged blocks, another one
//! does with what the machine has to spare, and the first one where that does not suffice: for a part of its time.

mod building;
mod changed;
mod choice;
mod idle_thread;
mod merge;

use super::storage::{Applied, Change, Day, Place, Readable};
use super::{Inner, file::BlockFile};
use crate::StoreError;
use building::{Building, Urgency};
pub(super) use changed::Changed;
use choice::Eagerness;
use idle_thread::IdleThread;
pub(super) use merge::{Sources, Unmerged};
use std::collections::{BTreeSet, HashSet};
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Weak};
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

/// Merges all that can be merged, as if nothing had come for a while.
#[cfg(test)]
pub(super) fn merge_all(file: &BlockFile) {
    let mut merger = Merger {
        days: all_days(file).unwrap(),
        ..Merger::default()
    };
    let changed = Changed::default();
    while !matches!(
        merger.merge(file, &changed, Eagerness::Idle).unwrap(),
        Worked::Nothing
    ) {}
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
    store.changed.close();
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
    /// None: there is none to be had.
    idle_thread: Option<IdleThread>,
    building: Option<Building>,
}

fn run(store: &Weak<Inner>) {
    let mut merger = Merger {
        idle_thread: IdleThread::start(),
        ..Merger::default()
    };
    if let Some(store) = store.upgrade() {
        match all_days(&store.file) {
            Ok(days) => merger.days = days,
            Err(error) => tracing::warn!(%error, "older blocks of the store are not merged"),
        }
        merger.is_untidy = true;
    }
    while let Some(store) = store.upgrade() {
        if store.changed.is_closed() {
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
            Ok(Ok(Worked::Waited)) => continue,
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
    /// For what is being built.
    Waited,
    Nothing,
}

impl Merger {
    fn step(&mut self, store: &Inner) -> Result<Worked, StoreError> {
        let eagerness = self.learn(store);
        let file = &store.file;
        // On a full disk there is no room for what would be merged.
        let may_write = file.look().is_none();
        if may_write {
            match self.merge(file, &store.changed, eagerness)? {
                Worked::Nothing => {}
                worked => return Ok(worked),
            }
        }
        if self.is_untidy && (eagerness == Eagerness::Idle || !may_write) {
            let has_more = file.give_back(PAGES)?;
            self.is_untidy = has_more || !file.checkpoint()?;
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

    /// Merges some blocks, if there are any that may be.
    fn merge(
        &mut self,
        file: &BlockFile,
        changed: &Changed,
        eagerness: Eagerness,
    ) -> Result<Worked, StoreError> {
        let building = match self.building.take() {
            Some(building) => building,
            None => match self.begin(file, changed, eagerness)? {
                Some(building) => building,
                None => return Ok(Worked::Nothing),
            },
        };
        let Some(built) = building.look(changed.came(), file.clock.elapsed()) else {
            self.building = Some(building);
            return Ok(Worked::Waited);
        };
        match built.and_then(|change| Ok(self.commit(file, &change)?)) {
            Ok(()) => {}
            Err(error) => self.not_merged(building.day, error)?,
        }
        Ok(Worked::Merged(eagerness))
    }

    /// Has some blocks of the first day that has any built into larger ones.
    fn begin(
        &mut self,
        file: &BlockFile,
        changed: &Changed,
        eagerness: Eagerness,
    ) -> Result<Option<Building>, StoreError> {
        while let Some(day) = self.days.first().copied() {
            let (came, now) = (changed.came(), file.clock.elapsed());
            let snapshot = file.read()?;
            let mut blocks = snapshot.list(day.only())?;
            blocks.retain(|block| !self.settled.contains(&block.place));
            let small = choice::small(&blocks);
            let chosen = choice::choose(day, blocks, eagerness);
            if chosen.is_empty() {
                self.days.remove(&day);
                continue;
            }
            let sources = Sources::read(&*snapshot, &chosen);
            // The log cannot begin anew while it is read of.
            drop(snapshot);
            match sources {
                Ok(sources) => {
                    let urgency = Urgency::new(small, came, now);
                    let idle_thread = self.idle_thread.as_ref();
                    return Ok(Some(Building::begin(day, sources, urgency, idle_thread)));
                }
                Err(error) => self.not_merged(day, error)?,
            }
        }
        Ok(None)
    }

    fn commit(&mut self, file: &BlockFile, change: &Change) -> Result<(), StoreError> {
        let deadline = file.clock.elapsed() + DEADLINE;
        if let Applied::Done(places) = file.replace(change, deadline)? {
            let of_several = places.iter().filter(|place| place.day == Day::SEVERAL);
            self.settled.extend(of_several.copied());
            self.days.extend(places.iter().map(|place| place.day));
            self.is_untidy = true;
            if std::mem::take(&mut self.is_told) {
                tracing::info!("small blocks of the store are merged again");
            }
        }
        Ok(())
    }

    /// What is damaged stays as it is.
    fn not_merged(&mut self, day: Day, error: Unmerged) -> Result<(), StoreError> {
        match error {
            Unmerged::Damaged(place, damaged) => {
                let error = place.damaged(damaged);
                tracing::error!(%error, "a block is merged with no other");
                self.settled.insert(place);
                Ok(())
            }
            Unmerged::Store(error) => {
                // The other days are not to wait for it.
                self.days.remove(&day);
                self.later.insert(day);
                Err(error)
            }
        }
    }

    /// Puts the log into the file when it is long. Where that fails, a commit does it.
    fn shorten_log(&mut self, file: &BlockFile) {
        let failure = file.shorten_log().err();
        let is_told = std::mem::replace(&mut self.is_log_told, failure.is_some());
        match failure {
            Some(error) if !is_told => {
                tracing::warn!(%error, "the log of the store cannot be put into its file for now");
            }
            None if is_told => tracing::info!("the log of the store is put into its file again"),
            _ => {}
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
