//! Histories of a feed through the rules themselves: portions that come again, crashes at any step, folders that are copied and
//! put back, and readers that come from history to what is live, with anything in between. Each record is given once to
//! a reader, but for what it is told of as a gap. And with one rule changed on purpose, the loss or the double is found.

mod folder;
mod reader;

use crate::blocks::ledger::simulation::random::Random;
use folder::{Batch, Folder};
use reader::Reader;
use record::id::BatchId;

const HISTORIES: u64 = 20_000;
const STEPS: usize = 60;
const MOST_FOLDERS: usize = 3;
const MOST_READERS: usize = 3;
/// More than any reader takes to the end; with a rule that is changed, one may never come there.
const STEPS_TO_THE_END: usize = 500;

/// A rule that is changed on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// An entry is written in a transaction of its own, behind the portion's.
    AnnouncedBehindCommit,
    /// What is there already is announced with what is new.
    RepeatedAnnounced,
    /// An entry that is there is gone on from, whoever wrote it.
    LifeNotCompared,
    /// The life is the folder's, and not of each start.
    LifeOfFolder,
    /// An entry that is gone is gone on from, as long as the next is there.
    GoneGoesOn,
    /// Who knows nothing yet begins with whatever is there.
    BeginningNotAsked,
    /// The newest entry goes as any other does.
    NewestRemoved,
    /// How far the feed is, is asked before the page is read.
    SettledBeforePage,
    /// Of what was stored meanwhile, the reader leaves out what stands before its page.
    LateLeftOut,
    /// It gives what stands behind its page as well, which comes with a later one.
    LaterGiven,
}

const FAULTS: [Fault; 10] = [
    Fault::AnnouncedBehindCommit,
    Fault::RepeatedAnnounced,
    Fault::LifeNotCompared,
    Fault::LifeOfFolder,
    Fault::GoneGoesOn,
    Fault::BeginningNotAsked,
    Fault::NewestRemoved,
    Fault::SettledBeforePage,
    Fault::LateLeftOut,
    Fault::LaterGiven,
];

/// What the histories had in them.
#[derive(Debug, Default)]
struct Met {
    repeated: u64,
    forks: u64,
    forgotten: u64,
    other_history: u64,
    late: u64,
    within_the_page: u64,
    live: u64,
}

/// All that lasts, and who reads it.
struct World {
    fault: Fault,
    random: Random,
    met: Met,
    /// In hours.
    now: i64,
    lives: u64,
    batches: Vec<Batch>,
    folders: Vec<Folder>,
    backups: Vec<Folder>,
    readers: Vec<Reader>,
}

impl World {
    fn new(seed: u64, fault: Fault) -> Self {
        let mut world = Self {
            fault,
            random: Random::new(seed),
            met: Met::default(),
            now: 0,
            lives: 1,
            batches: Vec::new(),
            folders: vec![Folder::new()],
            backups: Vec::new(),
            readers: Vec::new(),
        };
        // Of before there was a feed.
        for _ in 0..world.random.below(3) {
            let batch = world.new_batch();
            world.folders[0].store_before(&batch);
        }
        world
    }

    fn new_batch(&mut self) -> Batch {
        let name = u64::try_from(self.batches.len()).unwrap();
        let records = 1 + self.random.below(4);
        let times = (0..records).map(|_| self.random.below(40));
        let batch = Batch::new(BatchId::from_bytes(name.to_be_bytes()), times.collect());
        self.batches.push(batch.clone());
        batch
    }

    /// The process on a folder ends, and another begins; whoever reads there comes again with what it has behind it.
    fn restart(&mut self, place: usize) {
        self.lives += 1;
        if self.fault != Fault::LifeOfFolder {
            self.folders[place].begin_life(self.lives);
        }
        for reader in &mut self.readers {
            if reader.is_at(place) {
                reader.comes_again(place);
            }
        }
    }

