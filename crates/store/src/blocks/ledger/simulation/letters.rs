//! Dead letters: files of records that were set aside, and what a process knows of them.

use logs::Timestamp;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) batch: usize,
    pub(super) position: u32,
    /// Set aside when the batch was taken.
    pub(super) at_the_door: bool,
    /// Kept by a version that kept nothing with it of its batch: its date then.
    pub(super) alone: Option<Timestamp>,
}

impl Letter {
    fn digest(&self) -> (usize, u32, bool) {
        (self.batch, self.position, self.alone.is_some())
    }
}

/// What is on the disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Letters {
    files: BTreeMap<u64, Vec<Letter>>,
}

impl Letters {
    /// Keeps those in a file of their own that are in no other one, but for one that is about to be forgotten.
    pub(super) fn add(&mut self, letters: Vec<Letter>, leaving: Option<u64>) {
        let others = |number: &u64| Some(*number) != leaving;
        let is_kept = |letter: &Letter| {
            let files = self.files.iter().filter(|(number, _)| others(number));
            let mut kept = files.flat_map(|(_, letters)| letters);
            kept.any(|kept| kept.digest() == letter.digest())
        };
        let new: Vec<Letter> = letters
            .into_iter()
            .filter(|letter| !is_kept(letter))
            .collect();
        if !new.is_empty() {
            let number = self.files.last_key_value().map_or(1, |(last, _)| last + 1);
            self.files.insert(number, new);
        }
    }

    pub(super) fn first_file(&self) -> Option<(u64, Vec<Letter>)> {
        let (number, letters) = self.files.first_key_value()?;
        Some((*number, letters.clone()))
    }

    pub(super) fn forget(&mut self, number: u64) {
        self.files.remove(&number);
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Letter> {
        self.files.values().flatten()
    }
}
