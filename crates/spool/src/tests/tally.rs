//! What the histories came to.

/// How often what happened, over all histories.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) lives: u64,
    pub(super) failed_opens: u64,
    pub(super) torn: u64,
    pub(super) recovered: u64,
    pub(super) acknowledged: u64,
    pub(super) refused: u64,
    pub(super) full: u64,
    pub(super) unknown: u64,
    pub(super) poisoned: u64,
    pub(super) stopped: u64,
    pub(super) rotated: u64,
    pub(super) removed: u64,
    pub(super) handed_out: u64,
    pub(super) clean_stops: u64,
    pub(super) clean_opens: u64,
    /// Starts after which something had to be written before anything was appended.
    pub(super) owing: u64,
    /// Looks that found what an earlier version took, and lives in which that came to an end.
    pub(super) held_earlier: u64,
    pub(super) ended_earlier: u64,
}

impl Tally {
    fn fields(&mut self) -> [&mut u64; 18] {
        [
            &mut self.lives,
            &mut self.failed_opens,
            &mut self.torn,
            &mut self.recovered,
            &mut self.acknowledged,
            &mut self.refused,
            &mut self.full,
            &mut self.unknown,
            &mut self.poisoned,
            &mut self.stopped,
            &mut self.rotated,
            &mut self.removed,
            &mut self.handed_out,
            &mut self.clean_stops,
            &mut self.clean_opens,
            &mut self.owing,
            &mut self.held_earlier,
            &mut self.ended_earlier,
        ]
    }

    pub(super) fn add(&mut self, mut other: Self) {
        for (sum, count) in self.fields().into_iter().zip(other.fields()) {
            *sum += *count;
        }
    }

    /// Histories in which nothing goes wrong would show nothing.
    pub(super) fn assert_everything_happened(&mut self) {
        let told = format!("{self:?}");
        assert!(
            self.fields().into_iter().all(|count| *count > 100),
            "{told}"
        );
    }
}
