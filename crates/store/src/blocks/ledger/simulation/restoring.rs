//! What an operator does while no process runs: copies of folders are made and put back, and spools change
//! places.

use super::backup::{Away, Backup};
use super::letters::Letters;
use super::spool::Folder;
use super::world::{HOUR, World};
use std::collections::BTreeSet;

/// For so long a folder may be away and come back.
const AWAY_HOURS: i64 = 30 * 24;
const MOST_BACKUPS: usize = 2;
const MOST_SPOOLS: usize = 3;

impl World {
    pub(super) fn while_down(&mut self) {
        if !self.random.once_in(self.habits.idle_operator) {
            return;
        }
        if self.random.once_in(3) {
            self.refuse_nothing();
        }
        match self.random.below(6) {
            0..2 => self.back_up(),
            2..4 => self.restore(),
            4 => self.change_spools(),
            _ => {}
        }
    }

    fn back_up(&mut self) {
        if self.backups.len() == MOST_BACKUPS {
            self.backups.remove(0);
        }
        self.backups.push(Backup {
            at: self.now,
            folder: self.folder.clone(),
            letters: self.letters.clone(),
        });
    }

    /// Puts a copy of the spool in its place, or of that and the letters. Copies that were made since are of
    /// another past than what comes now: they are thrown away.
    fn restore(&mut self) {
        if self.backups.is_empty() {
            return;
        }
        let which = self.random.below(self.backups.len());
        let backup = &self.backups[which];
        if backup.folder.id != self.folder.id {
            return;
        }
        let (folder, letters) = (backup.folder.clone(), backup.letters.clone());
        let is_fresh = self.now.nanos() - backup.at.nanos() < AWAY_HOURS * HOUR;
        self.backups.truncate(which + 1);
        self.met.restored += 1;
        let mut gone: BTreeSet<usize> = self.folder.copies().map(|copy| copy.batch).collect();
        self.folder = folder;
        if is_fresh && !self.random.once_in(3) {
            gone.extend(self.letters.all().map(|letter| letter.batch));
            self.restore_letters(letters);
        }
        self.take_away(gone);
    }

    /// That they come back is given up for those of the door, which have no mark, and where the row was
    /// written last too long ago.
    fn restore_letters(&mut self, letters: Letters) {
        for letter in letters.all() {
            let batch = &mut self.batches[letter.batch];
            let age = self.now.nanos().saturating_sub(batch.written_at.nanos());
            // One that says nothing of its batch, and was away when the rows were moved.
            let is_strange =
                letter.alone.is_some() && !self.old.batches.contains_key(&letter.batch);
            if letter.at_the_door || age >= AWAY_HOURS * HOUR || is_strange {
                batch.records[letter.position as usize].given_up += 1;
            }
        }
        self.letters = letters;
    }

    /// Copies of these batches that were not delivered may be gone.
    fn take_away(&mut self, batches: BTreeSet<usize>) {
        for batch in batches {
            let batch = &mut self.batches[batch];
            batch.is_taken_away |= batch.records.iter().any(|record| record.stored == 0);
        }
    }

    fn change_spools(&mut self) {
        let count = self.away.len();
        let next = match self.random.below(MOST_SPOOLS) {
            which if which < count => self.away.remove(which),
            _ if count + 1 < MOST_SPOOLS => {
                self.spools_made += 1;
                Away {
                    since: self.now,
                    folder: Folder::new(self.spools_made),
                    unknown: BTreeSet::new(),
                }
            }
            _ => return,
        };
        self.bring(next);
    }

    /// Takes a spool in place of the one that is at hand, unless it was away for too long.
    fn bring(&mut self, next: Away) {
        if self.now.nanos() - next.since.nanos() >= AWAY_HOURS * HOUR {
            let gone = next.folder.copies().map(|copy| copy.batch).collect();
            self.take_away(gone);
            return;
        }
        self.met.changed += 1;
        for batch in next.unknown {
            let records = &mut self.batches[batch].records;
            if records.iter().any(|record| record.stored > 0) {
                self.met.unknown += 1;
                for record in records {
                    record.given_up += 1;
                }
            }
        }
        let unknown = self.unknown();
        let folder = std::mem::replace(&mut self.folder, next.folder);
        self.away.push(Away {
            since: self.now,
            folder,
            unknown,
        });
    }

    fn unknown(&self) -> BTreeSet<usize> {
        if self.has_rows() {
            // Rows know each record.
            return BTreeSet::new();
        }
        let here = self.spools.iter().find(|spool| spool.id == self.folder.id);
        let here = here.map(|spool| spool.number);
        let copies = self.folder.copies().map(|copy| copy.batch);
        let unknown = copies.filter(|batch| {
            if self.old.batches.contains_key(batch) {
                return false;
            }
            let row = self.rows.get(&self.batches[*batch].key);
            !row.is_some_and(|row| row.mark || row.elsewhere || Some(row.spool) == here)
        });
        unknown.collect()
    }

    /// Takes another spool that is away, if there is one.
    pub(super) fn bring_next(&mut self) -> bool {
        let next = self.away.pop();
        let is_there = next.is_some();
        if let Some(next) = next {
            let (others, before) = (std::mem::take(&mut self.away), self.folder.id);
            self.bring(next);
            // What is delivered whole stays away.
            self.away = others;
            self.met.drained += u64::from(before != self.folder.id);
        }
        is_there
    }
}
