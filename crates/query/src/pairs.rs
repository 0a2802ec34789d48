//! The names and values of a query string, as text.

use crate::QueryError;
use crate::error::SHOWN;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;

/// A name and its value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The part of an address behind the question mark, taken apart.
///
/// # Errors
/// [`QueryError::NotUtf8`] for bytes that are no text: replaced by others, they would look for something
/// that nobody asked for.
pub fn pairs(query_string: &str) -> Result<Vec<Pair<'_>>, QueryError> {
    for pair in query_string.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_text = |encoded| percent_decode_str(encoded).decode_utf8().is_ok();
        if !is_text(name) || !is_text(value) {
            let name = percent_decode_str(name).decode_utf8_lossy();
            return Err(QueryError::NotUtf8(shown(&name)));
        }
    }
    Ok(form_urlencoded::parse(query_string.as_bytes()).collect())
}

/// Names and values in one order and one spelling, whichever they came in.
pub fn sorted(pairs: &[Pair<'_>]) -> String {
    let mut sorted: Vec<_> = pairs.iter().collect();
    sorted.sort_unstable();
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(sorted)
        .finish()
}

/// As much of a name as is repeated to the caller.
pub(super) fn shown(name: &str) -> String {
    name.chars().take(SHOWN).collect()
}

/// The `KEY` of `attr.KEY`, or of `attributes.KEY` as answers have it; `None` of any other name.
pub fn attribute_key(name: &str) -> Option<&str> {
    name.strip_prefix("attr.")
        .or_else(|| name.strip_prefix("attributes."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let pairs = pairs(text).unwrap().into_iter();
        pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    }

    #[test]
    fn names_and_values_are_the_text_that_was_escaped() {
        for (text, expected) in [
            ("", vec![]),
            ("&&", vec![]),
            ("q=a+b%2Bc", vec![("q", "a b+c")]),
            ("q=%C3%A4&attr.%C3%A4", vec![("q", "ä"), ("attr.ä", "")]),
            ("q=a=b", vec![("q", "a=b")]),
            // A replacement character is a text like any other when it was sent.
            ("q=%EF%BF%BD&q=%zz", vec![("q", "\u{fffd}"), ("q", "%zz")]),
        ] {
            let expected = expected.into_iter();
            let expected: Vec<_> = expected
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect();
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_the_name_of_their_parameter() {
        for (text, said) in [
            ("a=1&q=%FF", "parameter \"q\" is no UTF-8"),
            ("q=%C3", "parameter \"q\" is no UTF-8"),
            ("q=%E4pfel", "parameter \"q\" is no UTF-8"),
            ("attr.a%FF=1", "parameter \"attr.a\u{fffd}\" is no UTF-8"),
        ] {
            let error = pairs(text).unwrap_err();
            assert_eq!(error.code(), "invalid_parameter");
            assert!(error.to_string().starts_with(said), "{error}");
        }
    }
}
