//! Which records are meant: filters as `GET /logs/retrieve` has them, and when they were asked for, from which relative
//! times count.

use logs::Timestamp;
use query::{Order, Query, QueryError, attribute_key, pairs};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use store::removal::{Purpose, Removal, RemovalRule};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    filters: String,
    asked_at: i64,
}

/// Why it is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    /// A filter cannot be read.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// It would be about all records.
    #[error(
        "no filter says which records are to be deleted: give one, or all=true for every record there is"
    )]
    NoFilter,
    /// It is about all records and about some.
    #[error("all=true and filters are two things: give one of them")]
    AllAndFilters,
}

impl Question {
    /// Reads filters as they stand behind the question mark of an address.
    ///
    /// # Errors
    /// [`BadQuestion`]
    pub fn of(filters: String, now: Timestamp, all: bool) -> Result<Self, BadQuestion> {
        let question = Self {
            filters,
            asked_at: now.nanos(),
        };
        if let Some((name, _)) = pairs(&question.filters)?
            .into_iter()
            .find(|(name, _)| name == "order")
        {
            return Err(QueryError::Unknown(name.into_owned()).into());
        }
        match (question.query()? == Query::default(), all) {
            (true, false) => Err(BadQuestion::NoFilter),
            (false, true) => Err(BadQuestion::AllAndFilters),
            _ => Ok(question),
        }
    }

    /// The same as a query, in the order of time.
    pub(super) fn query(&self) -> Result<Query, QueryError> {
        let query = Query::parse(&self.filters, self.asked_at())?;
        Ok(Query {
            order: Order::Ascending,
            ..query
        })
    }

    /// When it was asked.
    pub(super) fn asked_at(&self) -> Timestamp {
        Timestamp::from_nanos(self.asked_at)
    }

    /// What the filters are called: their values may be what is to be forgotten.
    pub(super) fn names(&self) -> Vec<String> {
        let names = pairs(&self.filters).unwrap_or_default();
        let name = |name: &str| match attribute_key(name) {
            Some(_) => "attr".to_owned(),
            None => name.to_owned(),
        };
        let names: BTreeSet<String> = names.iter().map(|(full, _)| name(full)).collect();
        names.into_iter().collect()
    }
}

/// What is removed of the records that a query finds.
pub(super) fn removal(query: &Query, purpose: Purpose) -> Removal {
    Removal {
        rules: vec![RemovalRule {
            before: Some(query.end.unwrap_or(Timestamp::MAX)),
            query: query.clone(),
        }],
        purpose,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

    fn of(filters: &str, all: bool) -> Result<Question, BadQuestion> {
        Question::of(filters.to_owned(), NOW, all)
    }

    #[test]
    fn all_records_are_meant_only_where_it_is_said_so() {
        for none in ["", "caseSensitive=true"] {
            assert_eq!(of(none, false), Err(BadQuestion::NoFilter), "{none}");
            assert!(of(none, true).is_ok(), "{none}");
        }
        assert_eq!(of("q=x", true), Err(BadQuestion::AllAndFilters));
        let unknown = QueryError::Unknown("order".to_owned());
        let asked = of("q=x&order=desc", false);
        assert_eq!(asked, Err(BadQuestion::Query(unknown)));
    }

    #[test]
    fn relative_times_count_from_when_it_was_asked_also_in_another_process() {
        let asked = of("startTime=-1h&q=x", false).unwrap();
        let kept: Question = serde_json::from_str(&serde_json::to_string(&asked).unwrap()).unwrap();
        assert_eq!(kept, asked);
        let start = kept.query().unwrap().start.unwrap();
        assert_eq!(start.nanos(), NOW.nanos() - 3_600_000_000_000);
    }

    #[test]
    fn values_and_keys_are_not_among_the_names() {
        let asked = of("attr.user=alice&attr.alice&q=alice&startTime=-1h", false);
        assert_eq!(asked.unwrap().names(), ["attr", "q", "startTime"]);
    }
}
