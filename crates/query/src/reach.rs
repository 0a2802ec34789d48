//! How far somebody's questions reach: the filter that all of them are bound to, if there is one, and the one place
//! where it is put into a query.
//!
//! Whatever looks records up for others takes a [`BoundQuery`], which only a [`Reach`] makes: an answer that forgets
//! the filter does not compile.

use super::pairs::{attribute_key, pairs, shown, sorted};
use super::{Query, QueryError};
use logs::Timestamp;
use std::sync::Arc;

/// What a filter may have beside `attr.KEY`.
const NAMES: [&str; 6] = [
    "logLevel",
    "minLevel",
    "q",
    "word",
    "caseSensitive",
    "regex",
];

/// Which records somebody may know of, in the words of a query string.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    /// The same in one order and one spelling.
    question: String,
    query: Query,
}

/// Why a text is no filter that questions can be bound to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadFilter {
    /// A parameter that is none of a filter: times depend on when they are read, and the rest says how records are
    /// given.
    #[error("it cannot have {0:?}: known are {names} and attr.KEY", names = NAMES.join(", "))]
    Unknown(String),
    /// It would bind nobody.
    #[error("it leaves nothing out: name what is to be read, such as attr.service=orders")]
    Nothing,
    /// A value.
    #[error(transparent)]
    Query(#[from] QueryError),
}

/// Two texts that say the same may differ; one text always says the same.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Filter {}

impl Filter {
    /// Reads one: the filters of a query string but for times.
    ///
    /// # Errors
    /// [`BadFilter`]
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        let pairs = pairs(text)?;
        for (name, _) in &pairs {
            if attribute_key(name).is_none() && !NAMES.contains(&&**name) {
                return Err(BadFilter::Unknown(shown(name)));
            }
        }
        let question = sorted(&pairs);
        // Nothing in it is counted from there.
        let query = Query::from_pairs(pairs, Timestamp::from_nanos(0))?;
        if query == Query::default() {
            return Err(BadFilter::Nothing);
        }
        Ok(Self {
            text: text.to_owned(),
            question,
            query,
        })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it asks for.
    pub fn query(&self) -> &Query {
        &self.query
    }
}

/// What somebody may know of: all, or what a filter lets through.
#[derive(Debug, Clone)]
pub struct Reach(Option<Arc<Filter>>);

impl Reach {
    /// All records.
    pub const EVERYTHING: Self = Self(None);

    /// Those of a filter, if there is one.
    pub fn of(filter: Option<&Arc<Filter>>) -> Self {
        Self(filter.cloned())
    }

    /// The filter, unless all records are within reach.
    pub fn filter(&self) -> Option<&Filter> {
        self.0.as_deref()
    }

    /// Whether no record is out of reach.
    pub fn is_everything(&self) -> bool {
        self.0.is_none()
    }

    /// What of a question is within reach.
    pub fn bind(&self, query: Query) -> BoundQuery {
        let query = match &self.0 {
            None => query,
            Some(filter) => query.and(&filter.query),
        };
        BoundQuery {
            query,
            reach: self.clone(),
        }
    }

    /// A question, as a cursor is tied to it: it goes on with another answer for nobody who reaches less, or more.
    pub fn question(&self, question: String) -> String {
        match &self.0 {
            None => question,
            // No parameter that is written in an address has a line break.
            Some(filter) => format!("{question}\n{}", filter.question),
        }
    }
}

/// A query that asks for nothing out of somebody's reach.
#[derive(Debug, Clone)]
pub struct BoundQuery {
    query: Query,
    reach: Reach,
}

impl BoundQuery {
    /// The query, with all that binds it.
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The query, with all that binds it, and how far it may reach.
    pub fn into_parts(self) -> (Query, Reach) {
        (self.query, self.reach)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Arc<Filter> {
        Arc::new(Filter::parse(text).unwrap())
    }

    fn query(text: &str) -> Query {
        Query::parse(text, Timestamp::from_nanos(0)).unwrap()
    }

    #[test]
    fn a_filter_is_what_a_query_string_says_but_for_times_and_forms() {
        for (text, said) in [
            ("attr.service=orders&logLevel=WARN,ERROR", None),
            ("attributes.service=orders", None),
            (
                "q=a+b&word=c&regex=d.*e&caseSensitive=true&minLevel=WARN",
                None,
            ),
            ("attr.service=!secret", None),
            (
                "startTime=-1h",
                Some(
                    "it cannot have \"startTime\": known are logLevel, minLevel, q, word, caseSensitive, regex and attr.KEY",
                ),
            ),
            ("attr.a=1&endTime=now", Some("it cannot have \"endTime\"")),
            ("attr.a=1&order=desc", Some("it cannot have \"order\"")),
            ("attr.a=1&limit=5", Some("it cannot have \"limit\"")),
            ("attr.a=1&cursor=x", Some("it cannot have \"cursor\"")),
            ("service=orders", Some("it cannot have \"service\"")),
            ("?attr.a=1", Some("it cannot have \"?attr.a\"")),
            ("", Some("it leaves nothing out")),
            ("&", Some("it leaves nothing out")),
            ("caseSensitive=true", Some("it leaves nothing out")),
            ("logLevel=", Some("logLevel is empty")),
            ("minLevel=loud", Some("minLevel is no level")),
            ("regex=(", Some("regex cannot be used")),
            ("q=%FF", Some("parameter \"q\" is no UTF-8")),
            ("attr.=1", Some("attr. has no name")),
        ] {
            let error = Filter::parse(text).err().map(|error| error.to_string());
            match said {
                None => assert_eq!(error, None, "{text}"),
                Some(said) => assert!(error.unwrap().starts_with(said), "{text}"),
            }
        }
    }

    #[test]
    fn what_is_asked_for_never_takes_the_place_of_the_filter() {
        let reach = Reach::of(Some(&filter(
            "attr.service=orders&logLevel=INFO&minLevel=INFO",
        )));
        for text in ["", "attr.service=bank", "logLevel=ERROR", "minLevel=TRACE"] {
            let bound = reach.bind(query(text));
            let all: Vec<_> = bound
                .query()
                .attributes
                .iter()
                .map(|one| one.value())
                .collect();
            assert!(all.contains(&Some("orders")), "{text}");
            let possible = bound.query().severities().unwrap();
            assert!(
                possible.iter().all(|severity| (9..=12).contains(severity)),
                "{text}"
            );
        }
        let bound = Reach::EVERYTHING.bind(query("attr.a=1"));
        assert_eq!(*bound.query(), query("attr.a=1"));
    }

    #[test]
    fn a_question_is_another_one_for_whoever_reaches_less() {
        let question = |filter: Option<&Arc<Filter>>| Reach::of(filter).question("q=a".to_owned());
        let (one, same, other) = (
            filter("attr.a=1&q=b"),
            filter("q=%62&attr.a=1"),
            filter("attr.a=2&q=b"),
        );
        assert_eq!(question(None), "q=a");
        assert_eq!(question(Some(&one)), question(Some(&same)));
        assert_ne!(question(Some(&one)), question(Some(&other)));
        assert_ne!(question(Some(&one)), question(None));
        // Not even where the words are the same.
        let asked = Reach::EVERYTHING.question("attr.a=1&q=a&q=b".to_owned());
        assert_ne!(question(Some(&one)), asked);
    }
}
