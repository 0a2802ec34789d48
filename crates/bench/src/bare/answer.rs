//! How many records an answer tells of: rows on a line each, or counts in the JSON of ours or of a peer.

use super::rows::lines;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};

/// The field that every record has, and few values of.
const LEVEL: &str = "level";

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// A record a line.
    Rows,
    /// Counts of ours: a histogram's or facets'.
    Counts,
    /// A peer's counts by time.
    Hits,
    /// A peer's values of fields; the levels are counted.
    Facets,
}

/// What counts of ours say beside themselves.
#[derive(Deserialize)]
struct Counts {
    records: u64,
    complete: bool,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    total: u64,
}

#[derive(Deserialize)]
struct Facets {
    facets: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    field_name: String,
    values: Vec<Value>,
}

#[derive(Deserialize)]
struct Value {
    hits: u64,
}

impl Answer {
    /// The records in a whole answer, or that it has counted.
    pub(super) fn records(self, body: &[u8]) -> Result<u64, Failure> {
        match self {
            Self::Rows => Ok(lines(body)),
            Self::Counts => {
                let counts: Counts = serde_json::from_slice(body)?;
                match counts.complete {
                    true => Ok(counts.records),
                    false => Err(Failure::told("the counts are not complete")),
                }
            }
            Self::Hits => {
                let told: Hits = serde_json::from_slice(body)?;
                Ok(told.hits.iter().map(|series| series.total).sum())
            }
            Self::Facets => {
                let told: Facets = serde_json::from_slice(body)?;
                let levels = told.facets.iter().filter(|it| it.field_name == LEVEL);
                Ok(levels.flat_map(|it| &it.values).map(|it| it.hits).sum())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_of_an_answer_tells_how_many_records_it_is_about() {
        let hits = r#"{"hits":[{"fields":{"level":"INFO"},"timestamps":[],"values":[2,1],"total":3},
            {"fields":{"level":"ERROR"},"timestamps":[],"values":[1],"total":1}]}"#;
        let facets = r#"{"facets":[{"field_name":"_msg","values":[{"field_value":"x","hits":9}]},
            {"field_name":"level","values":[{"field_value":"INFO","hits":3},{"field_value":"ERROR","hits":2}]}]}"#;
        for (answer, body, records) in [
            (Answer::Rows, "{}\n{}\n", 2),
            (Answer::Counts, r#"{"complete":true,"records":7}"#, 7),
            (Answer::Hits, hits, 4),
            (Answer::Facets, facets, 5),
            (Answer::Facets, r#"{"facets":[]}"#, 0),
        ] {
            assert_eq!(
                answer.records(body.as_bytes()).unwrap(),
                records,
                "{answer:?}"
            );
        }
    }

    #[test]
    fn counts_of_a_part_of_the_records_and_other_texts_are_no_answer() {
        for (answer, body) in [
            (Answer::Counts, r#"{"complete":false,"records":7}"#),
            (Answer::Hits, "cannot parse query"),
            (Answer::Facets, "{}"),
        ] {
            assert!(answer.records(body.as_bytes()).is_err(), "{body}");
        }
    }
}
