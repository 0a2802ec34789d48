//! A disk in memory that does everything a disk may do: it forgets what was not synced, fails,
//! fills up, and stops between any two operations or in the midst of one, all from a seed.

mod file;

use super::inode::Inode;
use super::machine::{Faults, Machine, NameChange, Needs, Sabotage};
use crate::aligned::BLOCK_BYTES;
use crate::disk::{Disk, DiskFile};
use crate::segment::number;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

/// How the life of a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The system lives on, and with it everything that was written.
    Kill,
    PowerCut,
}

#[derive(Clone)]
pub(super) struct SimulatedDisk(Arc<Mutex<Machine>>);

struct SimulatedFile(SimulatedDisk, usize);

impl SimulatedDisk {
    pub(super) fn new(seed: u64, sabotage: Sabotage) -> Self {
        Self(Arc::new(Mutex::new(Machine::new(seed, sabotage))))
    }

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.0.lock().unwrap()
    }

    pub(super) fn set_faults(&self, faults: Faults) {
        self.machine().faults = faults;
    }

    pub(super) fn faults(&self) -> Faults {
        self.machine().faults
    }

    pub(super) fn has_faults(&self) -> bool {
        self.machine().faults != Faults::default()
    }

    /// Stops in the midst of the operation that comes after so many others.
    pub(super) fn stop_after(&self, operations: Option<u64>) {
        let mut machine = self.machine();
        machine.stop_at = operations.map(|count| machine.operations + count + 1);
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.machine().stopped
    }

    /// Operations that change something, so far.
    pub(super) fn operations(&self) -> u64 {
        self.machine().operations
    }

    /// The process is gone; the next one finds the disk as it is then.
    pub(super) fn end(&self, end: End) {
        let machine = &mut *self.machine();
        (machine.stopped, machine.stop_at) = (false, None);
        machine.faults = Faults::default();
        match end {
            End::Kill => {
                for inode in &mut machine.inodes {
                    inode.evict(&mut machine.random);
                }
            }
            End::PowerCut => machine.power_cut(),
        }
    }

    /// Clean pages may leave the cache at any time, and are read from the disk again.
    pub(super) fn evict(&self) {
        let machine = &mut *self.machine();
        for inode in &mut machine.inodes {
            inode.evict(&mut machine.random);
        }
    }

    /// The bytes of all segments.
    pub(super) fn segment_bytes(&self) -> u64 {
        let machine = self.machine();
        let segments = machine
            .names
            .iter()
            .filter(|(name, _)| number(name).is_some());
        segments
            .map(|(_, inode)| machine.inodes[*inode].cache.len() as u64)
            .sum()
    }

    /// Everything that is there, by name.
    pub(super) fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let machine = self.machine();
        let content = |inode: &usize| machine.inodes[*inode].cache.clone();
        let named = machine.names.iter();
        named
            .map(|(name, inode)| (name.clone(), content(inode)))
            .collect()
    }

    /// A disk on which nothing has happened since this was there.
    pub(super) fn with_contents(contents: &BTreeMap<String, Vec<u8>>) -> Self {
        let disk = Self::new(0, Sabotage::Nothing);
        for (name, bytes) in contents {
            let file = disk.create(name).unwrap();
            assert_eq!(file.write_at(bytes, 0).unwrap(), bytes.len());
            file.sync().unwrap();
        }
        disk.sync_folder().unwrap();
        disk
    }

    /// The block of this byte cannot be read any more.
    pub(super) fn lose_block(&self, name: &str, byte: usize) {
        let machine = &mut *self.machine();
        let inode = machine.names[name];
        machine.unreadable.insert((inode, byte / BLOCK_BYTES));
    }

    /// Everything can be read again.
    pub(super) fn heal(&self) {
        self.machine().unreadable.clear();
    }

    pub(super) fn flip(&self, name: &str, bit: usize) {
        let machine = &mut *self.machine();
        machine.inodes[machine.names[name]].flip(bit);
    }
}

impl Disk for SimulatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut machine = self.machine();
        machine.read_fails()?;
        Ok(machine.names.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let machine = &mut *self.machine();
        let (done, answer) = machine.whole(Needs::Room)?;
        let mut inode = machine.names.get(name).copied();
        if done && let Some(there) = inode {
            machine.inodes[there].truncate(0, &mut machine.random);
        } else if done {
            let new = machine.inodes.len();
            inode = Some(new);
            machine.inodes.push(Inode::default());
            machine.names.insert(name.to_owned(), new);
            let added = NameChange::Added(name.to_owned(), new);
            machine.unsynced_names.push(added);
        }
        answer?;
        let inode = inode.ok_or(io::ErrorKind::Other)?;
        Ok(Arc::new(SimulatedFile(self.clone(), inode)))
    }

    fn create_new(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        if self.machine().names.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.create(name)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut machine = self.machine();
        machine.read_fails()?;
        let inode = machine.find(name)?;
        Ok(Arc::new(SimulatedFile(self.clone(), inode)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let machine = &mut *self.machine();
        let (done, answer) = machine.whole(Needs::Room)?;
        if done {
            let inode = machine.find(from)?;
            machine.names.remove(from);
            machine.names.insert(to.to_owned(), inode);
            let renamed = NameChange::Renamed(from.to_owned(), to.to_owned(), inode);
            machine.unsynced_names.push(renamed);
        }
        answer
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let machine = &mut *self.machine();
        let (done, answer) = machine.whole(Needs::Nothing)?;
        if done {
            let inode = machine.find(name)?;
            machine.names.remove(name);
            let removed = NameChange::Removed(name.to_owned(), inode);
            machine.unsynced_names.push(removed);
        }
        answer
    }

    fn sync_folder(&self) -> io::Result<()> {
        let machine = &mut *self.machine();
        let (done, answer) = machine.whole(Needs::LittleRoom)?;
        if done && machine.sabotage != Sabotage::NoFolderSync {
            for change in std::mem::take(&mut machine.unsynced_names) {
                machine.make_durable(change);
            }
        }
        answer
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let machine = self.machine();
        machine.running()?;
        Ok(if machine.faults.nothing_free {
            10
        } else {
            1 << 40
        })
    }
}
