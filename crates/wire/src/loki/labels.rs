//! Labels as text, `{a="b", c="d\"e"}`: names, and values that are quoted as Go quotes them.

use crate::members::{Members, Value, keep_last};
use crate::unusual::Unusual;
use record::fault::MAX_MEMBERS;
use record::notice::Notice;
use std::borrow::Cow;

/// Under which a text is kept that is no list of labels from its start to its end.
const UNREAD: &str = "labels";

/// The labels in a text. One that cannot be read to its end is a label itself, behind those that were read.
pub(super) fn labels_of<'a>(text: &'a str, unusual: &mut Unusual) -> Members<'a> {
    let mut labels = Members::new();
    let mut rest = text.trim();
    if !rest.is_empty() && !read(&mut rest, &mut labels, unusual) {
        labels.push((Cow::Borrowed(UNREAD), Value::Text(Cow::Borrowed(text))));
    }
    keep_last(&mut labels);
    labels
}

/// Labels whose text does not outlive them otherwise.
pub(super) fn owned<'a>(labels: Members<'_>) -> Members<'a> {
    let owned = labels.into_iter().map(|(name, value)| {
        let value = match value {
            Value::Json(text) => Value::Json(Cow::Owned(text.into_owned())),
            Value::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
            Value::Rest(text) => Value::Text(Cow::Owned(text.to_owned())),
        };
        (Cow::Owned(name.into_owned()), value)
    });
    owned.collect()
}

/// Whether the text is one list of labels, all of which are taken.
fn read<'a>(rest: &mut &'a str, labels: &mut Members<'a>, unusual: &mut Unusual) -> bool {
    if !pass(rest, '{') {
        return false;
    }
    loop {
        if pass(rest, '}') {
            return rest.is_empty();
        }
        if labels.len() == MAX_MEMBERS {
            unusual.tell(Notice::TooManyMembers);
            return false;
        }
        let Some(label) = label(rest, unusual) else {
            return false;
        };
        labels.push(label);
        if !pass(rest, ',') && !rest.starts_with('}') {
            return false;
        }
    }
}

/// A name, which may be quoted, and a value, which is.
fn label<'a>(rest: &mut &'a str, unusual: &mut Unusual) -> Option<(Cow<'a, str>, Value<'a>)> {
    let name = match quoted(rest, unusual) {
        Some(name) => name,
        None => Cow::Borrowed(bare_name(rest)?),
    };
    if !pass(rest, '=') {
        return None;
    }
    let value = quoted(rest, unusual)?;
    *rest = rest.trim_start();
    Some((storable(name, unusual), Value::Text(value)))
}

/// A name without U+0000, which cannot be stored.
pub(super) fn storable<'a>(name: Cow<'a, str>, unusual: &mut Unusual) -> Cow<'a, str> {
    if !name.contains('\0') {
        return name;
    }
    unusual.tell(Notice::NulInName);
    Cow::Owned(name.replace('\0', "\u{fffd}"))
}

/// Passes over a character if it stands here, with the blanks around it.
fn pass(rest: &mut &str, character: char) -> bool {
    let behind = rest.trim_start().strip_prefix(character);
    if let Some(behind) = behind {
        *rest = behind.trim_start();
    }
    behind.is_some()
}

/// A name up to the blank, the sign or the quote behind it.
fn bare_name<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let is_end = |character: char| character.is_whitespace() || "={}\",".contains(character);
    let end = rest.find(is_end).filter(|end| *end > 0)?;
    let (name, behind) = rest.split_at_checked(end)?;
    *rest = behind;
    Some(name)
}

/// The text in quotes that begins here, as Go's `strconv.Unquote` reads it; the single quote is one as well.
fn quoted<'a>(rest: &mut &'a str, unusual: &mut Unusual) -> Option<Cow<'a, str>> {
    let quote = rest
        .chars()
        .next()
        .filter(|quote| "\"'`".contains(*quote))?;
    let inner = rest.get(1..)?;
    if quote == '`' {
        let (text, behind) = inner.split_once('`')?;
        *rest = behind;
        return Some(Cow::Borrowed(text));
    }
    let end = inner.find([quote, '\\'])?;
    if let Some(behind) = inner.get(end..)?.strip_prefix(quote) {
        *rest = behind;
        return inner.get(..end).map(Cow::Borrowed);
    }
    let (text, behind) = unquoted(inner.as_bytes(), quote)?;
    *rest = inner.get(behind..)?;
    Some(Cow::Owned(match String::from_utf8(text) {
        Ok(text) => text,
        Err(error) => {
            unusual.tell(Notice::NotUtf8);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        }
    }))
}

