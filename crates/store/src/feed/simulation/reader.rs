//! A reader of all records, who is known by a cursor and by an entry: all that has an id up to the cursor and stands in an
//! entry up to that one, or in none at all, was given, and nothing else.

use super::super::entry::decode;
use super::super::place::behind;
use super::super::{Gap, Reached};
use super::folder::Folder;
use super::{Fault, Met};
use crate::blocks::ledger::simulation::random::Random;
use record::id::RecordId;
use std::collections::BTreeSet;

/// Records of a page.
const PAGE: usize = 3;

/// What it is at, which a process keeps and does not outlive.
#[derive(Debug, Clone)]
enum Stage {
    /// Nothing.
    Between,
    /// How far the feed is was asked, before the page is read.
    Asked(Reached),
    /// A page is read, up to an id.
    Page(Vec<RecordId>, RecordId),
    /// And behind that it was asked how far the feed is.
    Settled(Vec<RecordId>, RecordId, Reached),
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) folder: usize,
    cursor: RecordId,
    reached: Reached,
    stage: Stage,
    /// Since it was last told of a gap.
    given: BTreeSet<RecordId>,
    /// What it did not ask for, and what it was told that it may have missed.
    excused: BTreeSet<RecordId>,
    fault: Option<String>,
}

impl Reader {
    /// One that begins with history, with what is live, or with the feed's first entry.
    pub(super) fn new(place: usize, folder: &Folder, random: &mut Random) -> Self {
        let none = Reached {
            number: 0,
            ..folder.newest()
        };
        let (cursor, reached) = match random.below(4) {
            0 => (RecordId::MAX, folder.newest()),
            1 => (RecordId::MAX, none),
            _ => (RecordId::MIN, folder.newest()),
        };
        let excused = folder.records.iter().filter(|id| {
            // From the first entry on, what was stored before there was one.
            let is_announced = folder.entries.values().any(|written| {
                let entry = decode(&written.bytes);
                entry.is_some_and(|(announced, _)| announced.has(id))
            });
            **id <= cursor && (reached.number > 0 || !is_announced)
        });
        Self {
            folder: place,
            cursor,
            reached,
            stage: Stage::Between,
            given: BTreeSet::new(),
            excused: excused.copied().collect(),
            fault: None,
        }
    }

    pub(super) fn is_at(&self, place: usize) -> bool {
        self.folder == place
    }

    /// It comes with its cursor and its entry, and nothing else.
    pub(super) fn comes_again(&mut self, place: usize) {
        self.folder = place;
        self.stage = Stage::Between;
    }

    pub(super) fn is_at_the_end(&self, folder: &Folder) -> bool {
        let newest = folder.newest();
        let is_there = self.reached == newest || (self.reached.number, newest.number) == (0, 0);
        self.cursor == RecordId::MAX && is_there
    }

    pub(super) fn step(&mut self, folder: &Folder, fault: Fault, met: &mut Met) {
        match std::mem::replace(&mut self.stage, Stage::Between) {
            Stage::Between if self.cursor == RecordId::MAX => {
                met.live += 1;
                self.follow(folder, fault, met);
            }
            Stage::Between if fault == Fault::SettledBeforePage => {
                self.stage = Stage::Asked(folder.newest());
            }
            Stage::Between => {
                let (page, end) = self.page(folder);
                self.stage = Stage::Page(page, end);
            }
            Stage::Asked(settled) => {
                let (page, end) = self.page(folder);
                self.stage = Stage::Settled(page, end, settled);
            }
            Stage::Page(page, end) => self.stage = Stage::Settled(page, end, folder.newest()),
            Stage::Settled(page, end, settled) => {
                self.merge(folder, (page, end, settled), fault, met);
            }
        }
    }

    /// The next records, and up to which id they are all that there is.
    fn page(&self, folder: &Folder) -> (Vec<RecordId>, RecordId) {
        let behind = folder.records.iter().filter(|id| **id > self.cursor);
        let page: Vec<RecordId> = behind.take(PAGE).copied().collect();
        let end = match page.last() {
            Some(last) if page.len() == PAGE => *last,
            _ => RecordId::MAX,
        };
        (page, end)
    }

