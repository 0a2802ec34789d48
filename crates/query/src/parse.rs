//! The part of an address behind the question mark, read into a [`Query`].

use super::{AttributeFilter, LevelFilter, Order, Pattern, Query, QueryError, Substring, time};
use logs::{Level, Timestamp};
use std::borrow::Cow;

/// Values of one parameter that may be given several times.
const MOST_VALUES: usize = 16;
/// Characters of an unknown name that are repeated to the caller.
const SHOWN: usize = 100;

impl Query {
    /// Reads the part of an address behind the question mark. An empty value counts as left out.
    /// Relative times are counted from `now`.
    ///
    /// # Errors
    /// [`QueryError`] that names the parameter.
    pub fn parse(query_string: &str, now: Timestamp) -> Result<Self, QueryError> {
        Self::from_pairs(form_urlencoded::parse(query_string.as_bytes()), now)
    }

    /// The same of names and values that are read already.
    ///
    /// # Errors
    /// [`QueryError`] that names the parameter.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
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
    case_sensitive: Option<String>,
    patterns: Vec<String>,
    attributes: Vec<AttributeFilter>,
    order: Option<String>,
}

impl Given {
    fn take(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        if let Some(key) = name.strip_prefix("attr.") {
            let filter = AttributeFilter::new(key, value)?;
            return several("attr.KEY", &mut self.attributes, filter);
        }
        let is_empty = value.is_empty();
        match name {
            "startTime" => once("startTime", &mut self.start, value),
            "endTime" => once("endTime", &mut self.end, value),
            "minLevel" => once("minLevel", &mut self.min_level, value),
            "caseSensitive" => once("caseSensitive", &mut self.case_sensitive, value),
            "order" => once("order", &mut self.order, value),
            "logLevel" => {
                self.levels.add(value);
                Ok(())
            }
            "q" | "regex" if is_empty => Ok(()),
            "q" => several("q", &mut self.texts, value.to_owned()),
            "regex" => several("regex", &mut self.patterns, value.to_owned()),
            other => Err(QueryError::Unknown(other.chars().take(SHOWN).collect())),
        }
    }

    fn query(self, now: Timestamp) -> Result<Query, QueryError> {
        let time = |parameter, text: Option<String>| {
            let time = text.map(|text| time::parse(&text, now)).transpose();
            time.map_err(|reason| QueryError::BadTime { parameter, reason })
        };
        let (start, end) = (time("startTime", self.start)?, time("endTime", self.end)?);
        if let (Some(start), Some(end)) = (start, end)
            && start > end
        {
            return Err(QueryError::EmptyRange);
        }
        let min_level = self
            .min_level
            .map(|text| Level::from_text(&text).ok_or(QueryError::BadLevel));
        let case_sensitive = boolean("caseSensitive", self.case_sensitive.as_deref())?;
        let texts = self.texts.iter();
        let patterns = self.patterns.iter();
        Ok(Query {
            start,
            end,
            levels: (!self.levels.is_empty()).then_some(self.levels),
            min_level: min_level.transpose()?,
            texts: texts
                .map(|text| Substring::new(text, case_sensitive))
                .collect::<Result<_, _>>()?,
            patterns: patterns
                .map(|text| Pattern::new(text))
                .collect::<Result<_, _>>()?,
            attributes: self.attributes,
            order: match self.order.as_deref() {
                None | Some("asc") => Order::Ascending,
                Some("desc") => Order::Descending,
                Some(_) => return Err(QueryError::BadOrder),
            },
        })
    }
}

/// Takes the value of a parameter that may be given once; an empty one counts as left out.
///
/// # Errors
/// [`QueryError::Repeated`].
pub fn once(name: &'static str, place: &mut Option<String>, value: &str) -> Result<(), QueryError> {
    if !value.is_empty() && place.replace(value.to_owned()).is_some() {
        return Err(QueryError::Repeated(name));
    }
    Ok(())
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
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(QueryError::BadBoolean(name)),
    }
}
