//! Who counts the spool's records: somebody above it.

/// Counts what becomes of the spool's records. Some of it is told under the spool's own lock: it must
/// neither block nor call the spool.
pub trait Accounts: Send + Sync + 'static {
    /// Records were found at the start; they wait.
    fn recovered(&self, records: u64);
    /// Records were made durable; they wait.
    fn spooled(&self, records: u64);
    /// Records could not be taken; their sender is told to come again.
    fn not_taken(&self, records: u64);
    /// The records of a batch wait no more.
    fn done(&self, outcome: &BatchOutcome);
    /// Records that wait.
    fn waiting(&self) -> u64;
}

/// What became of a batch's records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BatchOutcome {
    /// Records that are new in the store.
    pub stored: u64,
    /// Records that the store had already.
    pub already_stored: u64,
    /// Records that the store refused for good; they are set aside.
    pub refused: u64,
    /// Records that wait on, in a later copy of their batch.
    pub deferred: u64,
}

impl BatchOutcome {
    /// What became of a batch of which this was known, and now the rest: nothing waits on.
    #[must_use]
    pub fn and(self, rest: Self) -> Self {
        Self {
            stored: self.stored + rest.stored,
            already_stored: self.already_stored + rest.already_stored,
            refused: self.refused + rest.refused,
            deferred: rest.deferred,
        }
    }

    /// Records whose fate is known.
    pub fn records(&self) -> u64 {
        self.stored + self.already_stored + self.refused
    }
}
