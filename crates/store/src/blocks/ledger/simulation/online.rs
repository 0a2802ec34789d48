//! A backup of a folder that is in use: spool, store and dead letters are copied one after another while all goes on, and
//! take the place of what is there later on.

use super::super::row::{BatchRow, LedgerKey};
use super::super::spools::KnownSpool;
use super::Fault;
use super::backup::Away;
use super::letters::Letters;
use super::process::Process;
use super::random::Random;
use super::spool::Folder;
use super::world::{Record, World};
use logs::Timestamp;
use std::collections::BTreeMap;

/// Once in so many steps a backup begins.
const PAUSE: usize = 30;
/// Once in so many steps it is one copy further.
const PACES: [usize; 3] = [3, 10, 60];
/// Once in so many crashes the last one takes the place of what is there.
const RESTORED: usize = 3;

/// What makes backups, with a randomness of its own.
pub(super) struct Operator {
    random: Random,
    pace: usize,
    making: Making,
    last: Option<Backup>,
    /// How many were put back.
    pub(super) restored: u64,
}

enum Making {
    Nothing,
    Spool(SpoolCopy),
    /// The store is copied first, for a fault.
    StoreFirst(StoreCopy),
    Store(SpoolCopy, StoreCopy),
}

struct SpoolCopy {
    folder: Folder,
    away: Vec<Away>,
    /// Of each batch: whether it was acknowledged, and taken away.
    owed: Vec<[bool; 2]>,
}

struct StoreCopy {
    rows: BTreeMap<LedgerKey, BatchRow>,
    spools: Vec<KnownSpool>,
    batches: Vec<(Vec<Record>, Timestamp)>,
}

struct Backup {
    spool: SpoolCopy,
    store: StoreCopy,
    letters: Letters,
    /// Of each batch, what was until the end: a letter may be of a retry that came in between.
    given_up: Vec<Vec<u32>>,
}

impl Operator {
    pub(super) fn new(seed: u64) -> Self {
        let mut random = Random::new(!seed);
        Self {
            pace: random.of(&PACES),
            random,
            making: Making::Nothing,
            last: None,
            restored: 0,
        }
    }

    /// Whether a backup is being made.
    pub(super) fn is_at_work(&self) -> bool {
        !matches!(self.making, Making::Nothing)
    }

    /// Perhaps the next copy.
    pub(super) fn step(&mut self, world: &mut World, process: &Process) {
        let once_in = match self.is_at_work() {
            true => self.pace,
            false => PAUSE,
        };
        if !self.random.once_in(once_in) {
            return;
        }
        self.making = match std::mem::replace(&mut self.making, Making::Nothing) {
            Making::Nothing
                if process.is_putting_back() && world.fault != Fault::PutBackMeanwhile =>
            {
                return;
            }
            Making::Nothing if world.fault == Fault::StoreCopiedFirst => {
                Making::StoreFirst(StoreCopy::of(world))
            }
            Making::Nothing => Making::Spool(SpoolCopy::of(world)),
            Making::Spool(spool) => Making::Store(spool, StoreCopy::of(world)),
            Making::StoreFirst(store) => Making::Store(SpoolCopy::of(world), store),
            Making::Store(mut spool, store) => {
                if world.fault == Fault::HintCopied {
                    spool.folder.take_hints(&world.folder);
                }
                let letters = world.letters.clone();
                let given_up = world.batches.iter().map(|batch| {
                    let records = batch.records.iter();
                    records.map(|record| record.given_up).collect()
                });
                self.last = Some(Backup {
                    spool,
                    store,
                    letters,
                    given_up: given_up.collect(),
                });
                Making::Nothing
            }
        };
        world.is_backed_up = self.is_at_work();
    }

    /// What is being made is of no use.
    pub(super) fn give_up(&mut self, world: &mut World) {
        self.making = Making::Nothing;
        world.is_backed_up = false;
    }

    /// Perhaps the last backup takes the place of what is there; whether it does.
    pub(super) fn restore(&mut self, world: &mut World) -> bool {
        if self.is_at_work() || self.last.is_none() || !self.random.once_in(RESTORED) {
            return false;
        }
        if let Some(backup) = self.last.take() {
            backup.restore(world);
            self.restored += 1;
        }
        true
    }
}

impl SpoolCopy {
    fn of(world: &World) -> Self {
        let owed = world.batches.iter();
        Self {
            folder: world.folder.copy(),
            away: world.away.clone(),
            owed: owed
                .map(|batch| [batch.is_acknowledged, batch.is_taken_away])
                .collect(),
        }
    }
}

impl StoreCopy {
    fn of(world: &World) -> Self {
        let batches = world.batches.iter();
        Self {
            rows: world.rows.clone(),
            spools: world.spools.clone(),
            batches: batches
                .map(|batch| (batch.records.clone(), batch.written_at))
                .collect(),
        }
    }
}

impl Backup {
    /// Nothing is owed of what was acknowledged since it was begun.
    fn restore(self, world: &mut World) {
        let Self {
            spool,
            store,
            letters,
            given_up,
        } = self;
        for (number, batch) in world.batches.iter_mut().enumerate() {
            let copied = store.batches.get(number);
            let (records, written_at) = copied.cloned().unwrap_or_else(|| {
                let new = batch.records.iter().map(|record| Record {
                    stored: 0,
                    given_up: 0,
                    ..*record
                });
                (new.collect(), Timestamp::MIN)
            });
            (batch.records, batch.written_at) = (records, written_at);
            let given_up = given_up.get(number).into_iter().flatten();
            for (record, given_up) in batch.records.iter_mut().zip(given_up) {
                record.given_up = *given_up;
            }
            let owed = spool.owed.get(number).copied().unwrap_or_default();
            [batch.is_acknowledged, batch.is_taken_away] = owed;
        }
        (world.rows, world.spools) = (store.rows, store.spools);
        (world.folder, world.away) = (spool.folder, spool.away);
        world.letters = letters;
        world.backups.clear();
    }
}
