//! A search that follows all states which are possible at a place: some nanoseconds for each of them
//! and each byte, whatever the message.

use crate::patience::{GaveUp, Patience};
use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;
use std::mem;

/// States that are followed between two questions for patience: some milliseconds.
const FOLLOWED: usize = 500_000;

/// Whether the expression is found in `message`.
pub(super) fn is_in(nfa: &NFA, message: &str, patience: &mut Patience<'_>) -> Result<bool, GaveUp> {
    let (mut here, mut next) = (States::of(nfa), States::of(nfa));
    let mut followed = 0;
    for at in 0..=message.len() {
        let begins = at == 0 || !nfa.is_always_start_anchored();
        if begins && message.is_char_boundary(at) {
            followed += here.reach(nfa, nfa.start_anchored(), message, at);
        }
        if here.matched {
            return Ok(true);
        }
        let Some(byte) = message.as_bytes().get(at) else {
            break;
        };
        next.clear();
        for state in &here.reached {
            if let Some(target) = target(nfa, *state, *byte) {
                followed += next.reach(nfa, target, message, at + 1);
            }
        }
        followed += here.reached.len() + 1;
        mem::swap(&mut here, &mut next);
        if followed >= FOLLOWED {
            followed = 0;
            patience.ask()?;
        }
    }
    Ok(false)
}

/// Where a state leads with this byte.
fn target(nfa: &NFA, state: StateID, byte: u8) -> Option<StateID> {
    match nfa.state(state) {
        State::ByteRange { trans } => trans.matches_byte(byte).then_some(trans.next),
        State::Sparse(transitions) => transitions.matches_byte(byte),
        State::Dense(transitions) => transitions.matches_byte(byte),
        _ => None,
    }
}

/// The states that are possible at one place.
struct States {
    /// Those that a byte leads on from.
    reached: Vec<StateID>,
    /// For each state the turn in which it was seen last.
    seen: Vec<u32>,
    turn: u32,
    /// To be looked at.
    open: Vec<StateID>,
    /// Whether the end of the expression is among them.
    matched: bool,
}

impl States {
    fn of(nfa: &NFA) -> Self {
        Self {
            reached: Vec::new(),
            seen: vec![0; nfa.states().len()],
            turn: 1,
            open: Vec::new(),
            matched: false,
        }
    }

    fn clear(&mut self) {
        self.reached.clear();
        self.matched = false;
        self.turn = self.turn.wrapping_add(1);
        if self.turn == 0 {
            self.seen.fill(0);
            self.turn = 1;
        }
    }

    /// Adds a state, and all that it leads to without a byte; how many were looked at.
    fn reach(&mut self, nfa: &NFA, state: StateID, message: &str, at: usize) -> usize {
        let mut looked_at = 0;
        self.open.push(state);
        while let Some(state) = self.open.pop() {
            looked_at += 1;
            match self.seen.get_mut(state.as_usize()) {
                Some(turn) if *turn != self.turn => *turn = self.turn,
                _ => continue,
            }
            match nfa.state(state) {
                State::ByteRange { .. } | State::Sparse(_) | State::Dense(_) => {
                    self.reached.push(state);
                }
                State::Look { look, next } => {
                    if nfa.look_matcher().matches(*look, message.as_bytes(), at) {
                        self.open.push(*next);
                    }
                }
                State::Union { alternates } => self.open.extend(alternates.iter().copied()),
                State::BinaryUnion { alt1, alt2 } => self.open.extend([*alt1, *alt2]),
                State::Capture { next, .. } => self.open.push(*next),
                State::Fail => {}
                State::Match { .. } => self.matched = true,
            }
        }
        looked_at
    }
}
