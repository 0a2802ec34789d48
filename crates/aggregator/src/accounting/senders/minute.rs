//! Records of the last minute, counted in parts.

use std::time::Duration;

/// A minute, in parts that are counted each.
const PART: Duration = Duration::from_secs(5);
const PARTS: usize = 12;

/// The number of each part with what came in it, at its place in the circle.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Minute([(u64, u64); PARTS]);

impl Minute {
    pub(super) fn add(&mut self, records: u64, now: Duration) {
        let number = part(now);
        let place = usize::try_from(number % PARTS as u64);
        let place = place.ok().and_then(|place| self.0.get_mut(place));
        let Some((last, sum)) = place else {
            return;
        };
        // What is noted a minute late counts as what came now.
        if number > *last {
            (*last, *sum) = (number, 0);
        }
        *sum += records;
    }

    pub(super) fn sum(&self, now: Duration) -> u64 {
        let oldest = (part(now) + 1).saturating_sub(PARTS as u64);
        let parts = self.0.iter().filter(|(number, _)| *number >= oldest);
        parts.map(|(_, records)| records).sum()
    }
}

fn part(time: Duration) -> u64 {
    time.as_secs() / PART.as_secs()
}
