//! What of a removal is known by times and severities alone, of one record or of many.

use super::Removal;
use logs::Timestamp;

/// What becomes of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All of them go.
    Goes,
    /// None of them goes.
    Stays,
    /// It has to be asked of each.
    Open,
}

/// The rules of a removal, as far as times and severities tell of them.
#[derive(Debug)]
pub(crate) struct Rules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    /// `None`: any.
    severities: Option<Vec<u8>>,
    /// Whether nothing else is asked for.
    is_exact: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    before: Option<Timestamp>,
}

impl Verdict {
    fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Open }
    }
}

impl Rules {
    pub(crate) fn of(removal: &Removal) -> Self {
        let rules = removal.rules.iter().map(|rule| Rule {
            severities: rule.query.severities(),
            is_exact: rule.query.is_of_time_and_severity(),
            start: rule.query.start,
            end: rule.query.end,
            before: rule.before,
        });
        Self(rules.collect())
    }

    /// Whether a time and a severity always tell it.
    pub(crate) fn are_exact(&self) -> bool {
        self.0.iter().all(|rule| rule.is_exact)
    }

    /// What becomes of records with times from the one to the other, and any of these severities.
    pub(crate) fn verdict(
        &self,
        (first, last): (Timestamp, Timestamp),
        severities: impl IntoIterator<Item = u8>,
    ) -> Verdict {
        let each = severities.into_iter();
        let each = each.map(|severity| self.of_severity((first, last), severity));
        each.reduce(Verdict::and).unwrap_or(Verdict::Stays)
    }

    /// Whatever is older than this goes; `None` where there is no such time.
    pub(crate) fn all_before(&self) -> Option<Timestamp> {
        let before = self.0.iter().filter_map(|rule| rule.before);
        let all_go = |before: &Timestamp| {
            let last = before.nanos().checked_sub(1).map(Timestamp::from_nanos);
            last.is_some_and(|last| {
                self.verdict((Timestamp::MIN, last), 0..=u8::MAX) == Verdict::Goes
            })
        };
        before.filter(all_go).max()
    }

    fn of_severity(&self, times: (Timestamp, Timestamp), severity: u8) -> Verdict {
        let mut all: Option<Verdict> = None;
        for rule in self.0.iter().filter(|rule| rule.may_match(times, severity)) {
            let verdict = rule.of_matching(times);
            all = Some(all.map_or(verdict, |all| all.and(verdict)));
            if rule.surely_matches(times) {
                return all.unwrap_or(Verdict::Stays);
            }
        }
        all.map_or(Verdict::Stays, |all| all.and(Verdict::Stays))
    }
}

impl Rule {
    fn may_match(&self, (first, last): (Timestamp, Timestamp), severity: u8) -> bool {
        let severities = self.severities.as_ref();
        severities.is_none_or(|all| all.contains(&severity))
            && self.start.is_none_or(|start| last >= start)
            && self.end.is_none_or(|end| first < end)
    }

    /// All of them, if their severity is asked for.
    fn surely_matches(&self, (first, last): (Timestamp, Timestamp)) -> bool {
        self.is_exact
            && self.start.is_none_or(|start| first >= start)
            && self.end.is_none_or(|end| last < end)
    }

    /// Of those that match.
    fn of_matching(&self, (first, last): (Timestamp, Timestamp)) -> Verdict {
        match self.before {
            Some(before) if last < before => Verdict::Goes,
            Some(before) if first < before => Verdict::Open,
            Some(_) | None => Verdict::Stays,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::removal::{Purpose, RemovalRule};
    use query::Query;

    fn at(nanos: i64) -> Timestamp {
        Timestamp::from_nanos(nanos)
    }

    fn rules(rules: &[(&str, Option<i64>)]) -> Rules {
        let rule = |(query, before): &(&str, Option<i64>)| RemovalRule {
            query: Query::parse(query, at(0)).unwrap(),
            before: before.map(at),
        };
        Rules::of(&Removal {
            rules: rules.iter().map(rule).collect(),
            purpose: Purpose::Age,
        })
    }

    #[test]
    fn what_is_old_by_every_rule_that_may_match_goes_and_what_is_young_by_all_stays() {
        let rules = rules(&[
            ("attr.a=b", Some(50)),
            ("minLevel=ERROR", None),
            ("", Some(100)),
        ]);
        let verdict = |first, last, severities: &[u8]| {
            rules.verdict((at(first), at(last)), severities.to_vec())
        };
        assert_eq!(verdict(0, 49, &[5, 9]), Verdict::Goes);
        assert_eq!(verdict(0, 50, &[9]), Verdict::Open);
        assert_eq!(verdict(60, 99, &[9]), Verdict::Open);
        assert_eq!(verdict(100, 200, &[9, 17]), Verdict::Stays);
        assert_eq!(verdict(0, 49, &[17]), Verdict::Open);
        assert_eq!(verdict(60, 200, &[17]), Verdict::Stays);
        assert_eq!(verdict(0, 49, &[9, 17]), Verdict::Open);
        assert_eq!(verdict(0, 49, &[]), Verdict::Stays);
        assert_eq!(rules.all_before(), None);
        assert!(!rules.are_exact());
    }

    #[test]
    fn what_is_older_than_all_that_any_rule_keeps_goes_unseen() {
        let levels = rules(&[("logLevel=DEBUG", Some(150)), ("", Some(100))]);
        assert_eq!(levels.all_before(), Some(at(100)));
        assert!(levels.are_exact());
        let kept = rules(&[("attr.a=b", Some(10)), ("", Some(100))]);
        assert_eq!(kept.all_before(), Some(at(10)));
        assert_eq!(rules(&[("logLevel=DEBUG", Some(150))]).all_before(), None);
        // A rule behind one that matches all has no say.
        let behind = rules(&[("", Some(100)), ("logLevel=WARN", None)]);
        assert_eq!(behind.all_before(), Some(at(100)));
    }
}
