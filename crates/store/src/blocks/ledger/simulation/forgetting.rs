//! Rounds of forgetting, step by step, and what they become when a rule is left out.

use super::super::remembering::{Beginning, Lettered, Removal, Round};
use super::super::row::{BatchKind, BatchRow, LedgerKey};
use super::super::spools::last_left_at;
use super::Fault;
use super::at_hand::AtHand;
use super::world::World;
use std::collections::HashSet;
use std::ops::Bound;

/// Rows that one transaction looks at.
const ROWS: usize = 4;

#[derive(Default)]
pub(super) enum Forgetting {
    #[default]
    Resting,
    Begun {
        beginning: Beginning,
        /// Read too early, for a fault.
        next_seq: u64,
    },
    Lettered(Lettered),
    Waiting(Round),
    Removing {
        removal: Removal,
        behind: Option<LedgerKey>,
    },
    /// Without a round.
    Careless(Option<LedgerKey>),
}

impl Forgetting {
    pub(super) fn step(&mut self, world: &mut World, at_hand: &AtHand) {
        *self = match std::mem::take(self) {
            Self::Resting => match world.fault {
                Fault::RemovedWhenDone | Fault::RemovedByAge | Fault::NoRound => {
                    Self::Careless(None)
                }
                _ => begin(world, at_hand),
            },
            Self::Begun { .. } if !at_hand.letters_are_read => Self::Resting,
            Self::Begun {
                beginning,
                next_seq,
            } => {
                let lettered = beginning.letters(keys(world));
                match world.fault {
                    Fault::NumbersBeforeLetters => Self::Waiting(lettered.up_to(next_seq)),
                    _ => Self::Lettered(lettered),
                }
            }
            Self::Lettered(lettered) => Self::Waiting(lettered.up_to(world.folder.next_seq())),
            Self::Waiting(round) => match round.go_on(world.folder.oldest()) {
                Ok(removal) => {
                    world.met.rounds += 1;
                    Self::Removing {
                        removal,
                        behind: None,
                    }
                }
                Err(round) => Self::Waiting(round),
            },
            held @ Self::Removing { .. }
                if world.is_backed_up && world.fault != Fault::ForgottenMeanwhile =>
            {
                held
            }
            Self::Removing { removal, behind } => {
                let below = removal.forgotten_below();
                let next = remove(world, at_hand, behind, below, |world, key, row| {
                    removal.forgets(key, row, has_letters(world, key))
                });
                match next {
                    Some(behind) => Self::Removing {
                        removal,
                        behind: Some(behind),
                    },
                    None => Self::Resting,
                }
            }
            Self::Careless(behind) => {
                let below = world.folder.oldest();
                let careless = |world: &World, key: &LedgerKey, row: &BatchRow| {
                    forgets_carelessly(world, at_hand, key, row)
                };
                match remove(world, at_hand, behind, below, careless) {
                    Some(behind) => Self::Careless(Some(behind)),
                    None => Self::Resting,
                }
            }
        };
    }
}

fn begin(world: &World, at_hand: &AtHand) -> Forgetting {
    Forgetting::Begun {
        beginning: Beginning {
            spool: at_hand.spool.number,
            done_below: at_hand.progress.done_below,
            now: world.now,
            last_left_at: last_left_at(&world.spools),
            memory: world.memory,
        },
        next_seq: world.folder.next_seq(),
    }
}

/// The batches that have letters.
fn keys(world: &World) -> HashSet<LedgerKey> {
    if matches!(
        world.fault,
        Fault::LettersNotAsked | Fault::LettersAskedAtTheEnd
    ) {
        return HashSet::new();
    }
    let all = world.letters.all();
    all.map(|letter| world.letter_key(letter)).collect()
}

fn has_letters(world: &World, key: &LedgerKey) -> bool {
    if world.fault == Fault::LettersNotAsked {
        return false;
    }
    let mut all = world.letters.all();
    all.any(|letter| world.letter_key(letter) == *key)
}

/// A transaction that looks at a few rows; the last of them, when there may be more.
fn remove(
    world: &mut World,
    at_hand: &AtHand,
    behind: Option<LedgerKey>,
    below: u64,
    forgets: impl Fn(&World, &LedgerKey, &BatchRow) -> bool,
) -> Option<LedgerKey> {
    let from = behind.map_or(Bound::Unbounded, Bound::Excluded);
    let looked_at = world.rows.range((from, Bound::Unbounded)).take(ROWS);
    let keys: Vec<LedgerKey> = looked_at.map(|(key, _)| *key).collect();
    for key in &keys {
        if forgets(world, key, &world.rows[key]) {
            world.rows.remove(key);
            world.met.rows_removed += 1;
        }
    }
    let known = world
        .spools
        .iter_mut()
        .find(|spool| spool.number == at_hand.spool.number);
    let known = known.unwrap();
    known.forgotten_below = known.forgotten_below.max(below);
    keys.last().copied()
}

fn forgets_carelessly(world: &World, at_hand: &AtHand, key: &LedgerKey, row: &BatchRow) -> bool {
    let hours = match row.kind {
        BatchKind::Keyless => Some(0),
        BatchKind::ContentKey => Some(24),
        BatchKind::OwnKey => world.memory.own_keys.map(|memory| memory.as_secs() / 3600),
    };
    let is_over = |hours: u64| {
        let nanos = i64::try_from(hours).unwrap() * super::world::HOUR;
        row.written_at.nanos() + nanos <= world.now.nanos()
    };
    let is_here = row.spool == at_hand.spool.number;
    let is_gone = match world.fault {
        Fault::RemovedByAge => true,
        Fault::RemovedWhenDone => is_here && row.seq < at_hand.progress.done_below,
        _ => is_here && row.seq < world.folder.oldest(),
    };
    let has_letters = !at_hand.letters_are_read || has_letters(world, key);
    is_gone && !has_letters && hours.is_some_and(is_over)
}
