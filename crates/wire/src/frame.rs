//! Where a JSON value ends, or where it breaks (format: RFC 8259), without making anything of it.
//!
//! Without recursion, so that no depth is too deep, and each byte is looked at once.

use record::json_text;

/// What may stand at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A value.
    Value,
    /// A value, or the end of an array that was opened just before.
    ValueOrEnd,
    /// A name, or the end of an object that was opened just before.
    NameOrEnd,
    /// A name.
    Name,
    /// A comma, or the end of what is open.
    More,
}

/// What is open, the innermost last: a bit each, so that a body of opening brackets takes little.
#[derive(Default)]
struct Open {
    /// Whole words of them.
    words: Vec<u64>,
    word: u64,
    depth: usize,
}

const WORD: usize = u64::BITS as usize;

impl Open {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(WORD) {
            self.words.push(self.word);
        }
        self.word = self.word << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.word >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(WORD) {
            self.word = self.words.pop().unwrap_or_default();
        }
    }

    /// Whether the innermost one is an object.
    fn is_object(&self) -> bool {
        self.word & 1 == 1
    }
}

/// The place behind the value that begins at `start`, where its first byte stands.
///
/// # Errors
/// The place of the first byte that cannot stand there; the length of the text when it is cut off.
pub(super) fn value_end(text: &str, start: usize) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let (mut place, mut open, mut expected) = (start, Open::default(), Expected::Value);
    loop {
        place = blanks_end(bytes, place);
        let byte = *bytes.get(place).ok_or(place)?;
        match (expected, byte) {
            (Expected::Value | Expected::ValueOrEnd, b'{') => {
                open.push(true);
                (place, expected) = (place + 1, Expected::NameOrEnd);
                continue;
            }
            (Expected::Value | Expected::ValueOrEnd, b'[') => {
                open.push(false);
                (place, expected) = (place + 1, Expected::ValueOrEnd);
                continue;
            }
            (Expected::ValueOrEnd, b']') | (Expected::NameOrEnd, b'}') => {
                open.pop();
                place += 1;
            }
            (Expected::Value | Expected::ValueOrEnd, _) => place = scalar_end(bytes, place)?,
            (Expected::Name | Expected::NameOrEnd, b'"') => {
                place = blanks_end(bytes, string_end(bytes, place)?);
                if *bytes.get(place).ok_or(place)? != b':' {
                    return Err(place);
                }
                (place, expected) = (place + 1, Expected::Value);
                continue;
            }
            (Expected::More, b',') => {
                expected = match open.is_object() {
                    true => Expected::Name,
                    false => Expected::Value,
                };
                place += 1;
                continue;
            }
            (Expected::More, b'}') if open.is_object() => {
                open.pop();
                place += 1;
            }
            (Expected::More, b']') if !open.is_object() => {
                open.pop();
                place += 1;
            }
            _ => return Err(place),
        }
        // A value has ended.
        if open.depth == 0 {
            return Ok(place);
        }
        expected = Expected::More;
    }
}

/// The place of the next byte that is no blank of JSON.
pub(super) fn blanks_end(bytes: &[u8], mut place: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(place) {
        place += 1;
    }
    place
}

/// The place behind the text, number or word that begins at a place.
fn scalar_end(bytes: &[u8], place: usize) -> Result<usize, usize> {
    match bytes.get(place) {
        Some(b'"') => string_end(bytes, place),
        Some(b't') => word_end(bytes, place, b"true"),
        Some(b'f') => word_end(bytes, place, b"false"),
        Some(b'n') => word_end(bytes, place, b"null"),
        _ => number_end(bytes, place),
    }
}

fn word_end(bytes: &[u8], place: usize, word: &[u8]) -> Result<usize, usize> {
    let rest = bytes.get(place..).unwrap_or_default();
    let same = rest.iter().zip(word).take_while(|(a, b)| a == b).count();
    match same == word.len() {
        true => Ok(place + same),
        false => Err(place + same),
    }
}

