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
    let is_idle = eagerness == Eagerness::Idle;
    if day == Day::SEVERAL {
        let least = if is_idle { 1 } else { TOGETHER };
        return first(blocks, least, usize::MAX, MOST_TEXT_OF_SEVERAL);
    }
    blocks.retain(|block| !is_full(block));
    if is_idle {
        return first(blocks, 2, FULL, MOST_TEXT);
    }
    for tier in 0..=tier_of(FULL) {
        let of_tier = blocks.iter().filter(|block| tier_of(size(block)) == tier);
        let of_tier: Vec<Listed> = of_tier.cloned().collect();
        let chosen = first(of_tier, TOGETHER, 2 * FULL, 2 * MOST_TEXT);
        if !chosen.is_empty() {
            return chosen;
        }
    }
    Vec::new()
}

/// If there are enough of them, the first ones, as many as may be merged at once, and one in any case.
fn first(
    mut blocks: Vec<Listed>,
    least: usize,
    most_records: usize,
    most_text: usize,
) -> Vec<Listed> {
    if blocks.len() < least {
        return Vec::new();
    }
    let (mut records, mut text) = (0_usize, 0_usize);
    let mut fits = |block: &Listed| {
        records = records.saturating_add(block.summary.records);
        text = text.saturating_add(block.summary.text);
        records <= most_records && text <= most_text
    };
    let fitting = blocks
        .iter()
        .take(MOST_BLOCKS)
        .take_while(|block| fits(block));
    let fitting = fitting.count().max(1);
    blocks.truncate(fitting);
    blocks
}

/// Records, or as many as would have so much text.
fn size(block: &Listed) -> usize {
    let summary = &block.summary;
    summary.records.max(summary.text / (MOST_TEXT / FULL))
}

/// How many of them are not full, which each search has to look at one by one.
pub(super) fn small(blocks: &[Listed]) -> usize {
    blocks.iter().filter(|block| !is_full(block)).count()
}

fn is_full(block: &Listed) -> bool {
    size(block) >= FULL / 2
}

/// Each tier is eight times as large as the one before it.
fn tier_of(size: usize) -> u32 {
    size.max(1).ilog(TOGETHER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::storage::Place;
    use blocks::head::Summary;
    use logs::Timestamp;
    use record::id::RecordId;

    /// Blocks of these numbers of records, one behind another.
    fn blocks(sizes: &[usize]) -> Vec<Listed> {
        let listed = |(number, records): (usize, &usize)| {
            let number = u64::try_from(number).unwrap();
            let first = RecordId::first_at(Timestamp::from_nanos(number.cast_signed()));
            Listed {
                place: Place {
                    day: Day(0),
                    number,
                },
                summary: Summary {
                    records: *records,
                    first,
                    last: first,
                    bytes: 30 * records,
                    text: 200 * records,
                    severities: vec![(9, *records as u64)],
                },
            }
        };
        sizes.iter().enumerate().map(listed).collect()
    }

    fn chosen(sizes: &[usize], eagerness: Eagerness) -> Vec<usize> {
        let mut blocks = blocks(sizes);
        blocks.reverse();
        let chosen = choose(Day(0), blocks, eagerness);
        chosen.iter().map(|block| block.summary.records).collect()
    }

    #[test]
    fn eight_of_a_size_are_merged_and_fewer_wait_for_more() {
        assert_eq!(chosen(&[5; 7], Eagerness::Busy), [0; 0]);
        assert_eq!(chosen(&[5; 8], Eagerness::Busy), [5; 8]);
        let mixed = [5, 600, 5, 5, 5, 5, 5, 600, 5, 5, 8_192];
        assert_eq!(chosen(&mixed, Eagerness::Busy), [5; 8]);
        assert_eq!(chosen(&[5, 70, 600, 8_192], Eagerness::Busy), [0; 0]);
    }

    #[test]
    fn large_ones_are_merged_as_many_as_fit() {
        assert_eq!(chosen(&[3_000; 8], Eagerness::Busy), [3_000; 5]);
        assert_eq!(chosen(&[4_096; 20], Eagerness::Busy), [0; 0]);
    }

    #[test]
    fn when_nothing_comes_all_small_ones_become_few() {
        assert_eq!(
            chosen(&[5, 8_192, 600, 3_000], Eagerness::Idle),
            [5, 600, 3_000]
        );
        assert_eq!(chosen(&[8_192, 600, 5_000], Eagerness::Idle), [0; 0]);
    }

    #[test]
    fn of_several_days_even_one_is_divided() {
        let one = blocks(&[100]);
        assert_eq!(choose(Day::SEVERAL, one.clone(), Eagerness::Idle), one);
        assert_eq!(choose(Day::SEVERAL, one, Eagerness::Busy), []);
    }
}
