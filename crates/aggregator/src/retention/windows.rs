//! Which times a round looks at: since the last one only so much has become too old.

use logs::Timestamp;
use record::id::RecordId;
use store::removal::Removal;

/// Times that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// `None`: from the oldest record on.
    pub(super) from: Option<Timestamp>,
    /// What is behind this may be looked at, too.
    pub(super) until: Timestamp,
}

impl Window {
    /// Behind which record it begins.
    pub(super) fn after(self) -> Option<RecordId> {
        RecordId::first_at(self.from?).predecessor()
    }
}

/// The times whose records may go by `removal` and could not by the `last` one, all of whose had gone; and, where something
/// came that was too old, all from that on.
pub(super) fn windows(
    last: Option<&Removal>,
    removal: &Removal,
    came: Option<Timestamp>,
) -> Vec<Window> {
    let Some(end) = removal.end() else {
        return Vec::new();
    };
    let Some(last) = last else {
        return vec![Window {
            from: None,
            until: end,
        }];
    };
    let pairs = last.rules.iter().zip(&removal.rules);
    let pairs = pairs.filter_map(|(last, rule)| Some((last.before?, rule.before?)));
    let came = came.map(|came| (came, end));
    let mut times: Vec<_> = pairs
        .chain(came)
        .filter(|(from, until)| from < until)
        .collect();
    times.sort_unstable();
    let mut windows: Vec<Window> = Vec::with_capacity(times.len());
    for (from, until) in times {
        match windows.last_mut() {
            Some(before) if from <= before.until => before.until = before.until.max(until),
            _ => windows.push(Window {
                from: Some(from),
                until,
            }),
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use query::Query;
    use store::removal::{Purpose, RemovalRule};

    fn removal(before: &[Option<i64>]) -> Removal {
        let rules = before.iter().map(|before| RemovalRule {
            query: Query::default(),
            before: before.map(Timestamp::from_nanos),
        });
        Removal {
            rules: rules.collect(),
            purpose: Purpose::Age,
        }
    }

    fn times(last: Option<&Removal>, next: &Removal, came: Option<i64>) -> Vec<(i64, i64)> {
        let windows = windows(last, next, came.map(Timestamp::from_nanos));
        let shown = |window: &Window| {
            let from = window.from.map_or(i64::MIN, Timestamp::nanos);
            (from, window.until.nanos())
        };
        windows.iter().map(shown).collect()
    }

    #[test]
    fn a_round_looks_at_what_has_become_too_old_since_the_last_by_each_rule() {
        let (last, next) = (
            removal(&[Some(90), None, Some(10)]),
            removal(&[Some(95), None, Some(15)]),
        );
        assert_eq!(times(None, &next, Some(3)), [(i64::MIN, 95)]);
        assert_eq!(times(Some(&last), &next, None), [(10, 15), (90, 95)]);
        assert_eq!(times(Some(&last), &last, None), []);
        let far = removal(&[Some(195), None, Some(115)]);
        assert_eq!(times(Some(&last), &far, None), [(10, 195)]);
        assert_eq!(times(None, &removal(&[None]), None), []);
    }

    #[test]
    fn what_was_too_old_when_it_came_is_looked_for_from_there_on() {
        let (last, next) = (
            removal(&[Some(90), Some(10)]),
            removal(&[Some(95), Some(15)]),
        );
        assert_eq!(times(Some(&last), &next, Some(3)), [(3, 95)]);
        assert_eq!(times(Some(&last), &last, Some(80)), [(80, 90)]);
        assert_eq!(times(Some(&last), &next, Some(i64::MIN)), [(i64::MIN, 95)]);
    }
}
