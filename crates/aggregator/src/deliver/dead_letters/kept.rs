//! Which dead letters are kept, in which files, and how much room they take. In memory, with running
//! sums, so that asking waits for no disk.

use super::LedgerKey;
use super::{DeadLetter, DeadLetterSnapshot, LetterId};
use logs::Timestamp;
use record::batch::BatchOrigin;
use record::fault::MAX_DOCUMENT_BYTES;
use record::id::BatchId;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;

/// A file takes whole blocks of the disk.
const BLOCK_BYTES: u64 = 4096;

/// What is known of all files.
#[derive(Debug, Default)]
pub(super) struct Kept {
    files: BTreeMap<u64, KeptFile>,
    /// The file of each letter; the latest, when a crash left two.
    owners: HashMap<LetterId, u64>,
    /// In how many files each batch has letters.
    batches: HashMap<LedgerKey, u32>,
    bytes: u64,
    /// A number is never given twice in a life of the process: who forgets a file forgets that one.
    next: u64,
    /// The newest file while it is small: what comes is put together with it.
    open: Option<u64>,
    /// The room that what came from one address takes.
    of_peers: HashMap<IpAddr, u64>,
    /// Files that were set aside.
    pub(super) damaged: u64,
}

#[derive(Debug)]
struct KeptFile {
    /// The room that it takes.
    room: u64,
    /// The batches that its letters are of.
    batches: HashSet<LedgerKey>,
    /// When the oldest of its letters was received that may go back into the spool.
    oldest: Option<Timestamp>,
    /// Who sent what is in it, when it was set aside at the door.
    peer: Option<IpAddr>,
    /// Its letters, when they are too large to be stored.
    too_large: Vec<TooLargeLetter>,
    /// Whether an earlier version took any that may go back into the spool.
    earlier: bool,
}

/// A record that is kept because it is too large to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooLargeLetter {
    /// What it has in common with the others of its batch.
    pub origin: BatchOrigin,
    /// Its place in its batch, from 0.
    pub position: u32,
    /// Why it is kept.
    pub reason: Arc<str>,
}

/// The room that a file of so many bytes takes.
pub(super) const fn room(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES)
}

/// Whether a letter can never be stored.
pub(super) fn is_too_large(letter: &DeadLetter) -> bool {
    letter.document.len() > MAX_DOCUMENT_BYTES
}

impl TooLargeLetter {
    fn id(&self) -> LetterId {
        LetterId(self.origin.digest([self.position]))
    }

    fn of(letter: &DeadLetter) -> Self {
        Self {
            origin: letter.origin,
            position: letter.position,
            reason: letter.reason.as_str().into(),
        }
    }
}

impl Kept {
    /// Notes a file that is durable, and that letters are in it; the number is not given again.
    pub(super) fn add(&mut self, number: u64, bytes: u64, letters: &[DeadLetter]) {
        self.bytes += room(bytes);
        let (stay, go): (Vec<_>, Vec<_>) = letters.iter().partition(|letter| is_too_large(letter));
        let peer = letters.first().and_then(|letter| letter.peer);
        if let Some(peer) = peer {
            *self.of_peers.entry(peer).or_default() += room(bytes);
        }
        let batches: HashSet<LedgerKey> = letters
            .iter()
            .map(|letter| letter.origin.ledger_key())
            .collect();
        for batch in &batches {
            *self.batches.entry(*batch).or_default() += 1;
        }
        let file = KeptFile {
            room: room(bytes),
            batches,
            oldest: go.iter().map(|letter| letter.origin.received_at).min(),
            peer,
            earlier: go.iter().any(|letter| letter.earlier),
            too_large: stay.into_iter().map(TooLargeLetter::of).collect(),
        };
        self.files.insert(number, file);
        self.next = self.next.max(number + 1);
        let ids = letters.iter().map(DeadLetter::id);
        self.owners.extend(ids.map(|id| (id, number)));
    }

    /// A file is no more.
    pub(super) fn remove(&mut self, number: u64) {
        if self.open == Some(number) {
            self.open = None;
        }
        let Some(file) = self.files.remove(&number) else {
            return;
        };
        self.bytes -= file.room;
        for batch in &file.batches {
            if let Entry::Occupied(mut files) = self.batches.entry(*batch) {
                *files.get_mut() -= 1;
                if *files.get() == 0 {
                    files.remove();
                }
            }
        }
        if let Some(peer) = file.peer
            && let Some(room) = self.of_peers.get_mut(&peer)
        {
            *room -= file.room;
            if *room == 0 {
                self.of_peers.remove(&peer);
            }
        }
    }

    /// A file is no more, and what it held is kept nowhere.
    pub(super) fn take_back(&mut self, number: u64) {
        self.remove(number);
        self.owners.retain(|_, owner| *owner != number);
    }

