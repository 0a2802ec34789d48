//! All that lasts, and what clients do.

use super::super::have::Have;
use super::super::old_batches::asks;
use super::super::remembering::{BatchMemory, CONTENT_KEY_MEMORY};
use super::super::row::{BatchKind, BatchRow, LedgerKey};
use super::super::spools::KnownSpool;
use super::backup::{Away, Backup};
use super::habits::Habits;
use super::letters::{Letter, Letters};
use super::random::Random;
use super::rows::{Old, Rows};
use super::spool::{Copy, Folder};
use super::{Fault, Met};
use logs::Timestamp;
use record::batch::BatchOrigin;
use record::id::{BatchId, KeyDigest};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const HOUR: i64 = 3_600_000_000_000;

/// A batch, and what became of it.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) origin: BatchOrigin,
    pub(super) key: LedgerKey,
    pub(super) records: Vec<Record>,
    /// When its row was.
    pub(super) written_at: Timestamp,
    /// A client was told that it is safe.
    pub(super) is_acknowledged: bool,
    /// An operator has taken a copy of it away that was not delivered.
    pub(super) is_taken_away: bool,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Record {
    pub(super) is_too_large: bool,
    /// It comes without a time of its own.
    pub(super) is_undated: bool,
    /// The store refuses it, at present.
    pub(super) is_refused: bool,
    pub(super) stored: u32,
    /// So often more it may be stored by what the contract gives up.
    pub(super) given_up: u32,
}

/// All that lasts.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that may be so"
)]
pub(super) struct World {
    pub(super) fault: Fault,
    pub(super) habits: Habits,
    pub(super) random: Random,
    pub(super) met: Met,
    pub(super) now: Timestamp,
    pub(super) memory: BatchMemory,
    pub(super) batches: Vec<Batch>,
    pub(super) rows: BTreeMap<LedgerKey, BatchRow>,
    pub(super) spools: Vec<KnownSpool>,
    pub(super) folder: Folder,
    pub(super) letters: Letters,
    pub(super) has_room_for_letters: bool,
    pub(super) away: Vec<Away>,
    pub(super) spools_made: u8,
    pub(super) backups: Vec<Backup>,
    /// A backup is being made, while all goes on.
    pub(super) is_backed_up: bool,
    /// The folder that it was begun with, if that had rows.
    pub(super) rows_of_before: Option<Rows>,
    pub(super) old: Old,
    /// The clock was.
    pub(super) is_put_back: bool,
    /// Something was written that is one of two.
    pub(super) is_midway: bool,
    pub(super) violation: Option<String>,
}

impl World {
    pub(super) fn new(seed: u64, fault: Fault) -> Self {
        let mut random = Random::new(seed);
        let hours = random.of(&[None, Some(1), Some(48), Some(60 * 24)]);
        let own_keys = hours.map(|hours| Duration::from_secs(3600 * hours));
        let habits = Habits::of(&mut random);
        Self {
            fault,
            habits,
            random,
            met: Met::default(),
            now: Timestamp::from_nanos(1_000_000 * HOUR),
            memory: BatchMemory {
                own_keys,
                under_way: Duration::ZERO,
            },
            batches: Vec::new(),
            rows: BTreeMap::new(),
            spools: Vec::new(),
            folder: Folder::new(1),
            spools_made: 1,
            letters: Letters::default(),
            has_room_for_letters: true,
            away: Vec::new(),
            backups: Vec::new(),
            is_backed_up: false,
            rows_of_before: None,
            old: Old::default(),
            is_put_back: false,
            is_midway: false,
            violation: None,
        }
    }

    /// Whether the process crashes now.
    pub(super) fn crashes(&mut self) -> bool {
        let is_midway = std::mem::take(&mut self.is_midway);
        let midway = is_midway && self.random.once_in(self.habits.midway);
        midway || self.random.once_in(self.habits.crash)
    }

    pub(super) fn pass(&mut self, hours: i64) {
        self.now = Timestamp::from_nanos(self.now.nanos() + hours * HOUR + 1);
    }

