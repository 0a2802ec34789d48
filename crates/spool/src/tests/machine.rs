//! What stands behind a simulated disk: its files and names, what of them is durable, and what
//! becomes of each operation.

use super::inode::Inode;
use super::random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// How often something fails: once in so many operations; 0 is never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Faults {
    pub(super) no_room: usize,
    pub(super) broken: usize,
    pub(super) sync_fails: usize,
    pub(super) reads_fail: usize,
    /// What the file system says is free is next to nothing.
    pub(super) nothing_free: bool,
    /// No file can be made or become longer.
    pub(super) full: bool,
}

/// What an operation needs of the file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Room,
    /// What a full disk still has.
    LittleRoom,
    Nothing,
}

impl Faults {
    pub(super) fn random(random: &mut Random) -> Self {
        let mut rate = |of: usize| match random.once_in(of) {
            true => random.between(2, 20),
            false => 0,
        };
        Self {
            no_room: rate(2),
            broken: rate(4),
            sync_fails: rate(3),
            reads_fail: rate(4),
            nothing_free: rate(8) > 0,
            full: rate(6) > 0,
        }
    }

    /// A disk that is full and has no other fault.
    pub(super) fn full_disk() -> Self {
        Self {
            full: true,
            ..Self::default()
        }
    }
}

/// What is wrong with this disk on purpose, to see that the tests notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sabotage {
    Nothing,
    /// A sync does nothing.
    NoSync,
    /// A sync comes after the next operation has begun: what was acknowledged is not synced yet.
    LateSync,
    /// The folder is never synced.
    NoFolderSync,
    /// Nothing is cut off, and what is written goes behind what is there.
    AppendBehind,
}

pub(super) enum NameChange {
    Added(String, usize),
    Removed(String, usize),
    Renamed(String, String, usize),
}

pub(super) struct Machine {
    pub(super) random: Random,
    pub(super) inodes: Vec<Inode>,
    pub(super) names: BTreeMap<String, usize>,
    pub(super) durable_names: BTreeMap<String, usize>,
    pub(super) unsynced_names: Vec<NameChange>,
    pub(super) faults: Faults,
    pub(super) sabotage: Sabotage,
    pub(super) operations: u64,
    pub(super) stop_at: Option<u64>,
    pub(super) stopped: bool,
    pub(super) late_sync: Option<usize>,
    /// Blocks of inodes that cannot be read.
    pub(super) unreadable: BTreeSet<(usize, usize)>,
}

/// What becomes of one operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    Fails(io::ErrorKind),
    /// The machine stops in the midst of it.
    Stops,
}

impl Machine {
    pub(super) fn new(seed: u64, sabotage: Sabotage) -> Self {
        Self {
            random: Random::new(seed ^ 0x00D1_5C00),
            inodes: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            unsynced_names: Vec::new(),
            faults: Faults::default(),
            sabotage,
            operations: 0,
            stop_at: None,
            stopped: false,
            late_sync: None,
            unreadable: BTreeSet::new(),
        }
    }

    pub(super) fn power_cut(&mut self) {
        self.late_sync = None;
        for inode in &mut self.inodes {
            inode.power_cut(&mut self.random);
        }
        for change in std::mem::take(&mut self.unsynced_names) {
            if self.random.once_in(2) {
                self.make_durable(change);
            }
        }
        self.names.clone_from(&self.durable_names);
    }

    pub(super) fn make_durable(&mut self, change: NameChange) {
        let names = &mut self.durable_names;
        match change {
            NameChange::Added(name, inode) => {
                names.insert(name, inode);
            }
            NameChange::Removed(name, inode) => {
                if names.get(&name) == Some(&inode) {
                    names.remove(&name);
                }
            }
            NameChange::Renamed(from, to, inode) => {
                if names.get(&from) == Some(&inode) {
                    names.remove(&from);
                }
                names.insert(to, inode);
            }
        }
    }

    /// Counts an operation that changes something, and says what becomes of it.
    pub(super) fn begin(&mut self, needs: Needs) -> io::Result<Fate> {
        self.running()?;
        self.operations += 1;
        if self.stop_at == Some(self.operations) {
            self.stopped = true;
            return Ok(Fate::Stops);
        }
        if let Some(inode) = self.late_sync.take() {
            self.inodes[inode].sync();
        }
        let full = needs == Needs::Room && self.faults.full;
        if full || (needs != Needs::Nothing && self.random.once_in(self.faults.no_room)) {
            return Ok(Fate::Fails(io::ErrorKind::StorageFull));
        }
        if self.random.once_in(self.faults.broken) {
            return Ok(Fate::Fails(io::ErrorKind::Other));
        }
        Ok(Fate::Done)
    }

    pub(super) fn running(&self) -> io::Result<()> {
        match self.stopped {
            true => Err(io::Error::other("the machine has stopped")),
            false => Ok(()),
        }
    }

    /// An operation that is done whole or not at all: whether it is, and what it answers.
    pub(super) fn whole(&mut self, needs: Needs) -> io::Result<(bool, io::Result<()>)> {
        Ok(match self.begin(needs)? {
            Fate::Done => (true, Ok(())),
            Fate::Fails(kind) => (false, Err(kind.into())),
            Fate::Stops => (self.random.once_in(2), Err(io::ErrorKind::Other.into())),
        })
    }

    pub(super) fn find(&self, name: &str) -> io::Result<usize> {
        let inode = self.names.get(name).copied();
        inode.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    pub(super) fn read_fails(&mut self) -> io::Result<()> {
        self.running()?;
        match self.random.once_in(self.faults.reads_fail) {
            true => Err(io::ErrorKind::Other.into()),
            false => Ok(()),
        }
    }
}
