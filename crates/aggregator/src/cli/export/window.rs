//! The times that an export is of, made absolute when it begins: one that goes on later is of the same.

use super::failure::Failure;
use crate::cli::filters::{FilterArgs, Parameter};
use crate::cli::query::in_flags;
use form_urlencoded::Serializer;
use logs::Timestamp;
use logs::clock::{Clock as _, SystemClock};
use query::Query;
use serde::{Deserialize, Serialize};

const START: &str = "startTime";
const END: &str = "endTime";

/// Nanoseconds since 1970, from the first one on and before the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Window {
    start: Option<i64>,
    end: Option<i64>,
}

impl Window {
    /// What is asked for, by the clock of this machine.
    pub(super) fn of(filters: &FilterArgs) -> Result<Self, Failure> {
        let times = filters.of_records().into_iter().filter(is_time);
        let mut text = Serializer::new(String::new());
        text.extend_pairs(times);
        let query = Query::parse(&text.finish(), SystemClock::start().now());
        let query = query.map_err(|error| {
            let sentence = error.to_string();
            Failure::Filter(in_flags(&sentence).unwrap_or(sentence))
        })?;
        Ok(Self {
            start: query.start.map(Timestamp::nanos),
            end: query.end.map(Timestamp::nanos),
        })
    }

    /// All filters, with these times in place of what was typed.
    pub(super) fn parameters(self, filters: &FilterArgs) -> Vec<Parameter> {
        let mut parameters = filters.of_records();
        parameters.retain(|parameter| !is_time(parameter));
        for (name, time) in [(START, self.start), (END, self.end)] {
            let time = time.map(|time| Timestamp::from_nanos(time).to_string());
            parameters.extend(time.map(|time| (name.to_owned(), time)));
        }
        parameters.extend(filters.of_attributes());
        parameters
    }

    /// From this time on, as far as it is one of its own.
    pub(super) fn from(self, time: Timestamp) -> Self {
        let time = time.nanos();
        Self {
            start: Some(self.end.map_or(time, |end| time.min(end))),
            ..self
        }
    }

    /// Whether any time from `start` on and before `end` is of it.
    pub(super) fn has_some(self, start: i64, end: i64) -> bool {
        self.end.is_none_or(|until| start < until) && self.start.is_none_or(|since| end > since)
    }
}

fn is_time((name, _): &Parameter) -> bool {
    name == START || name == END
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_that_is_gone_on_with_never_begins_behind_its_end() {
        let window = Window {
            start: None,
            end: Some(50),
        };
        let behind = |nanos| window.from(Timestamp::from_nanos(nanos));
        assert_eq!(behind(40).start, Some(40));
        assert_eq!(behind(60).start, Some(50));
    }

    #[test]
    fn times_are_of_a_window_that_has_some_of_them() {
        let window = Window {
            start: Some(19),
            end: Some(40),
        };
        let tens: Vec<i64> = (0..6)
            .filter(|ten| window.has_some(10 * ten, 10 * ten + 10))
            .collect();
        assert_eq!(tens, [1, 2, 3]);
    }
}
