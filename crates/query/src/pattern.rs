//! Regular expressions that are looked for in the message.

use super::QueryError;
use super::automaton::{Automaton, REGEX_DEPTH};
use super::needle::LONGEST;
use super::patience::{GaveUp, Patience};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

/// Bytes that a compiled regular expression may take; each one is kept only while it is answered.
const REGEX_BYTES: usize = 256 * 1024;
/// Bytes of the message times states of the automaton, up to which a message is searched without a
/// pause. Each of these costs 10 ns at most (measured: `[ab]*a[ab]{90}c|a[ab]{60}d`, of 160 states, took
/// 1.6 µs for each byte of a text of nothing but a and b, and `[ab]*a[ab]{900}c`, of 907, took 7.8 µs).
const SHORT: usize = 4_000_000;
/// The same product, up to which a search is begun without a question: 0.1 ms at most.
const UNASKED: usize = SHORT / 400;

/// A regular expression that has to be found in the message, in time linear in its length. A clone
/// goes on with what the search has learned so far; that of a `Regex` begins anew.
#[derive(Debug, Clone)]
pub struct Pattern(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    /// The quickest, in one go.
    regex: Regex,
    /// The same for long messages, piece by piece.
    automaton: Automaton,
}

impl Pattern {
    /// Reads an expression in the syntax of the crate `regex`; one of a kilobyte may take some tens of
    /// milliseconds.
    ///
    /// # Errors
    /// [`QueryError`] when it is too long, is none, or takes too much memory.
    pub fn new(text: &str) -> Result<Self, QueryError> {
        if text.len() > LONGEST {
            return Err(QueryError::TooLong {
                parameter: "regex",
                limit: LONGEST,
            });
        }
        let regex = RegexBuilder::new(text)
            .size_limit(REGEX_BYTES)
            .dfa_size_limit(REGEX_BYTES)
            .nest_limit(REGEX_DEPTH)
            .build()
            .map_err(|error| QueryError::BadRegex(reason(&error)))?;
        let automaton = Automaton::new(text, REGEX_BYTES).map_err(QueryError::BadRegex)?;
        Ok(Self(Arc::new(Compiled { regex, automaton })))
    }

    /// Bytes that it takes at most: both directions of `regex` and the automaton, each with states that
    /// were made as they were met, and the states that are followed one by one.
    pub(super) fn bytes(&self) -> usize {
        4 * self.0.automaton.bytes() + 3 * REGEX_BYTES
    }

    pub(super) fn is_in(&self, message: &str, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
        let Compiled { regex, automaton } = &*self.0;
        let work = message.len().saturating_mul(automaton.states());
        if work > UNASKED {
            patience.ask()?;
        }
        if work <= SHORT {
            return Ok(regex.is_match(message));
        }
        automaton.is_in(message, patience)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.regex.as_str() == other.0.regex.as_str()
    }
}

/// The crate draws a picture of several lines; its last one says what is wrong.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(limit) => {
            format!("it takes more than {limit} bytes of memory")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_costly_expression_over_a_short_message_is_not_begun_without_a_question() {
        let pattern = Pattern::new("[ab]*a[ab]{900}c|a[ab]{860}d").unwrap();
        let message = "ab".repeat(350);
        assert!(message.len() <= SHORT / pattern.0.automaton.states());
        let mut goes_on = || false;
        let patience = &mut Patience::new(&mut goes_on);
        assert_eq!(pattern.is_in(&message, patience), Err(GaveUp));
        let plain = Pattern::new("a+c").unwrap();
        assert_eq!(plain.is_in(&message, patience), Ok(false));
    }
}
