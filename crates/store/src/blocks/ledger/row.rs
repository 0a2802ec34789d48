//! What is remembered of a batch, and what of it is new when it comes.
//!
//! The contract with whoever keeps the rows:
//!
//! - In the transaction that writes a portion's blocks, the rows of its batches are **read**, [`plan`] is
//!   asked with what was read there, only what it calls new is stored, and its row is written. What was
//!   built from rows that were read before is thrown away when a row is not the same any more.
//! - The row is written **also when nothing was new**: its `seq` says up to where a copy of the batch may be
//!   in the spool.
//! - Positions that the store refuses are not given to [`plan`], and so are not in [`BatchRow::have`].
//! - What is refused is set aside only when a row with its [`BatchRow::mark`] is committed, and the batch is
//!   done only when it is set aside.

use super::have::Have;
use super::old_batches::OldBatch;
use logs::Timestamp;
use record::batch::BatchOrigin;

/// By which a batch is known, of [`BatchOrigin::ledger_key`]: sixteen bytes of BLAKE3 over its id and the digest
/// of its key, or, where it has none, over its id and the nanosecond of its receipt.
pub type LedgerKey = [u8; 16];

/// How long a batch is remembered goes by this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchKind {
    /// No client can send it again.
    Keyless,
    /// Its key was made of what was sent.
    ContentKey,
    /// Its key is the client's.
    OwnKey,
}

impl From<&BatchOrigin> for BatchKind {
    fn from(origin: &BatchOrigin) -> Self {
        match (&origin.key, origin.content_key) {
            (None, _) => Self::Keyless,
            (Some(_), true) => Self::ContentKey,
            (Some(_), false) => Self::OwnKey,
        }
    }
}

/// What is remembered of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchRow {
    /// The delay in the order of its records, as it was first stored: those that come later get it, too.
    /// `None` as long as every copy had none.
    pub delay: Option<u32>,
    /// When its first copy was received: the time of its records that came without one.
    pub received_at: Timestamp,
    /// The positions that are stored, or were, if they have been deleted since.
    pub have: Have,
    /// Whether a delivery set something of it aside, or is about to.
    pub mark: bool,
    /// What its key is made of.
    pub kind: BatchKind,
    /// The spool of the newest copy: its small number.
    pub spool: u32,
    /// The greatest sequence number in that spool of a copy that was delivered.
    pub seq: u64,
    /// Whether a copy came from another spool before.
    pub elsewhere: bool,
    /// When this was written last.
    pub written_at: Timestamp,
}

const KIND_BITS: u8 = 0b11;
const MARK: u8 = 1 << 2;
const ELSEWHERE: u8 = 1 << 3;

impl BatchRow {
    /// Kind, mark and [`BatchRow::elsewhere`] in one number, for a column.
    pub fn flags(&self) -> u8 {
        let kind = match self.kind {
            BatchKind::Keyless => 0,
            BatchKind::ContentKey => 1,
            BatchKind::OwnKey => 2,
        };
        kind | if self.mark { MARK } else { 0 } | if self.elsewhere { ELSEWHERE } else { 0 }
    }

    /// Kind, mark and [`BatchRow::elsewhere`] of such a number; `None` when it is none.
    pub fn of_flags(flags: u8) -> Option<(BatchKind, bool, bool)> {
        let kind = match flags & KIND_BITS {
            0 => BatchKind::Keyless,
            1 => BatchKind::ContentKey,
            2 => BatchKind::OwnKey,
            _ => return None,
        };
        let known = KIND_BITS | MARK | ELSEWHERE;
        let (mark, elsewhere) = (flags & MARK != 0, flags & ELSEWHERE != 0);
        (flags & !known == 0).then_some((kind, mark, elsewhere))
    }
}

/// A batch, or a part of one, that is about to be stored.
#[derive(Debug, Clone, Copy)]
pub struct Incoming<'a> {
    /// What its records have in common, as the spool had it.
    pub origin: &'a BatchOrigin,
    /// The delay in the order of its records; `None` when they have none.
    pub delay: Option<u32>,
    /// The positions of those that the store takes, in any order; one that is there twice is stored once.
    pub positions: &'a [u32],
    /// What is known of it from [before](super::old_batches), which the row need not tell.
    pub old: Option<&'a OldBatch>,
    /// Whether the store refuses others of it.
    pub refused: bool,
    /// The small number of its spool.
    pub spool: u32,
    /// Its sequence number there.
    pub seq: u64,
}

/// What is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// For each of its positions, whether that record is to be stored. The others are stored already.
    pub is_new: Vec<bool>,
    /// The positions that are.
    pub added: Have,
    /// What is remembered from now on. Its `delay` and `received_at` are those that all records get which
    /// are stored now.
    pub row: BatchRow,
}

/// Which records of a batch are new, and the row behind it. `row` is what was remembered before.
pub fn plan(row: Option<&BatchRow>, incoming: &Incoming<'_>, now: Timestamp) -> Plan {
    let mut after = touched(row, incoming, now);
    // One after another into a long list of runs would move it each time.
    let mut added = Have::new();
    let is_new = incoming.positions.iter().map(|position| {
        let is_new = !after.have.contains(*position);
        is_new && added.insert(*position)
    });
    let is_new = is_new.collect();
    after.have.union(&added);
    Plan {
        is_new,
        added,
        row: after,
    }
}

/// The row of a batch of which nothing is stored now and something is about to be set aside: it is to be
/// durable before that is.
pub fn marked(row: Option<&BatchRow>, incoming: &Incoming<'_>, now: Timestamp) -> BatchRow {
    let mut after = touched(row, incoming, now);
    after.mark = true;
    after
}

/// What is remembered because a copy came, but for its positions.
fn touched(row: Option<&BatchRow>, incoming: &Incoming<'_>, now: Timestamp) -> BatchRow {
    let before = incoming.old.and_then(|old| old.received_at);
    let mut after = row.cloned().unwrap_or_else(|| BatchRow {
        delay: None,
        received_at: before.unwrap_or(incoming.origin.received_at),
        have: Have::new(),
        mark: false,
        kind: incoming.origin.into(),
        spool: incoming.spool,
        seq: incoming.seq,
        elsewhere: false,
        written_at: now,
    });
    after.delay = after.delay.or(incoming.delay);
    if let Some(old) = incoming.old {
        // From now on the row knows it, too.
        after.have.union(&old.have);
    }
    if incoming.origin.key.is_some_and(|key| key.is_of_places()) {
        // Its records come in many requests, each with a time of its own.
        after.received_at = incoming.origin.received_at;
    }
    after.mark |= incoming.refused;
    if after.spool == incoming.spool {
        after.seq = after.seq.max(incoming.seq);
    } else {
        // Also where none was delivered from there: one of which the receipt was asked for is there.
        (after.spool, after.seq) = (incoming.spool, incoming.seq);
        after.elsewhere = true;
    }
    // A clock that was put back makes nothing older than it is.
    after.written_at = after.written_at.max(now);
    after
}

#[cfg(test)]
mod tests;
