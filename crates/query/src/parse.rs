//! The part of an address behind the question mark, read into a [`Query`].

use super::pairs::{Pair, attribute_key, pairs, shown};
use super::{
    AttributeFilter, LevelFilter, Order, Pattern, Phrase, Query, QueryError, Substring, time,
};
use logs::{Level, Timestamp};

/// Values of one parameter that may be given several times.
const MOST_VALUES: usize = 16;

impl Query {
    /// Reads the part of an address behind the question mark. Relative times are counted from `now`, and
    /// times that no record can have mean the beginning or the end of all.
    ///
    /// # Errors
    /// [`QueryError`] that names the parameter.
    pub fn parse(query_string: &str, now: Timestamp) -> Result<Self, QueryError> {
        Self::from_pairs(pairs(query_string)?, now)
    }

    /// The same of names and values that are read already.
    ///
    /// # Errors
    /// [`QueryError`] that names the parameter.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = Pair<'a>>,
        now: Timestamp,
    ) -> Result<Self, QueryError> {
        let mut given = Given::default();
        for (name, value) in pairs {
            given.take(&name, &value)?;
        }
        given.query(now)
    }
}

/// The values as they came.
#[derive(Debug, Default)]
struct Given {
    start: Option<String>,
    end: Option<String>,
    levels: LevelFilter,
    min_level: Option<String>,
    texts: Vec<String>,
    phrases: Vec<String>,
    case_sensitive: Option<String>,
    patterns: Vec<String>,
    attributes: Vec<AttributeFilter>,
    order: Option<String>,
}

impl Given {
    fn take(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        if let Some(key) = attribute_key(name) {
            let filter = AttributeFilter::new(key, value)?;
            return several("attr.KEY", &mut self.attributes, filter);
        }
        match name {
            "startTime" => once("startTime", &mut self.start, value),
            "endTime" => once("endTime", &mut self.end, value),
            "minLevel" => once("minLevel", &mut self.min_level, value),
            "caseSensitive" => once("caseSensitive", &mut self.case_sensitive, value),
            "order" => once("order", &mut self.order, value),
            "logLevel" => {
                let names = value
                    .trim_matches(|character: char| character == ',' || character.is_whitespace());
                self.levels.add(filled("logLevel", names)?)
            }
            "q" => several("q", &mut self.texts, filled("q", value)?.to_owned()),
            "word" => several("word", &mut self.phrases, filled("word", value)?.to_owned()),
            "regex" => several(
                "regex",
                &mut self.patterns,
                filled("regex", value)?.to_owned(),
            ),
            other => Err(QueryError::Unknown(shown(other))),
        }
    }

    fn query(self, now: Timestamp) -> Result<Query, QueryError> {
        let time = |parameter, text: Option<String>| {
            let time =
                text.map(|text| time::parse(&text, now).ok_or(QueryError::BadTime(parameter)));
            time.transpose()
        };
        let (start, end) = (time("startTime", self.start)?, time("endTime", self.end)?);
        let (start, end) = time::range(start, end).ok_or(QueryError::EmptyRange)?;
        let min_level = self
            .min_level
            .map(|text| Level::from_text(&text).ok_or(QueryError::BadLevel));
        let case_sensitive = boolean("caseSensitive", self.case_sensitive.as_deref())?;
        let texts = self.texts.iter();
        let phrases = self.phrases.iter();
        let patterns = self.patterns.iter();
        Ok(Query {
            start,
            end,
            levels: (!self.levels.is_empty()).then_some(self.levels),
            min_level: min_level.transpose()?,
            texts: texts
                .map(|text| Substring::new(text, case_sensitive))
                .collect::<Result<_, _>>()?,
            phrases: phrases
                .map(|text| Phrase::new(text, case_sensitive))
                .collect::<Result<_, _>>()?,
            patterns: patterns
                .map(|text| Pattern::new(text))
                .collect::<Result<_, _>>()?,
            attributes: self.attributes,
            order: match self
                .order
                .map(|order| order.to_ascii_lowercase())
                .as_deref()
            {
                None | Some("asc") => Order::Ascending,
                Some("desc") => Order::Descending,
                Some(_) => return Err(QueryError::BadOrder),
            },
        })
    }
}

/// Takes the value of a parameter that may be given once, and not without a value.
///
/// # Errors
/// [`QueryError::Empty`] and [`QueryError::Repeated`].
pub fn once(name: &'static str, place: &mut Option<String>, value: &str) -> Result<(), QueryError> {
    match place.replace(filled(name, value)?.to_owned()) {
        None => Ok(()),
        Some(_) => Err(QueryError::Repeated(name)),
    }
}

fn filled<'a>(name: &'static str, value: &'a str) -> Result<&'a str, QueryError> {
    (!value.is_empty())
        .then_some(value)
        .ok_or(QueryError::Empty(name))
}

fn several<T>(name: &'static str, place: &mut Vec<T>, value: T) -> Result<(), QueryError> {
    if place.len() >= MOST_VALUES {
        return Err(QueryError::TooMany {
            parameter: name,
            limit: MOST_VALUES,
        });
    }
    place.push(value);
    Ok(())
}

fn boolean(name: &'static str, value: Option<&str>) -> Result<bool, QueryError> {
    match value.map(str::to_ascii_lowercase).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(QueryError::BadBoolean(name)),
    }
}
