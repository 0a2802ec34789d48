//! How long each step is, and what stays for all others between two of them.

use std::time::Duration;

/// About how long a step works.
pub(super) const STEP: Duration = Duration::from_millis(25);
/// Between two steps at least.
const LEAST: Duration = Duration::from_millis(2);
/// A step is followed by a pause of so many times its length.
const USUALLY: u32 = 3;
/// While batches wait for the store: it has other things to do.
const BEHIND: u32 = 10;
/// A round that has gone on for so long is in a hurry.
const LONG: Duration = Duration::from_secs(10 * 60);

/// What a round is told by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    /// How long it has gone on.
    pub(super) since: Duration,
    /// Whether batches wait for the store.
    pub(super) is_behind: bool,
}

/// The pause behind a step that took so long.
pub(super) fn pause(took: Duration, situation: Situation) -> Duration {
    let times = match situation {
        Situation {
            is_behind: true, ..
        } => BEHIND,
        Situation { since, .. } if since >= LONG => 1,
        Situation { .. } => USUALLY,
    };
    LEAST.max(took * times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_have_most_of_the_time_and_more_where_they_wait() {
        let pause = |since, is_behind| {
            let since = Duration::from_secs(since);
            let situation = Situation { since, is_behind };
            super::pause(Duration::from_millis(20), situation).as_millis()
        };
        assert_eq!(pause(0, false), 60);
        assert_eq!(pause(601, false), 20);
        assert_eq!(pause(601, true), 200);
        let none = Situation {
            since: Duration::ZERO,
            is_behind: false,
        };
        assert_eq!(super::pause(Duration::ZERO, none), LEAST);
    }
}