    /// A client sends a batch, or one with a key again; `leaving` is a file of letters that is about to be
    /// forgotten.
    pub(super) fn send(&mut self, leaving: Option<u64>) {
        let keyed = |batch: &Batch| batch.origin.key.is_some();
        let old = self.batches.len();
        let again = (old > 0).then(|| self.random.below(old));
        let again = again.filter(|batch| keyed(&self.batches[*batch]));
        let batch = match again {
            Some(batch) if old >= self.habits.most_batches || self.random.once_in(2) => {
                self.met.retries += 1;
                batch
            }
            _ if old >= self.habits.most_batches => return,
            _ => self.new_batch(),
        };
        if self.may_be_forgotten(batch) {
            self.met.forgotten_retries += 1;
            for record in &mut self.batches[batch].records {
                record.given_up += 1;
            }
        }
        let records = self.batches[batch].records.iter().zip(0..);
        let (apart, taken): (Vec<_>, Vec<_>) = records.partition(|(record, _)| record.is_too_large);
        let apart = apart.iter().map(|(_, position)| Letter {
            batch,
            position: *position,
            at_the_door: true,
            alone: None,
        });
        let positions = taken.iter().map(|(_, position)| *position).collect();
        self.letters.add(apart.collect(), leaving);
        if self.random.once_in(20) {
            // It ends here.
            return;
        }
        let origin = self.batches[batch].origin;
        let received_at = match origin.key {
            Some(_) => self.now,
            None => origin.received_at,
        };
        self.folder.append(Copy {
            batch,
            positions,
            received_at,
            alone: None,
        });
        if !self.random.once_in(10) {
            self.batches[batch].is_acknowledged = true;
        }
    }

    fn new_batch(&mut self) -> usize {
        let number = self.batches.len() as u64;
        let kind = self.random.of(&self.habits.kinds);
        let key = KeyDigest::of(&number.to_string());
        let origin = BatchOrigin {
            id: BatchId::from_bytes(number.to_be_bytes()),
            key: (kind != BatchKind::Keyless).then_some(key),
            content_key: kind == BatchKind::ContentKey,
            received_at: self.now,
        };
        let key = self.key_of(&origin);
        // Nothing of it, some, or all.
        let undated = match self.rows_of_before {
            Some(_) => self.random.of(&[None, Some(2), Some(1)]),
            None => None,
        };
        let records = (0..=self.random.below(3)).map(|_| Record {
            is_undated: undated.is_some_and(|once| self.random.once_in(once)),
            is_too_large: self.random.once_in(self.habits.too_large),
            is_refused: self.random.once_in(self.habits.refused),
            ..Record::default()
        });
        let records = records.collect();
        self.batches.push(Batch {
            origin,
            key,
            records,
            written_at: Timestamp::MIN,
            is_acknowledged: false,
            is_taken_away: false,
        });
        self.batches.len() - 1
    }

    /// Whether a client that sends this batch now does so after its key may be forgotten.
    fn may_be_forgotten(&self, batch: usize) -> bool {
        let is_old = self.old.batches.contains_key(&batch);
        let batch = &self.batches[batch];
        let now = BatchOrigin {
            received_at: self.now,
            ..batch.origin
        };
        let is_asked = self.old.before.is_some_and(|before| asks(&now, before));
        if self.has_rows() || (is_old && is_asked) {
            return false;
        }
        let memory = match batch.origin.content_key {
            true => Some(CONTENT_KEY_MEMORY),
            false => self.memory.own_keys,
        };
        let is_stored = batch.records.iter().any(|record| record.stored > 0);
        match (self.rows.get(&batch.key), memory) {
            (None, _) => is_stored,
            (Some(_), None) => false,
            (Some(row), Some(memory)) => {
                let memory = i64::try_from(memory.as_nanos()).unwrap();
                row.written_at.nanos() + memory <= self.now.nanos()
            }
        }
    }

    /// What the store's transaction writes: a record of a block.
    pub(super) fn store(&mut self, batch: usize, position: u32, date: Timestamp) {
        self.check_date(batch, position, date);
        let record = &mut self.batches[batch].records[position as usize];
        record.stored += 1;
        if record.stored > 1 + record.given_up && self.violation.is_none() {
            self.violation = Some(format!("record {position} of batch {batch} is doubled"));
        }
    }

    /// A row as it is read: through its bytes.
    pub(super) fn row(&self, origin: &BatchOrigin) -> Option<BatchRow> {
        let row = self.rows.get(&self.key_of(origin))?;
        let (kind, mark, elsewhere) = BatchRow::of_flags(row.flags()).unwrap();
        let have = Have::decode(&row.have.encode()).unwrap();
        Some(BatchRow {
            have,
            mark,
            kind,
            elsewhere,
            ..*row
        })
    }

    pub(super) fn write_row(&mut self, batch: usize, origin: &BatchOrigin, row: BatchRow) {
        self.batches[batch].written_at = self.now;
        self.rows.insert(self.key_of(origin), row);
    }

    /// The store is mended.
    pub(super) fn refuse_nothing(&mut self) {
        let records = self.batches.iter_mut().flat_map(|batch| &mut batch.records);
        records.for_each(|record| record.is_refused = false);
    }

    /// The store begins to refuse a record, or ceases to.
    pub(super) fn change_a_record(&mut self) {
        if self.batches.is_empty() {
            return;
        }
        let batch = self.random.below(self.batches.len());
        let records = self.batches[batch].records.len();
        let position = self.random.below(records);
        let is_refused = self.random.once_in(1 + self.habits.refused);
        self.batches[batch].records[position].is_refused = is_refused;
    }
}