/// The place behind the string whose quote stands at a place.
pub(super) fn string_end(bytes: &[u8], quote: usize) -> Result<usize, usize> {
    let mut place = quote + 1;
    loop {
        place += json_text::first_special(bytes.get(place..).unwrap_or_default());
        match bytes.get(place).ok_or(bytes.len())? {
            b'"' => return Ok(place + 1),
            b'\\' => match bytes.get(place + 1).ok_or(bytes.len())? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => place += 2,
                b'u' => place = code_end(bytes, place + 2)?,
                _ => return Err(place + 1),
            },
            _ => return Err(place),
        }
    }
}

/// The place behind four hexadecimal digits.
fn code_end(bytes: &[u8], place: usize) -> Result<usize, usize> {
    for place in place..place + 4 {
        if !bytes.get(place).ok_or(bytes.len())?.is_ascii_hexdigit() {
            return Err(place);
        }
    }
    Ok(place + 4)
}

fn number_end(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut place = start + usize::from(bytes.get(start) == Some(&b'-'));
    place = match bytes.get(place) {
        Some(b'0') => place + 1,
        _ => digits_end(bytes, place)?,
    };
    if bytes.get(place) == Some(&b'.') {
        place = digits_end(bytes, place + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(place) {
        let signed = matches!(bytes.get(place + 1), Some(b'+' | b'-'));
        place = digits_end(bytes, place + 1 + usize::from(signed))?;
    }
    Ok(place)
}

/// The place behind one digit or more.
fn digits_end(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let rest = bytes.get(start..).unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match digits {
        0 => Err(start.min(bytes.len())),
        digits => Ok(start + digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    fn serde_end(text: &str) -> Option<usize> {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        Some(values.byte_offset())
    }

    #[test]
    fn the_place_where_a_value_breaks_is_that_of_the_first_wrong_byte() {
        for (text, expected) in [
            ("{}", Ok(2)),
            (r#"{"a":[1,{"b":null}],"c":"d"} x"#, Ok(28)),
            ("[INFO] started", Err(1)),
            ("[2024-01-01]", Err(5)),
            ("{\"message\":\"a\n", Err(13)),
            ("{\"a\":1,\n{\"b\":2}", Err(8)),
            (r#"{"a":"#, Err(5)),
            ("[[[", Err(3)),
            ("[1,]", Err(3)),
            ("{\"a\":1]", Err(6)),
            ("[1}", Err(2)),
            ("{,}", Err(1)),
            (r#""\ud800""#, Ok(8)),
            (r#""\x""#, Err(2)),
            ("[tru]", Err(4)),
            ("[01]", Err(2)),
            ("[1.]", Err(3)),
            ("-", Err(1)),
        ] {
            assert_eq!(value_end(text, 0), expected, "{text}");
        }
    }

    #[test]
    fn no_depth_is_too_deep() {
        for open in ["[", r#"{"a":"#, r#"[{"a":"#] {
            let close: String = open
                .chars()
                .rev()
                .filter_map(|letter| match letter {
                    '[' => Some(']'),
                    '{' => Some('}'),
                    _ => None,
                })
                .collect();
            let body = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
            assert_eq!(value_end(&body, 0), Ok(body.len()));
            let broken = body.replace('0', "0)");
            assert_eq!(value_end(&broken, 0), Err(body.find('0').unwrap() + 1));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn a_value_ends_where_serde_json_ends_it(
            parts in prop::collection::vec(prop::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"a\"", "\"a\":", "1", "-0.5e3", "0", "true", "null",
                "\"\\u0041\"", "\"\\ud800\"", "\"", "\\", " ", "\n", "e", ".", "é",
            ]), 0..14)
        ) {
            let text = parts.concat();
            let start = blanks_end(text.as_bytes(), 0);
            let ours = value_end(&text, start);
            // A word or a number that something is glued to is for the caller to look at.
            if text.as_bytes().get(start).is_some_and(|byte| b"{[\"".contains(byte)) {
                prop_assert_eq!(ours.ok(), serde_end(&text), "{}", text);
            }
            if let Err(place) = ours {
                prop_assert!(place <= text.len());
            }
        }
    }
}