    /// A file is no more, and nobody knows what it held.
    pub(super) fn lose(&mut self, number: u64) {
        self.take_back(number);
        self.damaged += 1;
    }

    /// The room that what came from this address takes, and from how many addresses anything is kept.
    pub(super) fn of_peer(&self, peer: IpAddr) -> (u64, usize) {
        let room = self.of_peers.get(&peer).copied().unwrap_or(0);
        (room, self.of_peers.len())
    }

    /// The letters of a file that are too large to be stored.
    pub(super) fn too_large_in(&self, number: u64) -> Vec<LetterId> {
        let letters = self.files.get(&number).map(|file| &file.too_large);
        let letters = letters.into_iter().flatten();
        letters.map(TooLargeLetter::id).collect()
    }

    /// The files that these letters are in, each with how many.
    pub(super) fn files_of(&self, ids: &HashSet<LetterId>) -> BTreeMap<u64, usize> {
        let mut files = BTreeMap::new();
        for number in ids.iter().filter_map(|id| self.owners.get(id)) {
            *files.entry(*number).or_default() += 1;
        }
        files
    }

    /// The letters of a batch that are too large to be stored, in their order.
    pub(super) fn too_large_of(&self, id: BatchId) -> Vec<TooLargeLetter> {
        let letters = self.files.values().flat_map(|file| &file.too_large);
        let own = letters.filter(|letter| letter.origin.id == id);
        let mut own: Vec<TooLargeLetter> = own.cloned().collect();
        own.sort_by_key(|letter| letter.position);
        own
    }

    /// The room that a file takes.
    pub(super) fn room_of(&self, number: u64) -> u64 {
        self.files.get(&number).map_or(0, |file| file.room)
    }

    /// These letters leave a file: should they be refused again from here on, they are new.
    pub(super) fn leave(&mut self, number: u64, letters: &[DeadLetter]) {
        for letter in letters {
            let id = letter.id();
            if self.owners.get(&id) == Some(&number) {
                self.owners.remove(&id);
            }
        }
    }

    /// They did not leave.
    pub(super) fn come_back(&mut self, number: u64, letters: &[DeadLetter]) {
        for letter in letters {
            self.owners.entry(letter.id()).or_insert(number);
        }
    }

    /// Leaves those that are not kept already, each once.
    pub(super) fn retain_new(&self, letters: &mut Vec<DeadLetter>) {
        let mut new = HashSet::new();
        letters.retain(|letter| {
            let id = letter.id();
            !self.owners.contains_key(&id) && new.insert(id)
        });
    }

    /// Whether this file is the one that counts for a letter.
    pub(super) fn is_owner(&self, number: u64, letter: &DeadLetter) -> bool {
        self.owners.get(&letter.id()) == Some(&number)
    }

    /// When the oldest letter was received that may go back into the spool.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.files.values().filter_map(|file| file.oldest).min()
    }

    /// Whether an earlier version took any that may go back into the spool.
    pub(super) fn holds_earlier(&self) -> bool {
        self.files.values().any(|file| file.earlier)
    }

    /// The batches of which there are letters. What is put back counts until its file is gone.
    pub(super) fn batches(&self) -> impl Iterator<Item = LedgerKey> {
        self.batches.keys().copied()
    }

    /// Whether there are letters of a batch.
    pub(super) fn has_batch(&self, batch: &LedgerKey) -> bool {
        self.batches.contains_key(batch)
    }

    /// Whether there is a file with this number.
    pub(super) fn has(&self, number: u64) -> bool {
        self.files.contains_key(&number)
    }

    /// The first file behind this number.
    pub(super) fn after(&self, number: u64) -> Option<u64> {
        let behind = number.checked_add(1)?;
        self.files.range(behind..).next().map(|(number, _)| *number)
    }

    /// The files that count for none of their letters any more.
    pub(super) fn superseded(&self) -> Vec<u64> {
        let owners: BTreeSet<u64> = self.owners.values().copied().collect();
        let files = self.files.keys().copied();
        files.filter(|number| !owners.contains(number)).collect()
    }

    /// The last file.
    pub(super) fn last(&self) -> Option<u64> {
        self.files.last_key_value().map(|(number, _)| *number)
    }

    /// The number of the next file.
    pub(super) fn next(&self) -> u64 {
        self.next.max(1)
    }

    /// The file that more may be put together with.
    pub(super) fn open(&self) -> Option<u64> {
        self.open
    }

    /// From here on this one, or none.
    pub(super) fn set_open(&mut self, number: Option<u64>) {
        self.open = number;
    }

    /// The room that all files take.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn snapshot(&self, max_bytes: u64, unread_files: u64) -> DeadLetterSnapshot {
        DeadLetterSnapshot {
            records: self.owners.len() as u64,
            bytes: self.bytes,
            max_bytes,
            damaged_files: self.damaged,
            unread_files,
        }
    }
}

#[cfg(test)]
mod tests;
