//! Capital and small letters as one: Unicode's simple case folding, by which also an expression with
//! `(?i)` finds them.
//!
//! Characters that differ in case alone fold to one of them: a small letter, where there is one. A text
//! keeps its number of characters, and each is folded by itself: `ß` is `ẞ` and not `ss`.

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};
use std::sync::LazyLock;

/// Characters of a page of the table.
const PAGE: u32 = 256;
/// No character from here on has a case.
const END: u32 = 0x1_f000;

/// What the characters fold to, page by page; `None` for a page on which each folds to itself.
static PAGES: LazyLock<Vec<Option<Vec<char>>>> =
    LazyLock::new(|| (0..END / PAGE).map(page).collect());

/// What a character folds to.
#[inline]
pub(super) fn fold(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_lowercase();
    }
    folded_by_table(character)
}

fn folded_by_table(character: char) -> char {
    let number = u32::from(character);
    let (page, place) = (number / PAGE, number % PAGE);
    let page = PAGES.get(page as usize).and_then(Option::as_ref);
    let folded = page.and_then(|page| page.get(place as usize));
    folded.copied().unwrap_or(character)
}

/// A text with each of its characters folded.
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

/// Appends a text with each of its characters folded.
pub(super) fn fold_into(text: &str, out: &mut String) {
    let mut rest = text;
    while !rest.is_empty() {
        let (ascii, behind) = rest.split_at(ascii_bytes(rest));
        let start = out.len();
        out.push_str(ascii);
        if let Some(copied) = out.get_mut(start..) {
            copied.make_ascii_lowercase();
        }
        // Characters beyond ASCII stand together, in most languages with only a blank between words.
        let mut characters = behind.chars();
        let mut in_a_row = 0;
        for character in characters.by_ref() {
            out.push(fold(character));
            in_a_row = if character.is_ascii() {
                in_a_row + 1
            } else {
                0
            };
            if in_a_row >= 8 {
                break;
            }
        }
        rest = characters.as_str();
    }
}

/// Bytes at the beginning that are ASCII.
fn ascii_bytes(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    let first = text.bytes().position(|byte| !byte.is_ascii());
    first.unwrap_or(text.len())
}

/// All characters that fold to what this one does, itself among them, in their order.
pub fn cases(character: char) -> Vec<char> {
    let mut class = ClassUnicode::new([ClassUnicodeRange::new(character, character)]);
    // Without its tables each character would stand for itself.
    class.try_case_fold_simple().unwrap_or_default();
    let ranges = class.iter();
    ranges
        .flat_map(|range| range.start()..=range.end())
        .collect()
}

fn page(number: u32) -> Option<Vec<char>> {
    let numbers = number * PAGE..(number + 1) * PAGE;
    // A surrogate is no character, and never asked for.
    let characters = numbers.map(|number| char::from_u32(number).unwrap_or_default());
    let pairs: Vec<(char, char)> = characters
        .map(|character| (character, representative(character)))
        .collect();
    let is_needed = pairs.iter().any(|(character, folded)| character != folded);
    is_needed.then(|| pairs.into_iter().map(|(_, folded)| folded).collect())
}

/// The one of the characters that differ in case alone to which all of them fold.
fn representative(character: char) -> char {
    // Of nearly all characters this tells sooner that they have no case.
    let has_case = character.to_lowercase().next() != Some(character)
        || character.to_uppercase().next() != Some(character);
    if !has_case {
        return character;
    }
    let cases = cases(character);
    let small = |capital: &char| {
        let mut small = capital.to_lowercase();
        let first = small.next()?;
        let is_one_of_them = small.next().is_none() && first != *capital && cases.contains(&first);
        is_one_of_them.then_some(first)
    };
    let first = cases.first().copied().unwrap_or(character);
    cases.iter().find_map(small).unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_fold_to_one_exactly_when_an_expression_without_regard_to_case_takes_one_for_the_other()
     {
        let mut pairs = 0;
        for character in '\0'..=char::MAX {
            let cases = cases(character);
            assert!(cases.contains(&fold(character)), "{character:?}");
            for case in &cases {
                assert_eq!(fold(character), fold(*case), "{character:?} {case:?}");
            }
            pairs += cases.len() - 1;
        }
        // Each of them twice.
        assert!(pairs > 2 * 1_400, "{pairs}");
    }

    #[test]
    fn letters_fold_to_small_ones_and_keep_their_number() {
        for (text, expected) in [
            ("GET /Orders", "get /orders"),
            ("ÄPFEL und Straße, STRAẞE", "äpfel und straße, straße"),
            ("ΩMEGA ΣΊΣΥΦΟΣ ς", "ωmega σίσυφοσ σ"),
            ("ПРИВЕТ, Мир", "привет, мир"),
            ("\u{212a}m ſi \u{2126}", "km si ω"),
            ("İstanbul ıI", "İstanbul ıi"),
            ("情報 e\u{301} 𐐀", "情報 e\u{301} 𐐨"),
            ("", ""),
        ] {
            assert_eq!(folded(text), expected);
        }
        assert_eq!(cases('k'), ['K', 'k', '\u{212a}']);
    }
}
