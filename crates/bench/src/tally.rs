//! The accounts of a run: is every acknowledged record in the store, and exactly once?
//!
//! The producer gives every record of a run a time of its own, a fixed step after the one before. So
//! the time in a record's id tells which record it is, and a bit for each is enough to see a record
//! that is missing and one that is there twice.

/// Time of the first record of every run, in nanoseconds since 1970: 2026-01-01T00:00:00Z.
pub(crate) const BASE_NANOS: i64 = 1_767_225_600_000_000_000;

/// Nanoseconds between two records that are sent as fast as possible.
pub(crate) const STEP_NANOS: f64 = 1000.0;

/// The records that were found.
#[derive(Debug)]
pub(crate) struct Tally {
    seen: Vec<u64>,
    expected: u64,
    step: f64,
    found: u64,
    twice: u64,
    foreign: u64,
}

impl Tally {
    /// For `expected` records, `step` nanoseconds apart.
    pub(crate) fn new(expected: u64, step: f64) -> Self {
        let words = usize::try_from(expected.div_ceil(64)).unwrap_or(usize::MAX);
        Self {
            seen: vec![0; words],
            expected,
            step,
            found: 0,
            twice: 0,
            foreign: 0,
        }
    }

    /// Counts the record of this time.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "what does not fit is outside of every run"
    )]
    pub(crate) fn record(&mut self, nanos: i64) {
        let place = ((nanos.wrapping_sub(BASE_NANOS)) as f64 / self.step).round();
        if place < 0.0 || place >= self.expected as f64 {
            self.foreign += 1;
            return;
        }
        let place = place as u64;
        let bit = 1 << (place % 64);
        let word = usize::try_from(place / 64).unwrap_or(usize::MAX);
        if let Some(word) = self.seen.get_mut(word) {
            self.found += u64::from(*word & bit == 0);
            self.twice += u64::from(*word & bit != 0);
            *word |= bit;
        }
    }

    /// What is wrong, if anything is; `foreign` records of other times are to be there, too.
    pub(crate) fn fault(&self, foreign: u64) -> Option<String> {
        let missing = self.expected - self.found;
        (missing > 0 || self.twice > 0 || self.foreign != foreign).then(|| {
            format!(
                "of {} acknowledged records {missing} are missing and {} are there again; \
                 {} records are of other times, and {foreign} should be",
                self.expected, self.twice, self.foreign
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(places: impl IntoIterator<Item = i64>) -> Tally {
        let mut tally = Tally::new(100, STEP_NANOS);
        for place in places {
            tally.record(BASE_NANOS + place * 1000);
        }
        tally
    }

    #[test]
    fn every_record_once_in_any_order_adds_up() {
        assert_eq!(tally((0..100).rev()).fault(0), None);
        assert_eq!(tally(0..101).fault(1), None);
    }

    #[test]
    fn a_missing_a_doubled_and_a_foreign_record_are_faults() {
        for places in [
            (0..99).collect::<Vec<_>>(),
            (0..100).chain([7]).collect(),
            // As many as there should be: one is missing and one is there twice.
            (0..99).chain([7]).collect(),
            (0..101).collect(),
            (-1..100).collect(),
        ] {
            assert!(tally(places.clone()).fault(0).is_some(), "{places:?}");
        }
    }

    #[test]
    fn records_at_a_rate_are_told_apart() {
        let rate = 333_333.0;
        let step = 1e9 / rate;
        let mut tally = Tally::new(1_000_000, step);
        let schedule = producer::workload::Schedule::new(rate, 1000);
        for place in 0..1_000_000 {
            tally.record(BASE_NANOS + schedule.log_nanos(place));
        }
        assert_eq!(tally.fault(0), None);
    }
}
