//! Which blocks of a day are to become one.

use crate::blocks::storage::{Day, Listed};
use blocks::{MOST_RECORDS, MOST_TEXT};

/// So many of one size become one.
const TOGETHER: usize = 8;
/// At most so many at once.
const MOST_BLOCKS: usize = 64;
/// What a block may count for, which is as much as there can be in one.
const FULL: usize = MOST_RECORDS;
/// Of blocks with records of several days: these are divided, and need not fit into one.
const MOST_TEXT_OF_SEVERAL: usize = 4 * MOST_TEXT;

/// Whether others may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Eagerness {
    /// Records are coming.
    Busy,
    /// None have come for a while: also what would wait for more of its size is merged.
    Idle,
}

/// The blocks, of all those of a day, that are to be merged next; none when all may stay as they are.
pub(super) fn choose(day: Day, mut blocks: Vec<Listed>, eagerness: Eagerness) -> Vec<Listed> {
    blocks.sort_unstable_by_key(|block| block.summary.first);
    if day == Day::SEVERAL {
        let least = match eagerness {
            Eagerness::Busy => TOGETHER,
            Eagerness::Idle => 1,
        };
        return some(&blocks, least, usize::MAX, MOST_TEXT_OF_SEVERAL);
    }
    blocks.retain(|block| !is_full(block));
    if eagerness == Eagerness::Idle {
        return some(&blocks, 2, FULL, MOST_TEXT);
    }
    for tier in 0..=tier_of(FULL) {
        let of_tier = blocks.iter().filter(|block| tier_of(size(block)) == tier);
        let of_tier: Vec<Listed> = of_tier.cloned().collect();
        let chosen = some(&of_tier, TOGETHER, 2 * FULL, 2 * MOST_TEXT);
        if !chosen.is_empty() {
            return chosen;
        }
    }
    Vec::new()
}

/// As many as fit, from the first on, if these are enough.
fn some(blocks: &[Listed], least: usize, most_size: usize, most_text: usize) -> Vec<Listed> {
    let (mut sizes, mut text) = (0_usize, 0_usize);
    let fits = |block: &&Listed| {
        sizes = sizes.saturating_add(block.summary.records);
        text = text.saturating_add(block.summary.text);
        sizes <= most_size && text <= most_text
    };
    let mut chosen: Vec<Listed> = blocks
        .iter()
        .take(MOST_BLOCKS)
        .take_while(fits)
        .cloned()
        .collect();
    if chosen.is_empty() && least <= 1 {
        chosen.extend(blocks.first().cloned());
    }
    match chosen.len() >= least {
        true => chosen,
        false => Vec::new(),
    }
}

/// Records, or as many as would have so much text.
fn size(block: &Listed) -> usize {
    let summary = &block.summary;
    summary.records.max(summary.text / (MOST_TEXT / FULL))
}

fn is_full(block: &Listed) -> bool {
    size(block) >= FULL / 2
}

/// Each tier is eight times as large as the one before it.
fn tier_of(size: usize) -> u32 {
    size.max(1).ilog(TOGETHER)
}
