//! What is asked for: parsed from the query string, and decided by [`Query::matches_within`].
//!
//! A store narrows with [`Query::bounds`], [`Query::severities`], [`Query::texts`],
//! [`Query::phrases`], [`Query::message_matches`] and [`Query::attributes`], which never leave out a record that matches;
//! what matches is defined here, so all stores answer alike. A store that knows of some of this exactly asks for the
//! [`Query::rest`] of it; blocks know much of it by their columns, and random records and queries hold them to it.
//!
//! Pure: `now` and the cursors' key come in. It knows no store, and HTTP only as far as a query string
//! goes.
//!
//! To add a filter: a file beside `text_filter.rs` with a type that says whether it matches, a line in
//! [`Query::matches_within`], what [`Query::is_of_time_and_severity`], [`Query::rest`], [`Query::and`] and the counting in blocks ask of it
//! (they do not compile without), and a name in `parse.rs`. It works on all stores then; narrowing in a store only makes it faster.

mod attribute_filter;
mod attribute_path;
mod attribute_texts;
mod attribute_values;
mod automaton;
pub mod buckets;
mod conjunction;
pub mod cursor;
mod error;
mod folding;
pub mod grid;
pub mod interval;
mod json_parts;
mod level_filter;
mod needle;
mod pairs;
mod parse;
mod patience;
mod pattern;
mod phrase_filter;
mod quoting;
pub mod reach;
pub mod shift;
pub mod span;
mod stored_values;
mod text_filter;
mod time;
mod words;
pub mod zone;

pub use attribute_filter::AttributeFilter;
pub use attribute_path::may_name_a_place;
pub use attribute_texts::attribute_texts;
pub use attribute_values::{each_value, each_value_at};
pub use error::FILTERS;
pub use error::QueryError;
pub use folding::{cases, folded};
pub use level_filter::LevelFilter;
pub use needle::LONGEST;
pub use pairs::{Pair, attribute_key, pairs, sorted};
pub use parse::once;
pub use patience::{GaveUp, Patience};
pub use pattern::Pattern;
pub use phrase_filter::Phrase;
pub use stored_values::StoredValues;
pub use text_filter::Substring;
pub use words::words;

use logs::{Level, Timestamp};
use record::id::RecordId;

/// A query for records: every part that is there has to fit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Records at or after this time.
    pub start: Option<Timestamp>,
    /// Records before this time.
    pub end: Option<Timestamp>,
    /// Records of one of these levels.
    pub levels: Option<LevelFilter>,
    /// Records of this level or a worse one; an unknown level is none of them.
    pub min_level: Option<Level>,
    /// Texts that the message contains, all of them.
    pub texts: Vec<Substring>,
    /// Phrases of whole words that are in the message, all of them.
    pub phrases: Vec<Phrase>,
    /// Regular expressions that are found in the message, all of them.
    pub patterns: Vec<Pattern>,
    /// What is said of attributes, all of it.
    pub attributes: Vec<AttributeFilter>,
    /// Which records come first.
    pub order: Order,
}

/// An order of ids, and with it of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Order {
    /// The oldest first.
    #[default]
    Ascending,
    /// The newest first.
    Descending,
}

/// The part of a record that a query looks at.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The record's id, and with it its time.
    pub id: RecordId,
    /// Its severity, 0 when the level is unknown.
    pub severity: u8,
    /// Its level's text.
    pub level: Option<&'a str>,
    /// Its text.
    pub message: &'a str,
    /// Its attributes as a JSON object.
    pub attributes: Option<&'a str>,
}

/// A range of ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// The least id.
    pub from: RecordId,
    /// Whether the least id itself is left out.
    pub behind: bool,
    /// The least id that is beyond, or `None` when there is no end.
    pub before: Option<RecordId>,
}

impl Query {
    /// Whether a record is asked for, however long it takes to tell.
    #[inline]
    pub fn matches(&self, record: Candidate<'_>) -> bool {
        let mut goes_on = || true;
        let patience = &mut Patience::new(&mut goes_on);
        self.matches_within(record, patience) == Ok(true)
    }

