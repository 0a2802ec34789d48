//! Which dead letters are kept, in which files, and how much room they take. In memory, with running
//! sums, so that asking waits for no disk.

use super::{DeadLetter, DeadLetterSnapshot};
use logs::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A file takes whole blocks of the disk.
const BLOCK_BYTES: u64 = 4096;

/// What is known of all files.
#[derive(Debug, Default)]
pub(super) struct Kept {
    files: BTreeMap<u64, KeptFile>,
    /// The file of each letter; the latest, when a crash left two.
    owners: HashMap<[u8; 16], u64>,
    bytes: u64,
    /// A number is never given twice in a life of the process: who forgets a file forgets that one.
    next: u64,
    /// The newest file while it is small: what comes is put together with it.
    open: Option<u64>,
    /// Files that were set aside.
    pub(super) damaged: u64,
}

#[derive(Debug, Clone, Copy)]
struct KeptFile {
    /// The room that it takes.
    room: u64,
    /// When the oldest of its letters was received.
    oldest: Option<Timestamp>,
}

/// The room that a file of so many bytes takes.
pub(super) fn room(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES)
}

impl Kept {
    /// Notes a file that is durable, and that letters are in it; the number is not given again.
    pub(super) fn add(&mut self, number: u64, bytes: u64, letters: &[DeadLetter]) {
        self.bytes += room(bytes);
        let received = letters.iter().map(|letter| letter.origin.received_at);
        let file = KeptFile {
            room: room(bytes),
            oldest: received.min(),
        };
        self.files.insert(number, file);
        self.next = self.next.max(number + 1);
        let digests = letters.iter().map(DeadLetter::digest);
        self.owners.extend(digests.map(|digest| (digest, number)));
    }

    /// A file is no more.
    pub(super) fn remove(&mut self, number: u64) {
        self.bytes -= self.files.remove(&number).map_or(0, |file| file.room);
        if self.open == Some(number) {
            self.open = None;
        }
    }

    /// A file is no more, and nobody knows what it held.
    pub(super) fn lose(&mut self, number: u64) {
        self.remove(number);
        self.owners.retain(|_, owner| *owner != number);
        self.damaged += 1;
    }

    /// These letters leave a file: should they be refused again from here on, they are new.
    pub(super) fn leave(&mut self, number: u64, letters: &[DeadLetter]) {
        for letter in letters {
            let digest = letter.digest();
            if self.owners.get(&digest) == Some(&number) {
                self.owners.remove(&digest);
            }
        }
    }

    /// They did not leave.
    pub(super) fn come_back(&mut self, number: u64, letters: &[DeadLetter]) {
        for letter in letters {
            self.owners.entry(letter.digest()).or_insert(number);
        }
    }

    /// Whether a letter is kept already.
    pub(super) fn knows(&self, letter: &DeadLetter) -> bool {
        self.owners.contains_key(&letter.digest())
    }

    /// Whether this file is the one that counts for a letter.
    pub(super) fn is_owner(&self, number: u64, letter: &DeadLetter) -> bool {
        self.owners.get(&letter.digest()) == Some(&number)
    }

    /// When the oldest letter was received.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.files.values().filter_map(|file| file.oldest).min()
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

    pub(super) fn snapshot(&self, max_bytes: u64) -> DeadLetterSnapshot {
        DeadLetterSnapshot {
            records: self.owners.len() as u64,
            bytes: self.bytes,
            max_bytes,
            damaged_files: self.damaged,
        }
    }
}
