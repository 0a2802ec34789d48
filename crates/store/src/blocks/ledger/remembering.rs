//! Which rows of the ledger may go, and when.
//!
//! A row must be there as long as a copy of its batch may be delivered yet. Where copies can be: in the
//! spool, delivered or not; in a spool that is away; among the dead letters, from which they are put back;
//! with a client that retries under its key. So rows go in **rounds**:
//!
//! 1. It begins: noted are, *in this order*, below which number the spool is done, the time, which batches
//!    have dead letters, and behind which number new batches will come.
//! 2. It waits until all segments are gone that were there.
//! 3. Rows are removed that were due when it began, in transactions each of which reads them again and also
//!    notes the first number of the spool's oldest segment.
//!
//! Due is a row whose memory is over, of a batch without dead letters, that no delivery has written since
//! (such a one gives it a number that was not done then). A copy that is not delivered when its row goes was
//! appended after the round began: by a client whose key was to be forgotten by then, or from nowhere.
//! That the segments of the row's own copy are gone would not do: a retry of it, or a second copy of a
//! record that was put back, may wait behind an outage for longer than the row is remembered.

use super::row::{BatchKind, BatchRow, LedgerKey};
use logs::Timestamp;
use std::collections::HashSet;
use std::time::Duration;

/// For how long a key is remembered that was made of what was sent.
pub const CONTENT_KEY_MEMORY: Duration = Duration::from_secs(24 * 3600);
/// For how long, at least, a spool or a folder of dead letters may be away and come back.
pub const AWAY_MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// For how long batches are remembered, from when their rows were last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMemory {
    /// Under clients' own keys; `None` for ever.
    pub own_keys: Option<Duration>,
    /// So long before it comes into the spool a request may have been received: what is received while its key is
    /// remembered is a copy, however late it comes.
    pub under_way: Duration,
}

impl BatchMemory {
    fn of_kind(self, kind: BatchKind) -> Option<Duration> {
        match kind {
            BatchKind::Keyless => Some(Duration::ZERO),
            BatchKind::ContentKey => Some(CONTENT_KEY_MEMORY + self.under_way),
            BatchKind::OwnKey => self
                .own_keys
                .map(|memory| memory.saturating_add(self.under_way)),
        }
    }

    /// Of which a copy may be where nobody can look.
    fn of_away(self) -> Option<Duration> {
        self.own_keys.map(|memory| memory.max(AWAY_MEMORY))
    }
}

/// The beginning of a round, of which the dead letters are to be asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Beginning {
    /// The small number of the spool that is at hand.
    pub spool: u32,
    /// Every batch below is done in it.
    pub done_below: u64,
    /// The time, read after that number.
    pub now: Timestamp,
    /// When [another spool](super::spools::last_left_at) was at hand last.
    pub last_left_at: Option<Timestamp>,
    /// For how long batches are remembered.
    pub memory: BatchMemory,
}

/// The beginning of a round, of which the spool is to be asked where it ends.
#[derive(Debug)]
#[must_use]
pub struct Lettered {
    beginning: Beginning,
    kept: HashSet<LedgerKey>,
}

/// A round that waits for segments to go.
#[derive(Debug)]
pub struct Round {
    lettered: Lettered,
    end: u64,
}

/// A round in which rows are removed.
#[derive(Debug)]
pub struct Removal {
    lettered: Lettered,
    oldest: u64,
}

impl Beginning {
    /// These batches have dead letters: all of them, so these have to have been read.
    pub fn letters(self, kept: HashSet<LedgerKey>) -> Lettered {
        Lettered {
            beginning: self,
            kept,
        }
    }
}

impl Lettered {
    /// Batches that come from now on get this number, or greater ones.
    pub fn up_to(self, next_seq: u64) -> Round {
        Round {
            lettered: self,
            end: next_seq,
        }
    }
}

impl Round {
    /// Goes on when everything is gone that the spool held when it began. `oldest` is the first number of its
    /// oldest segment.
    ///
    /// # Errors
    /// The round, which has to wait.
    #[expect(clippy::result_large_err, reason = "a round comes back twice a second")]
    pub fn go_on(self, oldest: u64) -> Result<Removal, Self> {
        match oldest >= self.end {
            true => Ok(Removal {
                lettered: self.lettered,
                oldest,
            }),
            false => Err(self),
        }
    }
}

impl Removal {
    /// The small number of the spool that it is about.
    pub fn spool(&self) -> u32 {
        self.lettered.beginning.spool
    }

    /// What the transaction writes for the spool, unless a greater number stands there.
    pub fn forgotten_below(&self) -> u64 {
        self.oldest
    }

    /// Whether a row may go, as it is read in the transaction that removes it. `has_letters`: whether its batch
    /// has dead letters now.
    pub fn forgets(&self, key: &LedgerKey, row: &BatchRow, has_letters: bool) -> bool {
        let begun = &self.lettered.beginning;
        let is_here = row.spool == begun.spool;
        if has_letters || self.lettered.kept.contains(key) {
            return false;
        }
        if is_here && row.seq >= begun.done_below {
            return false;
        }
        let (mut since, mut memory) = (row.written_at, begun.memory.of_kind(row.kind));
        if row.mark || row.elsewhere || !is_here {
            memory = begun.memory.of_away();
            since = begun.last_left_at.map_or(since, |at| at.max(since));
        }
        memory.is_some_and(|memory| is_over(since, memory, begun.now))
    }
}

/// Whether so much time has gone by since then.
fn is_over(since: Timestamp, memory: Duration, now: Timestamp) -> bool {
    let memory = i64::try_from(memory.as_nanos()).unwrap_or(i64::MAX);
    since.nanos().saturating_add(memory) <= now.nanos()
}

#[cfg(test)]
mod tests;
