//! Values in quotes: any text can be written so, also one that would mean something else without them.
//!
//! What stands between quotes is written as in JSON, so that a value can be copied from an answer.

use std::borrow::Cow;

const QUOTE: char = '"';

/// What begins with a quote and is no JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotQuoted;

/// Whether a value is written in quotes, or should be.
pub(super) fn is_quoted(text: &str) -> bool {
    text.starts_with(QUOTE)
}

/// The value that `text` stands for: what is between its quotes, and itself when it begins with none.
///
/// # Errors
/// When it begins with a quote and is no JSON string.
pub(super) fn read(text: &str) -> Result<Cow<'_, str>, NotQuoted> {
    match is_quoted(text) {
        true => serde_json::from_str(text)
            .map(Cow::Owned)
            .map_err(|_| NotQuoted),
        false => Ok(text.into()),
    }
}

/// The items of a list with commas between them, without the white space around each; one that is empty
/// and not in quotes is left out. A comma in quotes divides nothing.
///
/// # Errors
/// When an item begins with a quote and is no JSON string.
pub(super) fn items(list: &str) -> Result<Vec<Cow<'_, str>>, NotQuoted> {
    let (mut items, mut rest) = (Vec::new(), Some(list));
    while let Some(list) = rest {
        let list = list.trim_start();
        let end = match is_quoted(list) {
            true => end_of_quoted(list)?,
            false => list.find(',').unwrap_or(list.len()),
        };
        let (item, behind) = list.split_at(end);
        if !item.is_empty() {
            items.push(read(item.trim_end())?);
        }
        rest = behind.strip_prefix(',');
    }
    Ok(items)
}

/// Where the comma behind the quoted text stands, or the end.
fn end_of_quoted(list: &str) -> Result<usize, NotQuoted> {
    let mut values = serde_json::Deserializer::from_str(list).into_iter::<String>();
    if !matches!(values.next(), Some(Ok(_))) {
        return Err(NotQuoted);
    }
    let behind = list.get(values.byte_offset()..).unwrap_or_default();
    let end = list.len() - behind.trim_start().len();
    match behind.trim_start().chars().next() {
        None | Some(',') => Ok(end),
        Some(_) => Err(NotQuoted),
    }
}

/// The text in quotes.
pub(super) fn write(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_between_quotes_is_read_as_json() {
        for (text, value) in [
            ("plain", Ok("plain")),
            ("a\"b\"", Ok("a\"b\"")),
            ("", Ok("")),
            ("\"\"", Ok("")),
            (r#""!x""#, Ok("!x")),
            (r#""a \"b\" \\ \n \u0000é""#, Ok("a \"b\" \\ \n \0é")),
            ("\"", Err(NotQuoted)),
            ("\"a", Err(NotQuoted)),
            (r#""a"b"#, Err(NotQuoted)),
            (r#""a"b""#, Err(NotQuoted)),
            (r#""C:\dir""#, Err(NotQuoted)),
        ] {
            assert_eq!(read(text).as_deref(), value.as_ref().copied(), "{text}");
        }
    }

    #[test]
    fn a_comma_between_quotes_divides_nothing() {
        for (list, expected) in [
            ("", vec![]),
            (" a , b, ,", vec!["a", "b"]),
            (r#" "a,b" ,c,"" , "\",""#, vec!["a,b", "c", "", "\","]),
            (r#"a "b,c""#, vec!["a \"b", "c\""]),
        ] {
            let expected: Vec<&str> = expected;
            assert_eq!(items(list).unwrap(), expected, "{list}");
        }
        for wrong in ["\"a,b", "\"a\"b", "a,\"", "\"a\" \"b\""] {
            assert_eq!(items(wrong), Err(NotQuoted), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_written(text: String, other: String) {
            let written = write(&text);
            prop_assert_eq!(read(&written), Ok(Cow::from(&text)));
            let list = format!(" {} , {}", write(&text), write(&other));
            prop_assert_eq!(items(&list).unwrap(), [text, other]);
        }
    }
}
