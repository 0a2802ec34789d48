//! Counts by reason: every reason is counted, and is to be logged only now and then.

use std::collections::BTreeMap;
use std::time::Duration;

/// Different reasons that are kept; a service that makes up new ones costs no more memory.
const MAX_REASONS: usize = 100;
const OTHERS: &str = "other reasons";

/// Reasons of one kind, with the logs that each one concerns.
#[derive(Debug)]
pub struct ReasonCounts {
    counts: BTreeMap<String, Count>,
    /// After this time a reason is logged again; `None` for never.
    log_again_after: Option<Duration>,
}

#[derive(Debug)]
struct Count {
    logs: u64,
    logged: Duration,
}

impl ReasonCounts {
    /// No reasons yet.
    pub fn new(log_again_after: Option<Duration>) -> Self {
        Self {
            counts: BTreeMap::new(),
            log_again_after,
        }
    }

    /// Counts the logs of a batch, and tells whether the reason is to be logged now.
    pub fn record(&mut self, reason: &str, logs: u64, now: Duration) -> bool {
        let full = self.counts.len() >= MAX_REASONS && !self.counts.contains_key(reason);
        let reason = if full { OTHERS } else { reason };
        if let Some(count) = self.counts.get_mut(reason) {
            count.logs += logs;
            let due = self
                .log_again_after
                .is_some_and(|after| now >= count.logged + after);
            if due {
                count.logged = now;
            }
            return due;
        }
        let count = Count { logs, logged: now };
        self.counts.insert(reason.to_owned(), count);
        true
    }

    /// Each reason with its logs.
    pub fn counts(&self) -> Vec<(String, u64)> {
        let counts = self.counts.iter();
        counts
            .map(|(reason, count)| (reason.clone(), count.logs))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_shown_once_and_counted_always() {
        let mut reasons = ReasonCounts::new(None);
        assert!(reasons.record("bad", 10, Duration::ZERO));
        assert!(!reasons.record("bad", 5, Duration::from_secs(1000)));
        assert!(reasons.record("worse", 1, Duration::ZERO));
        let expected = [("bad".to_owned(), 15), ("worse".to_owned(), 1)];
        assert_eq!(reasons.counts(), expected);
    }

    #[test]
    fn a_passing_trouble_is_shown_again_after_a_while() {
        let mut reasons = ReasonCounts::new(Some(Duration::from_secs(30)));
        let shown: Vec<bool> = [0, 10, 29, 30, 31, 60]
            .map(|second| reasons.record("down", 1, Duration::from_secs(second)))
            .into();
        assert_eq!(shown, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_service_with_ever_new_reasons_costs_bounded_memory() {
        let mut reasons = ReasonCounts::new(None);
        for number in 0..1000 {
            reasons.record(&number.to_string(), 1, Duration::ZERO);
        }
        let counts = reasons.counts();
        assert!(counts.len() <= MAX_REASONS + 1);
        assert_eq!(counts.iter().map(|(_, logs)| logs).sum::<u64>(), 1000);
    }
}
