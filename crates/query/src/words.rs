//! What a word is, for whoever looks for whole words and for whoever keeps a list of them.
//!
//! A word is as many characters in a row as there are of these: letters, digits and marks of any script
//! and `_`, that is what `\w` stands for in an expression. All else stands between words: `user_id=42`
//! has `user_id` and `42`; `10.0.0.1` has `10`, `0`, `0` and `1`; a language that puts no blanks between
//! its words has one word where it goes on without a break. A word is a word in any case: a character
//! and what it folds to are both of words, or neither is.

/// The words of a text, in their order.
pub fn words(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split(|character| !is_of_word(character));
    pieces.filter(|piece| !piece.is_empty())
}

/// Whether a character is a part of words.
#[inline]
pub(super) fn is_of_word(character: char) -> bool {
    match character.is_ascii() {
        true => character.is_ascii_alphanumeric() || character == '_',
        // Without its table no other character would be.
        false => regex_syntax::try_is_word_character(character).unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folding::cases;

    #[test]
    fn a_word_is_letters_digits_marks_and_low_lines_in_a_row() {
        for (text, expected) in [
            ("", &[][..]),
            (" -- ", &[]),
            ("Connection refused.", &["Connection", "refused"]),
            ("user_id=42", &["user_id", "42"]),
            ("10.0.0.1:8005", &["10", "0", "0", "1", "8005"]),
            (
                "it's näive\tcafe\u{301}",
                &["it", "s", "näive", "cafe\u{301}"],
            ),
            (
                "接続が拒否されました: エラー",
                &["接続が拒否されました", "エラー"],
            ),
            ("a\0b", &["a", "b"]),
        ] {
            let found: Vec<&str> = words(text).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_character_is_of_words_exactly_when_an_expression_says_so_whatever_its_case() {
        let expression = regex::Regex::new(r"^\w$").unwrap();
        for character in '\0'..=char::MAX {
            let is_of_word = is_of_word(character);
            let said = expression.is_match(character.encode_utf8(&mut [0; 4]));
            assert_eq!(is_of_word, said, "{character:?}");
        }
        for character in ('\0'..'\u{1f000}').filter(|character| is_of_word(*character)) {
            let cases = cases(character);
            assert!(cases.into_iter().all(super::is_of_word), "{character:?}");
        }
    }
}
