//! JSON strings as text, whatever their escapes stand for.

use crate::unusual::Unusual;
use record::attributes::write_string;
use record::notice::Notice;
use std::borrow::Cow;

/// The text in a quoted JSON string, borrowed where nothing is escaped. Half of a surrogate pair becomes
/// U+FFFD.
pub(super) fn text_of<'a>(quoted: &'a str, unusual: &mut Unusual) -> Cow<'a, str> {
    let inner = quoted
        .get(1..quoted.len().saturating_sub(1))
        .unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    if let Ok(text) = serde_json::from_str::<String>(quoted) {
        return Cow::Owned(text);
    }
    unusual.tell(Notice::LoneSurrogate);
    Cow::Owned(unescaped(inner))
}

/// The name in a quoted JSON string: as its text, and without U+0000, which cannot be stored.
pub(super) fn name_of<'a>(quoted: &'a str, unusual: &mut Unusual) -> Cow<'a, str> {
    let name = text_of(quoted, unusual);
    if !name.contains('\0') {
        return name;
    }
    unusual.tell(Notice::NulInName);
    Cow::Owned(name.replace('\0', "\u{fffd}"))
}

/// A text without its escapes, which are known to be well formed.
fn unescaped(mut text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    while let Some((before, escape)) = text.split_once('\\') {
        plain.push_str(before);
        let mut rest = escape.chars();
        plain.push(match rest.next().unwrap_or_default() {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let (character, behind) = coded(rest.as_str());
                rest = behind.chars();
                character
            }
            other => other,
        });
        text = rest.as_str();
    }
    plain.push_str(text);
    plain
}

/// The character that stands for itself in four digits, or in two halves, and what is behind it.
fn coded(text: &str) -> (char, &str) {
    let (first, rest) = code(text);
    if let Some(character) = char::from_u32(first) {
        return (character, rest);
    }
    if let Some(next) = rest.strip_prefix("\\u") {
        let (second, behind) = code(next);
        if (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second) {
            let both = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            let character = char::from_u32(both).unwrap_or(char::REPLACEMENT_CHARACTER);
            return (character, behind);
        }
    }
    (char::REPLACEMENT_CHARACTER, rest)
}

/// Appends a text as a JSON string where that takes at most so many bytes; whether it did.
pub(super) fn quote_within(text: &str, most: usize, out: &mut Vec<u8>) -> bool {
    let length = |byte| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    };
    let fits = text.len() < most && text.bytes().map(length).sum::<usize>() + 2 <= most;
    if fits {
        write_string(text, out);
    }
    fits
}

/// The number in four hexadecimal digits, and what is behind them.
fn code(text: &str) -> (u32, &str) {
    let (digits, rest) = text.split_at_checked(4).unwrap_or((text, ""));
    (u32::from_str_radix(digits, 16).unwrap_or_default(), rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_quoted_where_there_is_room_for_it() {
        let all: String = (0..0xff_u8).map(char::from).chain(['😀']).collect();
        let mut expected = Vec::new();
        write_string(&all, &mut expected);
        let mut found = b"before".to_vec();
        assert!(!quote_within(&all, expected.len() - 1, &mut found));
        assert_eq!(found, b"before");
        assert!(quote_within(&all, expected.len(), &mut found));
        assert_eq!(found, [b"before", &*expected].concat());
    }

    #[test]
    fn half_of_a_pair_is_replaced_and_nothing_else() {
        for (quoted, expected, told) in [
            (r#""plain""#, "plain", false),
            (r#""\n\u00e9\ud83d\ude00\/""#, "\né😀/", false),
            (r#""a\ud800b""#, "a\u{fffd}b", true),
            (r#""\ude00\ud83d\ude00\\n\t""#, "\u{fffd}😀\\n\t", true),
            (r#""\ud800\ud800\u0041\"""#, "\u{fffd}\u{fffd}A\"", true),
        ] {
            let mut unusual = Unusual::default();
            assert_eq!(text_of(quoted, &mut unusual), expected, "{quoted}");
            assert_eq!(unusual.first().is_some(), told, "{quoted}");
        }
        let mut unusual = Unusual::default();
        assert_eq!(name_of(r#""a\u0000b""#, &mut unusual), "a\u{fffd}b");
        assert_eq!(unusual.first(), Some(&Notice::NulInName));
    }
}
