//! A regular expression searched for piece by piece, so that a search through a long message can be
//! given up at any place.
//!
//! A deterministic automaton, whose states are made as they are met, goes a byte in some nanoseconds.
//! Where it would need a new state for almost every byte, and where it cannot tell what a word is, the
//! states that are possible are followed one by one.

mod all_states;

use super::patience::{GaveUp, Patience};
use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::util::start;
use regex_automata::util::syntax;
use regex_automata::{Anchored, MatchKind};
use std::sync::{Mutex, PoisonError};

/// Brackets in brackets.
pub(super) const REGEX_DEPTH: u32 = 50;
/// Bytes between two questions for patience where a byte costs a look into a table.
const PIECE: usize = 64 * 1024;
/// How often the states that were made may be thrown away because they are too many.
const CLEARS: usize = 3;
/// Bytes for each state that is made, below which making them costs more than it saves.
const BYTES_PER_STATE: usize = 10;

/// The states of an expression, and what a search through them needs.
#[derive(Debug)]
pub(super) struct Automaton {
    nfa: NFA,
    dfa: DFA,
    /// From the last search: what it has learned serves the next.
    learned: Mutex<Option<dfa::Cache>>,
    states: usize,
}

/// The deterministic automaton says nothing of this message.
struct NotByState;

impl Automaton {
    /// The automaton of an expression that the crate `regex` takes as well, which keeps so many bytes of
    /// states in mind.
    ///
    /// # Errors
    /// In one sentence, when there is none.
    pub(super) fn new(text: &str, bytes: usize) -> Result<Self, String> {
        let nfa = thompson::Compiler::new()
            .syntax(syntax::Config::new().nest_limit(REGEX_DEPTH))
            .configure(thompson::Config::new().which_captures(WhichCaptures::None))
            .build(text)
            .map_err(|error| error.to_string())?;
        let config = DFA::config()
            .match_kind(MatchKind::All)
            .unicode_word_boundary(true)
            .cache_capacity(bytes)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(CLEARS))
            .minimum_bytes_per_state(Some(BYTES_PER_STATE));
        let dfa = DFA::builder()
            .configure(config)
            .build_from_nfa(nfa.clone())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            states: nfa.states().iter().map(ways).sum::<usize>().max(1),
            nfa,
            dfa,
            learned: Mutex::default(),
        })
    }

    /// How many states may have to be looked at for a byte, the ways out of each that need no byte counted
    /// as well; at least one.
    pub(super) fn states(&self) -> usize {
        self.states
    }

    /// Bytes that the expression itself takes.
    pub(super) fn bytes(&self) -> usize {
        self.nfa.memory_usage()
    }

    /// Whether the expression is found in `message`.
    pub(super) fn is_in(&self, message: &str, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
        let learned = || self.learned.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = learned().take();
        let mut cache = kept.unwrap_or_else(|| self.dfa.create_cache());
        let found = self.by_state(message.as_bytes(), &mut cache, patience);
        *learned() = Some(cache);
        match found? {
            Ok(found) => Ok(found),
            Err(NotByState) => all_states::is_in(&self.nfa, message, patience),
        }
    }

    fn by_state(
        &self,
        message: &[u8],
        cache: &mut dfa::Cache,
        patience: &mut Patience<'_>,
    ) -> Result<Result<bool, NotByState>, GaveUp> {
        // Nothing may be found within a character, which this one does not know.
        if self.nfa.has_empty() {
            return Ok(Err(NotByState));
        }
        let start = start::Config::new().anchored(Anchored::No);
        let Ok(mut state) = self.dfa.start_state(cache, &start) else {
            return Ok(Err(NotByState));
        };
        cache.search_start(0);
        let mut position = 0;
        for piece in message.chunks(PIECE) {
            let ended = self.through(piece, &mut state, cache);
            position += piece.len();
            cache.search_update(position);
            match ended {
                Ok(None) => {}
                Ok(Some(found)) => return Ok(Ok(found)),
                Err(reason) => return Ok(Err(reason)),
            }
            patience.ask()?;
        }
        let end = self.dfa.next_eoi_state(cache, state);
        Ok(end.map(|state| state.is_match()).map_err(|_| NotByState))
    }

    /// Goes on through a piece; what is found, once that is known.
    fn through(
        &self,
        piece: &[u8],
        state: &mut LazyStateID,
        cache: &mut dfa::Cache,
    ) -> Result<Option<bool>, NotByState> {
        for byte in piece {
            let next = self.dfa.next_state(cache, *state, *byte);
            *state = next.map_err(|_| NotByState)?;
            if state.is_tagged() {
                if state.is_match() {
                    return Ok(Some(true));
                }
                if state.is_dead() {
                    return Ok(Some(false));
                }
                if state.is_quit() {
                    return Err(NotByState);
                }
            }
        }
        Ok(None)
    }
}

