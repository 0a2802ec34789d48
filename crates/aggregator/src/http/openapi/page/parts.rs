//! The document as JSON, read leniently, and its texts as HTML.

use serde_json::{Map, Value};

/// What a reference stands for.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = text(value, "$ref").strip_prefix('#');
    place
        .and_then(|place| document.pointer(place))
        .unwrap_or(value)
}

/// A member; null where it is none.
pub(super) fn member<'a>(value: &'a Value, name: &str) -> &'a Value {
    value.get(name).unwrap_or(&Value::Null)
}

/// The members of a member.
pub(super) fn members<'a>(
    value: &'a Value,
    name: &str,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let found = value.get(name).and_then(Value::as_object);
    found.into_iter().flat_map(Map::iter)
}

/// The elements of a member.
pub(super) fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The text of a member.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A sentence whose words in backticks are code.
pub(super) fn prose(text: &str) -> String {
    let escaped = escaped(text);
    let parts = escaped.split('`').enumerate();
    let parts = parts.map(|(position, part)| match position % 2 {
        0 => part.to_owned(),
        _ => format!("<code>{part}</code>"),
    });
    parts.collect()
}

/// Text as it is.
pub(super) fn escaped(text: &str) -> String {
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_description_says_is_text_and_what_it_has_in_backticks_is_code() {
        let said = prose("`<b>` and \"more\" & `a`");
        assert_eq!(
            said,
            "<code>&lt;b&gt;</code> and &quot;more&quot; &amp; <code>a</code>"
        );
    }
}
