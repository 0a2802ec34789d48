//! A value of an attribute, as columns hold it: what cannot be told apart as JSON is one value.

use record::attributes::write_string;
use record::json_text;

/// A value that has no columns below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Leaf<'a> {
    /// A whole number.
    Integer(i64),
    /// A string, by what it says.
    Text(&'a str),
    /// Anything else, as JSON text, which is no string: also numbers that are no [`Leaf::Integer`], arrays, and empty objects.
    Json(&'a str),
}

/// A [`Leaf`] on its way into a column, where texts are bytes: that they are UTF-8 was seen when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawLeaf<'a> {
    Integer(i64),
    Text(&'a [u8]),
    Json(&'a [u8]),
}

impl RawLeaf<'_> {
    /// Bytes of its text; a number has none.
    #[inline]
    pub(crate) fn text_bytes(self) -> usize {
        match self {
            Self::Integer(_) => 0,
            Self::Text(text) | Self::Json(text) => text.len(),
        }
    }
}

impl<'a> From<Leaf<'a>> for RawLeaf<'a> {
    #[inline]
    fn from(leaf: Leaf<'a>) -> Self {
        match leaf {
            Leaf::Integer(number) => Self::Integer(number),
            Leaf::Text(text) => Self::Text(text.as_bytes()),
            Leaf::Json(json) => Self::Json(json.as_bytes()),
        }
    }
}

impl Leaf<'_> {
    /// Appends it as JSON text.
    #[inline]
    pub fn write_json(self, out: &mut Vec<u8>) {
        match self {
            Self::Integer(number) => {
                out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
            }
            Self::Text(text) if json_text::first_special(text.as_bytes()) < text.len() => {
                write_string(text, out);
            }
            Self::Text(text) => {
                out.push(b'"');
                out.extend_from_slice(text.as_bytes());
                out.push(b'"');
            }
            Self::Json(json) => out.extend_from_slice(json.as_bytes()),
        }
    }
}

impl Leaf<'_> {
    /// The same where it comes behind other text.
    #[inline]
    pub(crate) fn push_json(self, out: &mut String) {
        match self {
            Self::Integer(number) => out.push_str(itoa::Buffer::new().format(number)),
            Self::Text(text) if json_text::first_special(text.as_bytes()) < text.len() => {
                let mut escaped = Vec::with_capacity(text.len() + 8);
                write_string(text, &mut escaped);
                // What is written is UTF-8.
                out.push_str(std::str::from_utf8(&escaped).unwrap_or_default());
            }
            Self::Text(text) => push_quoted(text, out),
            Self::Json(json) => out.push_str(json),
        }
    }
}

/// Appends a text in which nothing has to be escaped as a JSON string.
#[inline]
pub(crate) fn push_quoted(text: &str, out: &mut String) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// The integer whose JSON text this is.
pub(crate) fn integer_of(text: &str) -> Option<i64> {
    let integer = text.parse::<i64>().ok();
    integer.filter(|number| itoa::Buffer::new().format(*number) == text)
}