/// What a state costs where it is possible.
fn ways(state: &thompson::State) -> usize {
    match state {
        thompson::State::Union { alternates } => 1 + alternates.len(),
        thompson::State::BinaryUnion { .. } => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    fn automaton(text: &str) -> Automaton {
        Automaton::new(text, 256 * 1024).unwrap()
    }

    /// Both ways; the first says nothing of some messages.
    fn both(automaton: &Automaton, message: &str) -> (Option<bool>, bool) {
        let mut goes_on = || true;
        let mut patience = Patience::new(&mut goes_on);
        let mut cache = automaton.dfa.create_cache();
        let one = automaton.by_state(message.as_bytes(), &mut cache, &mut patience);
        let all = all_states::is_in(&automaton.nfa, message, &mut patience).unwrap();
        (one.unwrap().ok(), all)
    }

    /// A text without any order.
    fn of_a_and_b(length: u32) -> String {
        let mut number = 1_u32;
        let mut letter = |_| {
            number ^= number << 13;
            number ^= number >> 17;
            number ^= number << 5;
            if number & 1 == 0 { 'a' } else { 'b' }
        };
        (0..length).map(&mut letter).collect()
    }

    const EXPRESSIONS: [&str; 14] = [
        "ab+c",
        "^a.*b$",
        "(?m)^b$",
        r"\bab\b",
        r"\Ba",
        "",
        "x*",
        "(?i)äB",
        r"\p{Greek}+a",
        "[ab]*a[ab]{3}c|a[ab]{2}d",
        r"(?-u:\B)",
        r"\Aab|c\z",
        "(?s:.)*$b",
        r"a\b{end}",
    ];

    proptest! {
        #[test]
        fn a_long_message_is_found_by_the_same_expressions_as_a_short_one(
            message in "[abcdx\näÄα -]{0,12}",
        ) {
            for text in EXPRESSIONS {
                let expected = Regex::new(text).unwrap().is_match(&message);
                let (one, all) = both(&automaton(text), &message);
                prop_assert_eq!(all, expected, "{:?} in {:?}", text, &message);
                prop_assert!(one.is_none_or(|one| one == expected), "{:?} in {:?}", text, &message);
            }
        }
    }

    #[test]
    fn states_that_do_not_fit_are_not_made_over_and_over() {
        let automaton = automaton("[ab]*a[ab]{90}c");
        assert_eq!(both(&automaton, &of_a_and_b(400_000)), (None, false));
        assert_eq!(both(&automaton, &"x".repeat(400_000)), (Some(false), false));
    }

    #[test]
    fn alternatives_without_a_byte_are_work_as_well() {
        let automaton = automaton(&format!("[ab]*a[ab]{{60}}(?:{}a){{40}}c", "|".repeat(400)));
        assert!(automaton.states() > 40 * 400);
        let (message, mut asked) = (of_a_and_b(2_000), 0);
        let mut goes_on = || {
            asked += 1;
            true
        };
        let patience = &mut Patience::new(&mut goes_on);
        assert_eq!(
            all_states::is_in(&automaton.nfa, &message, patience),
            Ok(false)
        );
        assert!(asked > 10, "{asked} questions");
    }

    #[test]
    fn a_search_that_is_given_up_ends_within_the_message() {
        let automaton = automaton("[ab]*a[ab]{90}c");
        for message in [of_a_and_b(200_000), "x".repeat(8_000_000)] {
            let mut asked = 0;
            let mut goes_on = || {
                asked += 1;
                asked < 3
            };
            let mut patience = Patience::new(&mut goes_on);
            assert_eq!(automaton.is_in(&message, &mut patience), Err(GaveUp));
            assert_eq!(asked, 3);
        }
    }
}
