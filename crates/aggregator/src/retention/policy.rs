//! How long records are kept, as the settings say it, and what is to go by that at a time.

use crate::config::{Kept, RetentionConfig};
use logs::Timestamp;
use query::{LevelFilter, Query};
use std::time::Duration;
use store::removal::{Purpose, Removal, RemovalRule};

/// What is kept how long, in the order in which it counts: by filters, by levels, and all else.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Policy {
    rules: Vec<(Query, Option<Duration>)>,
    most_bytes: Option<u64>,
}

impl Policy {
    /// That of the settings; `None` where they keep everything.
    pub(crate) fn of(config: &RetentionConfig) -> Option<Self> {
        let filters = config.retention_rules.iter().flat_map(|rules| &rules.0);
        let filters = filters.map(|rule| (rule.filter.query().clone(), rule.kept));
        let levels = config.of_levels().into_iter().map(|(level, kept)| {
            let levels = LevelFilter::new(level.name()).ok();
            let query = Query {
                levels,
                ..Query::default()
            };
            (query, kept)
        });
        let all = [(Query::default(), config.of_all())];
        let rules = filters.chain(levels).chain(all);
        let rules: Vec<_> = rules
            .filter_map(|(query, kept)| match kept {
                Kept::Unsaid => None,
                Kept::Forever => Some((query, None)),
                Kept::For(time) => Some((query, Some(time))),
            })
            .collect();
        let policy = Self {
            rules,
            most_bytes: config.most_bytes(),
        };
        (policy.is_by_age() || policy.most_bytes.is_some()).then_some(policy)
    }

    /// Whether anything goes for its age.
    pub(crate) fn is_by_age(&self) -> bool {
        self.rules.iter().any(|(_, kept)| kept.is_some())
    }

    /// What the store may take.
    pub(super) fn most_bytes(&self) -> Option<u64> {
        self.most_bytes
    }

    /// What is to go for its age at this time.
    pub(crate) fn removal(&self, now: Timestamp, purpose: Purpose) -> Removal {
        let rules = self.rules.iter().map(|(query, kept)| RemovalRule {
            query: query.clone(),
            before: kept.map(|kept| before(now, kept)),
        });
        Removal {
            rules: rules.collect(),
            purpose,
        }
    }
}

/// Before which time something goes that is kept for so long: by whole parts of that time, so that a block is written again
/// once for all of a part that goes of it; by days where they are shorter, which no block of the newest ones goes beyond.
fn before(now: Timestamp, kept: Duration) -> Timestamp {
    const PARTS: u32 = 24;
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let part = (kept / PARTS).min(DAY).max(Duration::from_secs(1));
    let part = i64::try_from(part.as_nanos()).unwrap_or(i64::MAX);
    let before = minus(now, kept).nanos();
    Timestamp::from_nanos(before.saturating_sub(before.rem_euclid(part)))
}

/// All that is older than this.
pub(super) fn all_before(before: Timestamp) -> Removal {
    let rule = RemovalRule {
        query: Query::default(),
        before: Some(before),
    };
    Removal {
        rules: vec![rule],
        purpose: Purpose::Age,
    }
}

pub(super) fn minus(time: Timestamp, less: Duration) -> Timestamp {
    let less = i64::try_from(less.as_nanos()).unwrap_or(i64::MAX);
    Timestamp::from_nanos(time.nanos().saturating_sub(less))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use clap::{Args as _, FromArgMatches as _};

    /// The policy of these flags.
    pub(in crate::retention) fn policy(flags: &[&str]) -> Option<Policy> {
        let command = RetentionConfig::augment_args(clap::Command::new("a").no_binary_name(true));
        let matches = command.try_get_matches_from(flags).unwrap();
        Policy::of(&RetentionConfig::from_arg_matches(&matches).unwrap())
    }

    #[test]
    fn nothing_goes_unless_something_is_said_that_has_an_end() {
        assert_eq!(policy(&[]), None);
        assert_eq!(policy(&["--retention=", "--retention-error=forever"]), None);
        let sized = policy(&["--max-store-bytes=2MiB"]).unwrap();
        assert!(!sized.is_by_age());
        assert_eq!(sized.most_bytes(), Some(2 << 20));
    }

    #[test]
    fn what_goes_is_older_than_it_is_kept_and_by_whole_parts_of_that() {
        let at = |hours: i64| Timestamp::from_nanos(hours * 3_600_000_000_000);
        let hours = |hours: u64| Duration::from_secs(3_600 * hours);
        assert_eq!(before(at(1_000), hours(24)), at(976));
        assert_eq!(
            before(Timestamp::from_nanos(at(1_001).nanos() - 1), hours(24)),
            at(976)
        );
        // By days at most.
        assert_eq!(before(at(1_000), hours(720)), at(264));
        assert_eq!(before(at(1_000), hours(721)), at(264));
        assert_eq!(before(at(-1), hours(1)).nanos() % 150_000_000_000, 0);
        assert!(before(at(-1), hours(1)) <= at(-2));
        assert_eq!(before(Timestamp::MIN, hours(1)), Timestamp::MIN);
    }

    #[test]
    fn filters_come_before_levels_and_levels_before_all_else() {
        let policy = policy(&[
            "--retention=10d",
            "--retention-debug=1d",
            "--retention-error=forever",
            "--retention-rules=attr.a=b 2h; attr.c=d forever",
        ]);
        let now = Timestamp::from_nanos(100 * 86_400 * 1_000_000_000);
        let removal = policy.unwrap().removal(now, Purpose::Age);
        let hours: Vec<Option<i64>> = removal
            .rules
            .iter()
            .map(|rule| {
                rule.before
                    .map(|before| (now.nanos() - before.nanos()) / 3_600_000_000_000)
            })
            .collect();
        assert_eq!(hours, [Some(2), None, Some(24), None, Some(240)]);
        assert!(removal.rules[4].query == Query::default());
        let error = removal.rules[3].query.severities().unwrap();
        assert_eq!(error, (17..=20).collect::<Vec<u8>>());
    }
}
