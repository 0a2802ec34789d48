//! What is asked of each layout, and of a peer in its own language.

use super::spread::Spread;
use crate::bare::{Answer, Bare, Range};
use crate::failure::Failure;
use crate::peer::{Asked, VictoriaLogs};
use crate::rig::Rig;
use crate::tally::BASE_NANOS;
use logs::Timestamp;

const HOUR_NANOS: i64 = 3_600_000_000_000;
const DAY_NANOS: i64 = 24 * HOUR_NANOS;

/// What is asked, and how many times faster blocks are to be.
pub(super) struct Question {
    pub(super) what: &'static str,
    path: &'static str,
    query: &'static str,
    /// Hours before the end of the records that are asked for; all of them, and what lies behind, without.
    hours: Option<i64>,
    pub(super) goal: (f64, f64),
    asked: Asked,
}

/// Rows that are asked for in a peer's language.
const fn rows(query: &'static str, more: &'static [(&'static str, &'static str)]) -> Asked {
    Asked {
        path: "query",
        query,
        more,
    }
}

/// Goals are the times of DESIGN.md's table for rows, over those that are to be reached.
pub(super) const QUESTIONS: [Question; 7] = [
    Question {
        what: "newest 100 of a level in an hour",
        path: "retrieve",
        query: "format=ndjson&logLevel=ERROR&order=desc&limit=100",
        hours: Some(1),
        goal: (0.5, 0.9),
        asked: rows("level:=ERROR", &[("limit", "100")]),
    },
    Question {
        what: "histogram of the day by level",
        path: "histogram",
        query: "by=level&interval=15m",
        hours: Some(24),
        goal: (8.0, 20.0),
        asked: Asked {
            path: "hits",
            query: "*",
            more: &[("step", "15m"), ("field", "level")],
        },
    },
    Question {
        what: "a word in one record",
        path: "retrieve",
        query: "format=ndjson&word=haystack-needle",
        hours: None,
        goal: (115.0, 287.0),
        asked: rows(r#""haystack-needle""#, &[]),
    },
    Question {
        what: "a part of one message, without regard to case",
        path: "retrieve",
        query: "format=ndjson&q=Haystack-Needle",
        hours: None,
        goal: (6.8, 13.7),
        asked: rows(r#"~"(?i)Haystack-Needle""#, &[]),
    },
    Question {
        what: "an attribute's value",
        path: "retrieve",
        query: "format=ndjson&attr.http.status=503",
        hours: None,
        goal: (12.0, 24.0),
        asked: rows(r#""attributes.http.status":="503""#, &[]),
    },
    Question {
        what: "facets of the day",
        path: "facets",
        query: "",
        hours: Some(24),
        goal: (34.0, 94.0),
        asked: Asked {
            path: "facets",
            query: "*",
            more: &[],
        },
    },
    Question {
        what: "everything as NDJSON",
        path: "retrieve",
        query: "format=ndjson",
        hours: None,
        goal: (1.0, 1.5),
        asked: rows("*", &[]),
    },
];

impl Question {
    fn range(&self, spread: &Spread) -> Range {
        let end = spread.end();
        match self.hours {
            Some(hours) => Range {
                from: BASE_NANOS.max(end - hours * HOUR_NANOS),
                to: end,
            },
            None => Range {
                from: BASE_NANOS,
                to: end + DAY_NANOS,
            },
        }
    }

    /// As a service of ours is asked about these records.
    pub(super) fn of(&self, rig: &Rig<'_>, spread: &Spread) -> Bare {
        let range = self.range(spread);
        let [from, to] = [range.from, range.to].map(Timestamp::from_nanos);
        let (url, path, query) = (rig.service().url(), self.path, self.query);
        Bare::SearchHttp {
            url: format!("{url}/logs/{path}?startTime={from}&endTime={to}&{query}"),
            answer: match path {
                "retrieve" => Answer::Rows,
                _ => Answer::Counts,
            },
        }
    }

    /// As a peer is asked about the same.
    pub(super) fn of_peer(&self, peer: &VictoriaLogs, spread: &Spread) -> Result<Bare, Failure> {
        peer.question(self.asked, self.range(spread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_needle_behind_the_records_is_in_what_is_asked_without_hours_alone() {
        let spread = Spread {
            records: 10,
            nanos: HOUR_NANOS,
            batch: 1,
            needles: 1,
        };
        for question in QUESTIONS {
            let range = question.range(&spread);
            assert_eq!(range.from, BASE_NANOS, "{}", question.what);
            let has_needle = range.to > spread.end();
            assert_eq!(has_needle, question.hours.is_none(), "{}", question.what);
        }
    }

    #[test]
    fn an_hour_of_a_day_is_its_last_one() {
        let day = super::super::day::spread(10_000, 1);
        let range = QUESTIONS[0].range(&day);
        assert_eq!(range.to - range.from, HOUR_NANOS);
        assert_eq!(range.to, day.end());
    }
}