    fn step(&mut self) {
        let place = self.random.below(self.folders.len());
        match self.random.weighted(&[10, 14, 3, 2, 3, 2, 2, 1, 4, 40, 2]) {
            0 => {
                let batch = self.new_batch();
                self.folders[place].spool.push(batch);
            }
            1 => self.deliver(place),
            2 if !self.batches.is_empty() => {
                let again = self.random.below(self.batches.len());
                self.folders[place].spool.push(self.batches[again].clone());
            }
            3 => self.restart(place),
            4 => self.now += self.random.of(&[1, 1, 5, 13, 26]),
            5 if self.backups.len() < 2 => self.backups.push(self.folders[place].clone()),
            6 if !self.backups.is_empty() => {
                let backup = self.random.below(self.backups.len());
                self.folders[place] = self.backups[backup].clone();
                self.restart(place);
                self.met.forks += 1;
            }
            7 if self.folders.len() < MOST_FOLDERS => {
                self.folders.push(self.folders[place].clone());
                self.restart(self.folders.len() - 1);
                self.met.forks += 1;
            }
            8 if self.readers.len() < MOST_READERS => {
                let reader = Reader::new(place, &self.folders[place], &mut self.random);
                self.readers.push(reader);
            }
            9 if !self.readers.is_empty() => {
                let reader = self.random.below(self.readers.len());
                self.read(reader);
            }
            10 if !self.readers.is_empty() => {
                let reader = self.random.below(self.readers.len());
                self.readers[reader].comes_again(place);
            }
            _ => {}
        }
    }

    fn deliver(&mut self, place: usize) {
        let folder = &mut self.folders[place];
        if folder.spool.is_empty() {
            return;
        }
        // Several are delivered at once, in any order, and by parts.
        let first = self.random.below(folder.spool.len());
        let mut portion = vec![folder.spool[first].clone()];
        if self.random.once_in(3) {
            let other = self.random.below(folder.spool.len());
            portion.push(folder.spool[other].part(&mut self.random));
        }
        if self.random.once_in(8) {
            self.restart(place);
            return;
        }
        let repeated = folder.store(&portion, self.now, self.fault);
        self.met.repeated += u64::from(repeated);
        if self.random.once_in(6) {
            // Before it is done in the spool, or before an entry that is written by itself.
            folder.unwritten = None;
            self.restart(place);
            return;
        }
        folder.write_what_is_left(self.now, self.fault);
        folder.spool.remove(first);
    }

    fn read(&mut self, reader: usize) {
        let Self {
            readers,
            folders,
            fault,
            met,
            ..
        } = self;
        let reader = &mut readers[reader];
        reader.step(&folders[reader.folder], *fault, met);
    }

    /// Everything is delivered and read; why a reader has not each record once.
    fn end(&mut self) -> Option<String> {
        for place in 0..self.folders.len() {
            while let Some(batch) = self.folders[place].spool.pop() {
                let folder = &mut self.folders[place];
                folder.store(&[batch], self.now, self.fault);
                folder.write_what_is_left(self.now, self.fault);
            }
        }
        for reader in 0..self.readers.len() {
            let is_at_the_end = |world: &Self| {
                let reader = &world.readers[reader];
                reader.is_at_the_end(&world.folders[reader.folder])
            };
            let mut steps = 0;
            while !is_at_the_end(self) {
                self.read(reader);
                steps += 1;
                if steps == STEPS_TO_THE_END {
                    return Some("a reader never comes to the end".to_owned());
                }
            }
        }
        let mut readers = self.readers.iter();
        readers.find_map(|reader| reader.fault(&self.folders[reader.folder]))
    }
}

fn run(seed: u64, fault: Fault) -> (Option<String>, Met) {
    let mut world = World::new(seed, fault);
    for _ in 0..STEPS {
        world.step();
    }
    (world.end(), world.met)
}

#[test]
fn each_record_is_given_once_to_a_reader_that_is_told_of_no_gap() {
    let mut all = Met::default();
    for seed in 0..HISTORIES {
        let (fault, met) = run(seed, Fault::None);
        assert_eq!(fault, None, "history {seed}");
        all.repeated += met.repeated;
        all.forks += met.forks;
        all.forgotten += met.forgotten;
        all.other_history += met.other_history;
        all.late += met.late;
        all.within_the_page += met.within_the_page;
        all.live += met.live;
    }
    let counts = [
        all.repeated,
        all.forks,
        all.forgotten,
        all.other_history,
        all.late,
        all.within_the_page,
        all.live,
    ];
    assert!(counts.iter().all(|count| *count > 500), "{all:?}");
}

#[test]
fn a_rule_that_is_changed_is_found() {
    for fault in FAULTS {
        let found = (0..HISTORIES).any(|seed| run(seed, fault).0.is_some());
        assert!(found, "{fault:?}");
    }
}
