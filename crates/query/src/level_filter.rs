//! Levels that are asked for: by name in any spelling, by any other text, or from one on.

use super::QueryError;
use super::folding::folded;
use super::quoting;
use logs::{Level, SEVERITY_UNKNOWN};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Every severity of a known level.
pub(super) const ALL: RangeInclusive<u8> = 1..=24;

/// Levels, one of which a record has to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LevelFilter {
    /// The severities of the known levels that are asked for.
    severities: BTreeSet<u8>,
    /// Texts that are no known level, as they are counted: matched without regard to case.
    texts: BTreeSet<String>,
}

impl LevelFilter {
    /// The filter that a text asks for: one level, or several with commas between them.
    ///
    /// # Errors
    /// [`QueryError`] when one begins with a quote and is no JSON string.
    pub fn new(text: &str) -> Result<Self, QueryError> {
        let mut filter = Self::default();
        filter.add(text)?;
        Ok(filter)
    }

    /// The levels that a text names, which has commas between them; one in quotes is what stands between
    /// these, as in JSON, and any other is left out when it is empty.
    ///
    /// # Errors
    /// [`QueryError`] when one begins with a quote and is no JSON string.
    pub fn names(text: &str) -> Result<Vec<Cow<'_, str>>, QueryError> {
        quoting::items(text).map_err(|_| QueryError::not_quoted("logLevel", text))
    }

    /// The text that stands for all spellings of a level that is not known: small letters, without the
    /// white space around them.
    pub fn counted(text: &str) -> String {
        let text = text.trim();
        let counted = folded(text);
        // One that has become a known level (`verboſe`) would be asked for as that.
        match Level::from_text(&counted) {
            Some(_) => text.to_owned(),
            None => counted,
        }
    }

    /// How a level is written in quotes, when without them it would ask for something else.
    pub fn quoted(name: &str) -> Option<String> {
        let is_plain = !name.is_empty() && !name.contains(',') && !quoting::is_quoted(name);
        (!is_plain).then(|| quoting::write(name))
    }

    /// Asks for the levels of `text` as well.
    pub(super) fn add(&mut self, text: &str) -> Result<(), QueryError> {
        for name in Self::names(text)? {
            match Level::from_text(&name) {
                Some(level) => self.severities.extend(level.severities()),
                None => drop(self.texts.insert(Self::counted(&name))),
            }
        }
        Ok(())
    }

    /// The levels that both ask for: where there are none, nothing matches.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self {
            severities: &self.severities & &other.severities,
            texts: &self.texts & &other.texts,
        }
    }

    /// Whether no level is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.severities.is_empty() && self.texts.is_empty()
    }

    /// Whether a level is asked for that has no severity.
    pub(super) fn has_texts(&self) -> bool {
        !self.texts.is_empty()
    }

    pub(super) fn matches(&self, severity: u8, level: Option<&str>) -> bool {
        self.severities.contains(&severity)
            || (severity == SEVERITY_UNKNOWN
                && !self.texts.is_empty()
                && level.is_some_and(|level| self.texts.contains(&Self::counted(level))))
    }

    /// The severities that can match, ascending.
    pub(super) fn severities(&self) -> impl Iterator<Item = u8> {
        let unknown = (!self.texts.is_empty()).then_some(SEVERITY_UNKNOWN);
        unknown.into_iter().chain(self.severities.iter().copied())
    }
}

/// Whether a severity is that of `least` or of a worse level; one that is unknown or that no level
/// has is not.
pub(super) fn is_at_least(severity: u8, least: Level) -> bool {
    (*least.severities().start()..=*ALL.end()).contains(&severity)
}