/// What escapes stand for, up to the quote, and the place behind that; `None` for an escape that Go does not
/// know, and where no quote comes.
fn unquoted(inner: &[u8], quote: char) -> Option<(Vec<u8>, usize)> {
    let (mut text, mut place) = (Vec::new(), 0);
    loop {
        let byte = *inner.get(place)?;
        place += 1;
        if char::from(byte) == quote {
            return Some((text, place));
        }
        if byte != b'\\' {
            text.push(byte);
            continue;
        }
        let escape = *inner.get(place)?;
        place += 1;
        let digits = match escape {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'0'..=b'7' => {
                let digits = inner.get(place - 1..place + 2)?;
                text.push(u8::try_from(number(digits, 8)?).ok()?);
                place += 2;
                continue;
            }
            _ => {
                text.push(short_escape(escape, quote)?);
                continue;
            }
        };
        let code = number(inner.get(place..place + digits)?, 16)?;
        place += digits;
        if escape == b'x' {
            text.push(u8::try_from(code).ok()?);
            continue;
        }
        let mut bytes = [0; 4];
        let character = char::from_u32(code)?;
        text.extend_from_slice(character.encode_utf8(&mut bytes).as_bytes());
    }
}

fn short_escape(escape: u8, quote: char) -> Option<u8> {
    Some(match escape {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        _ if char::from(escape) == quote => escape,
        _ => return None,
    })
}

/// The number in digits, none of which may be a sign.
fn number(digits: &[u8], base: u32) -> Option<u32> {
    digits.iter().try_fold(0_u32, |number, digit| {
        let digit = char::from(*digit).to_digit(base)?;
        number.checked_mul(base)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<(String, String)> {
        let labels = labels_of(text, &mut Unusual::default());
        let shown = labels.into_iter().map(|(name, value)| match value {
            Value::Text(text) => (name.into_owned(), text.into_owned()),
            Value::Json(_) | Value::Rest(_) => panic!("{name}"),
        });
        shown.collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn labels_are_read_as_go_writes_them() {
        for (text, expected) in [
            ("{}", &[][..]),
            ("", &[]),
            (" { } ", &[]),
            (r#"{a="b", c="d\"e"}"#, &[("a", "b"), ("c", "d\"e")]),
            (r#"{a="b",c="",}"#, &[("a", "b"), ("c", "")]),
            (
                r#"{ a = "b" , __x__ = "}, =" }"#,
                &[("a", "b"), ("__x__", "}, =")],
            ),
            (
                r#"{a="\a\b\f\n\r\t\v\\\"\x41\101\u00e9\U0001F600é"}"#,
                &[("a", "\u{7}\u{8}\u{c}\n\r\t\u{b}\\\"AAé😀é")],
            ),
            (r"{a='it\'s', b=`c:\d`}", &[("a", "it's"), ("b", r"c:\d")]),
            (r#"{"k8s.pod name"="x"}"#, &[("k8s.pod name", "x")]),
            // The last of a name counts; a byte that is no UTF-8 is replaced.
            (r#"{a="1",b="2",a="3"}"#, &[("a", "3"), ("b", "2")]),
            (r#"{a="\xff"}"#, &[("a", "\u{fffd}")]),
        ] {
            assert_eq!(shown(text), pairs(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_label_is_kept_as_text_beside_those_that_are() {
        for (text, read) in [
            ("job", &[][..]),
            (r#"{a="b"#, &[]),
            (r#"{a="b" c="d"}"#, &[("a", "b")]),
            (r#"{a="b", c}"#, &[("a", "b")]),
            (r#"{a="b"} x"#, &[("a", "b")]),
            (r#"{a="b", c="\q"}"#, &[("a", "b")]),
            (r#"{a="\ud800"}"#, &[]),
            (r#"{a="\400"}"#, &[]),
            (r#"{a="\'"}"#, &[]),
            (r#"{="b"}"#, &[]),
        ] {
            let expected = [pairs(read), pairs(&[("labels", text)])].concat();
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