    /// Whether a record is asked for. The one definition of it.
    ///
    /// # Errors
    /// [`GaveUp`] when the patience is over before that is known.
    #[inline]
    pub fn matches_within(
        &self,
        record: Candidate<'_>,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        if !self.head_matches(record) || !self.message_matches(record.message, patience)? {
            return Ok(false);
        }
        for filter in &self.attributes {
            if !filter.matches(record.attributes, patience)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    #[inline]
    fn head_matches(&self, record: Candidate<'_>) -> bool {
        let time = record.id.time();
        self.start.is_none_or(|start| time >= start)
            && self.end.is_none_or(|end| time < end)
            && self.level_matches(record.severity, record.level)
    }

    /// Whether a level is one that is asked for: no record with another one matches.
    #[inline]
    pub fn level_matches(&self, severity: u8, level: Option<&str>) -> bool {
        let levels = self.levels.as_ref();
        let least = self.min_level;
        levels.is_none_or(|levels| levels.matches(severity, level))
            && least.is_none_or(|least| level_filter::is_at_least(severity, least))
    }

    /// Whether a message has all that is looked for in messages: no record with another one matches.
    ///
    /// # Errors
    /// [`GaveUp`] when the patience is over before that is known.
    #[inline]
    pub fn message_matches(
        &self,
        message: &str,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        for text in &self.texts {
            if !text.is_in(message, patience)? {
                return Ok(false);
            }
        }
        for phrase in &self.phrases {
            if !phrase.is_in(message, patience)? {
                return Ok(false);
            }
        }
        for pattern in &self.patterns {
            if !pattern.is_in(message, patience)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether any of some messages, which stand behind one another in `run`, may have all that is looked for:
    /// where this is not so, none has.
    ///
    /// # Errors
    /// [`GaveUp`] when the patience is over before that is known.
    pub fn any_message_may_match(
        &self,
        run: &str,
        patience: &mut Patience<'_>,
    ) -> Result<bool, GaveUp> {
        for text in &self.texts {
            if !text.is_in(run, patience)? {
                return Ok(false);
            }
        }
        for phrase in &self.phrases {
            if !phrase.text_is_in(run, patience)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Bytes that what is looked for in messages takes at most, while it is looked for.
    pub fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(Substring::bytes).sum();
        let phrases: usize = self.phrases.iter().map(Phrase::bytes).sum();
        let patterns: usize = self.patterns.iter().map(Pattern::bytes).sum();
        texts + phrases + patterns
    }

    /// Whether anything is looked for in messages.
    pub fn looks_into_messages(&self) -> bool {
        !self.texts.is_empty() || !self.phrases.is_empty() || !self.patterns.is_empty()
    }

    /// Whether nothing is asked for but times and levels that are known by their severity, so that an
    /// id and a severity are enough to tell what matches.
    pub fn is_of_time_and_severity(&self) -> bool {
        // By name, so that whoever adds a filter has to say so here, too.
        let Self {
            start: _,
            end: _,
            min_level: _,
            order: _,
            levels,
            texts,
            phrases,
            patterns,
            attributes,
        } = self;
        texts.is_empty()
            && phrases.is_empty()
            && patterns.is_empty()
            && attributes.is_empty()
            && !levels.as_ref().is_some_and(LevelFilter::has_texts)
    }

    /// What is left to be asked about a record whose id is within the [bounds](Self::bounds), whose severity is one of
    /// [those that can match](Self::severities), whose message [has all that is looked for](Self::message_matches), and
    /// which fulfils those of the conditions on attributes of which this `is_known`; `None` when it matches.
    pub fn rest(&self, is_known: impl Fn(&AttributeFilter) -> bool) -> Option<Self> {
        // By name, so that whoever adds a filter has to say so here, too.
        let Self {
            start: _,
            end: _,
            min_level: _,
            order: _,
            texts: _,
            phrases: _,
            patterns: _,
            levels,
            attributes,
        } = self;
        let levels = levels.clone().filter(LevelFilter::has_texts);
        let unknown = attributes.iter().filter(|filter| !is_known(filter));
        let attributes: Vec<AttributeFilter> = unknown.cloned().collect();
        let is_nothing = levels.is_none() && attributes.is_empty();
        (!is_nothing).then(|| Self {
            levels,
            attributes,
            ..Self::default()
        })
    }

    /// The ids that can match and come behind `after` in the order that is asked for.
    pub fn bounds(&self, after: Option<RecordId>) -> Bounds {
        let all = Bounds {
            from: self.start.map_or(RecordId::MIN, RecordId::first_at),
            behind: false,
            before: self.end.map(RecordId::first_at),
        };
        match (after, self.order) {
            (Some(after), Order::Ascending) if after >= all.from => Bounds {
                from: after,
                behind: true,
                ..all
            },
            (Some(after), Order::Descending) => Bounds {
                before: Some(all.before.map_or(after, |end| end.min(after))),
                ..all
            },
            (Some(_), Order::Ascending) | (None, _) => all,
        }
    }

    /// The severities that can match, ascending; `None` when any can.
    pub fn severities(&self) -> Option<Vec<u8>> {
        let least = |severity: &u8| {
            self.min_level
                .is_none_or(|least| level_filter::is_at_least(*severity, least))
        };
        match &self.levels {
            Some(levels) => Some(levels.severities().filter(least).collect()),
            None => self
                .min_level
                .map(|_| level_filter::ALL.filter(least).collect()),
        }
    }
}

#[cfg(test)]
mod tests;
