//! What differs where a folder has rows yet, and what blocks ask of before.

use super::super::old_batches::{OldBatch, asks};
use super::super::row::LedgerKey;
use super::super::spools::{KnownSpool, at_hand};
use super::Fault;
use super::letters::Letter;
use super::rows::{Rows, State};
use super::spool::Copy;
use super::world::World;
use logs::Timestamp;
use record::batch::BatchOrigin;
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// A folder that a service began with rows.
    pub(super) fn with_rows(seed: u64, fault: Fault) -> Self {
        let mut world = Self::new(seed, fault);
        world.rows_of_before = Some(Rows {
            state: State::Rows,
            ids: BTreeSet::new(),
            receipts: BTreeMap::new(),
            received: BTreeMap::new(),
            moved: BTreeMap::new(),
            up_to: None,
            earlier: world.random.once_in(2),
        });
        world
    }

    /// An operator puts the clock back while there are rows, once.
    pub(super) fn put_clock_back(&mut self) {
        if self.has_rows() && !self.is_put_back && self.random.once_in(8) {
            self.is_put_back = true;
            self.met.moving.put_back += 1;
            self.pass(-20);
        }
    }

    /// Whether a service would keep rows now.
    pub(super) fn has_rows(&self) -> bool {
        let rows = self.rows_of_before.as_ref();
        rows.is_some_and(|rows| rows.state != State::Blocks && !self.serves_half())
    }

    /// Whether, by a fault, blocks are served while rows are being moved.
    pub(super) fn serves_half(&self) -> bool {
        let rows = self.rows_of_before.as_ref();
        self.fault == Fault::ServedWhileMoving
            && rows.is_some_and(|rows| rows.state == State::Moving)
    }

    /// The spool that is at hand, which blocks take note of.
    pub(super) fn meet_spool(&mut self) -> KnownSpool {
        let id = self.folder.id;
        if self.has_rows() {
            return KnownSpool {
                id,
                number: 0,
                forgotten_below: 0,
                left_at: None,
            };
        }
        let place = at_hand(&mut self.spools, id, self.now);
        self.spools[place]
    }

    /// By which the ledger knows a batch.
    pub(super) fn key_of(&self, origin: &BatchOrigin) -> LedgerKey {
        let key = origin.ledger_key();
        if self.fault == Fault::ShortKeys {
            // Of 16 batches two are likely to share one.
            let mut short = [0; 16];
            short[0] = key[0] & 0x7f;
            return short;
        }
        key
    }

    /// What a copy says of its batch.
    pub(super) fn origin_of(&self, copy: &Copy) -> BatchOrigin {
        let origin = self.batches[copy.batch].origin;
        match copy.alone {
            Some(_) => self.origin_alone(copy.batch),
            None => BatchOrigin {
                received_at: copy.received_at,
                ..origin
            },
        }
    }

    fn origin_alone(&self, batch: usize) -> BatchOrigin {
        const MILLI: i64 = 1_000_000;
        let origin = self.batches[batch].origin;
        let millis = origin.received_at.nanos().div_euclid(MILLI);
        BatchOrigin {
            key: None,
            content_key: false,
            received_at: Timestamp::from_nanos(millis * MILLI),
            ..origin
        }
    }

    pub(super) fn letter_key(&self, letter: &Letter) -> LedgerKey {
        match letter.alone {
            Some(_) => self.key_of(&self.origin_alone(letter.batch)),
            None => self.batches[letter.batch].key,
        }
    }

    /// What is known of a batch from before, for whoever asks.
    pub(super) fn old(&self, batch: usize, origin: &BatchOrigin) -> Option<OldBatch> {
        let before = self.old.before?;
        let is_asked = match self.fault {
            Fault::OldNotAsked => false,
            Fault::OldAskedForKeysAlone => origin.key.is_some(),
            _ => asks(origin, before),
        };
        let old = self.old.batches.get(&batch);
        old.filter(|_| is_asked).cloned()
    }

    /// Whether any record of a copy comes without a date.
    pub(super) fn is_undated(&self, copy: &Copy) -> bool {
        let records = &self.batches[copy.batch].records;
        let mut positions = copy.positions.iter();
        positions.any(|position| records[*position as usize].is_undated)
    }

    /// The date of a record, where those that come without one get this; the earliest of all where it has its own.
    pub(super) fn date_of(&self, batch: usize, position: u32, date: Timestamp) -> Timestamp {
        match self.batches[batch].records[position as usize].is_undated {
            true => date,
            false => Timestamp::MIN,
        }
    }

    /// The date of what comes without one in a copy that rows keep; the earliest of all where it has dates of its own.
    pub(super) fn date_in_rows(&mut self, copy: &Copy) -> Timestamp {
        let batch = &self.batches[copy.batch];
        match (self.is_undated(copy), copy.alone, batch.origin.key) {
            (false, ..) => Timestamp::MIN,
            (true, Some(date), _) => date,
            (true, None, None) => copy.received_at,
            (true, None, Some(_)) => {
                let rows = self.rows_of_before.as_mut().unwrap();
                *rows.receipts.entry(copy.batch).or_insert(copy.received_at)
            }
        }
    }

    /// A row is inserted, unless it is there.
    pub(super) fn insert_row(&mut self, copy: &Copy, position: u32, date: Timestamp) {
        let batch = copy.batch;
        let date = self.date_of(batch, position, date);
        let rows = self.rows_of_before.as_mut().unwrap();
        let id = (date, batch, position);
        rows.received.entry(id).or_insert(copy.received_at);
        match rows.ids.insert(id) {
            true => self.store(batch, position, date),
            false => self.met.already_stored += 1,
        }
    }

    /// Whether what a batch of an undated record was dated with is what it was dated with before.
    pub(super) fn check_date(&mut self, batch: usize, position: u32, date: Timestamp) {
        let rows = self.rows_of_before.as_ref();
        let first = rows.and_then(|rows| rows.receipts.get(&batch));
        let is_undated = self.batches[batch].records[position as usize].is_undated;
        if let Some(first) = first.filter(|first| is_undated && **first != date)
            && self.violation.is_none()
        {
            let first = first.nanos();
            self.violation = Some(format!(
                "batch {batch} of {first} is dated anew: {}",
                date.nanos()
            ));
        }
    }

    /// Whether a version works that keeps letters by themselves: the date of such a one.
    pub(super) fn alone(&self, date: Timestamp) -> Option<Timestamp> {
        let rows = self.rows_of_before.as_ref()?;
        (rows.earlier && rows.state == State::Rows).then_some(date)
    }
}