    fn follow(&mut self, folder: &Folder, fault: Fault, met: &mut Met) {
        let Some(number) = self.going_on(folder, fault, met) else {
            return;
        };
        let next = folder.entries.range(number + 1..).next();
        if let Some((number, written)) = next {
            let life = written.life;
            self.give(announced(folder, *number));
            self.reached = Reached {
                number: *number,
                life,
            };
        }
    }

    fn merge(
        &mut self,
        folder: &Folder,
        (page, end, settled): (Vec<RecordId>, RecordId, Reached),
        fault: Fault,
        met: &mut Met,
    ) {
        let Some(number) = self.going_on(folder, fault, met) else {
            return;
        };
        let mut new: BTreeSet<RecordId> = BTreeSet::new();
        for number in folder
            .entries
            .range(number + 1..)
            .map(|(number, _)| *number)
        {
            if number <= settled.number {
                new.extend(announced(folder, number));
            }
        }
        let (late, behind): (BTreeSet<_>, BTreeSet<_>) =
            new.into_iter().partition(|id| *id <= self.cursor);
        let (within, later): (BTreeSet<_>, BTreeSet<_>) =
            behind.into_iter().partition(|id| *id <= end);
        met.late += u64::from(!late.is_empty());
        let mut merged: BTreeSet<RecordId> = page.into_iter().collect();
        met.within_the_page += u64::from(within.iter().any(|id| !merged.contains(id)));
        merged.extend(within);
        if fault == Fault::LaterGiven {
            merged.extend(later);
        }
        if fault != Fault::LateLeftOut {
            self.give(late);
        }
        self.give(merged);
        (self.cursor, self.reached) = (end, settled);
    }

    /// Behind which entry it goes on; otherwise it was told of a gap, and begins anew.
    fn going_on(&mut self, folder: &Folder, fault: Fault, met: &mut Met) -> Option<u64> {
        let (number, standing) = (self.reached.number, folder.standing());
        let at_number = folder.entries.get(&number).map(|written| written.life);
        let is_next_there = folder.entries.contains_key(&(number + 1));
        let gap = match (behind(Some(self.reached), at_number, standing), fault) {
            (Ok(number), _) => return Some(number),
            (Err(_), Fault::LifeNotCompared) if at_number.is_some() => return Some(number),
            (Err(_), Fault::GoneGoesOn) if at_number.is_none() && is_next_there => {
                return Some(number);
            }
            (Err(_), Fault::BeginningNotAsked) if number == 0 => return Some(0),
            (Err(gap), _) => gap,
        };
        match gap {
            Gap::Forgotten => met.forgotten += 1,
            Gap::AnotherHistory => met.other_history += 1,
        }
        self.reached = folder.newest();
        self.given.clear();
        let missed = folder.records.range(..=self.cursor);
        self.excused = missed.copied().collect();
        None
    }

    fn give(&mut self, records: impl IntoIterator<Item = RecordId>) {
        for id in records {
            if !self.given.insert(id) {
                self.fault.get_or_insert_with(|| format!("{id:?} twice"));
            }
        }
    }

    /// What it has not, or twice.
    pub(super) fn fault(&self, folder: &Folder) -> Option<String> {
        let is_lost = |id: &&RecordId| !self.given.contains(id) && !self.excused.contains(id);
        let lost = folder.records.iter().find(is_lost);
        let lost = lost.map(|id| format!("{id:?} is lost"));
        self.fault.clone().or(lost)
    }
}

/// The records of an entry, found as a reader finds them.
fn announced(folder: &Folder, number: u64) -> Vec<RecordId> {
    let written = folder.entries.get(&number);
    let (announced, spans) = written.and_then(|written| decode(&written.bytes)).unwrap();
    let found = folder.records.iter().filter(|id| {
        let is_in_a_span = spans.iter().any(|span| span.contains(&id.time()));
        is_in_a_span && announced.has(id)
    });
    let found: Vec<RecordId> = found.copied().collect();
    assert_eq!(found.len() as u64, announced.records());
    found
}
