//! Why batches were not taken: each reason is shown once in a while, and counted.

use std::collections::BTreeMap;
use std::time::Duration;

/// Different reasons that are kept; a service that makes up new ones costs no more memory.
const MOST: usize = 100;
const OTHERS: &str = "other reasons";

/// Reasons of one kind.
#[derive(Debug)]
pub struct Reasons {
    known: BTreeMap<String, Known>,
    /// When a reason is shown again; `None` for never.
    again_after: Option<Duration>,
}

#[derive(Debug)]
struct Known {
    logs: u64,
    shown: Duration,
}

impl Reasons {
    /// No reasons yet.
    pub fn new(again_after: Option<Duration>) -> Self {
        Self {
            known: BTreeMap::new(),
            again_after,
        }
    }

    /// Counts the logs of a batch, and tells whether the reason is to be shown now.
    pub fn note(&mut self, reason: &str, logs: u64, now: Duration) -> bool {
        let full = self.known.len() >= MOST && !self.known.contains_key(reason);
        let reason = if full { OTHERS } else { reason };
        if let Some(known) = self.known.get_mut(reason) {
            known.logs += logs;
            let due = self
                .again_after
                .is_some_and(|after| now >= known.shown + after);
            if due {
                known.shown = now;
            }
            return due;
        }
        let known = Known { logs, shown: now };
        self.known.insert(reason.to_owned(), known);
        true
    }

    /// Each reason with its logs.
    pub fn counts(&self) -> Vec<(String, u64)> {
        let counts = self.known.iter();
        counts
            .map(|(reason, known)| (reason.clone(), known.logs))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_shown_once_and_counted_always() {
        let mut reasons = Reasons::new(None);
        assert!(reasons.note("bad", 10, Duration::ZERO));
        assert!(!reasons.note("bad", 5, Duration::from_secs(1000)));
        assert!(reasons.note("worse", 1, Duration::ZERO));
        let expected = [("bad".to_owned(), 15), ("worse".to_owned(), 1)];
        assert_eq!(reasons.counts(), expected);
    }

    #[test]
    fn a_passing_trouble_is_shown_again_after_a_while() {
        let mut reasons = Reasons::new(Some(Duration::from_secs(30)));
        let shown: Vec<bool> = [0, 10, 29, 30, 31, 60]
            .map(|second| reasons.note("down", 1, Duration::from_secs(second)))
            .into();
        assert_eq!(shown, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_service_with_ever_new_reasons_costs_bounded_memory() {
        let mut reasons = Reasons::new(None);
        for number in 0..1000 {
            reasons.note(&number.to_string(), 1, Duration::ZERO);
        }
        let counts = reasons.counts();
        assert!(counts.len() <= MOST + 1);
        assert_eq!(counts.iter().map(|(_, logs)| logs).sum::<u64>(), 1000);
    }
}
