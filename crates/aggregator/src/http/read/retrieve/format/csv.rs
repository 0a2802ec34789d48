//! CSV as RFC 4180 has it, in which no cell is taken for a formula.

use super::FormatError;
use program::invisible::is_ignorable;
use query::{attribute_key, attribute_texts};
use std::borrow::Cow;
use std::io;
use store::page::{Attributes, Row};

/// As RFC 4180 ends a line.
const LINE_END: &[u8] = b"\r\n";

/// Columns when none are chosen.
const DEFAULT: &str = "id,timestamp,level,message,attributes";
/// Columns at most.
const MOST: usize = 64;
/// Characters of a column's name that are repeated to the caller.
const SHOWN: usize = 100;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Column {
    Id,
    Timestamp,
    Level,
    Message,
    /// All attributes as a JSON object.
    Attributes,
    /// One attribute.
    Attribute(String),
}

pub(super) fn columns(fields: Option<&str>) -> Result<Vec<Column>, FormatError> {
    let names = fields.unwrap_or(DEFAULT).split(',').map(str::trim);
    let columns: Vec<Column> = names.map(Column::parse).collect::<Result<_, _>>()?;
    if columns.len() > MOST {
        return Err(FormatError::TooManyFields(MOST));
    }
    let mut others = columns.iter();
    while let Some(column) = others.next() {
        // Each would be written in full.
        if others.as_slice().contains(column) {
            let name = column.name().chars().take(SHOWN).collect();
            return Err(FormatError::Twice(name));
        }
    }
    Ok(columns)
}

impl Column {
    fn parse(name: &str) -> Result<Self, FormatError> {
        Ok(match name {
            "id" => Self::Id,
            "timestamp" => Self::Timestamp,
            "level" => Self::Level,
            "message" => Self::Message,
            "attributes" => Self::Attributes,
            other => match attribute_key(other).filter(|key| !key.is_empty()) {
                Some(key) => Self::Attribute(key.to_owned()),
                None => return Err(FormatError::Field(other.chars().take(SHOWN).collect())),
            },
        })
    }

    fn name(&self) -> Cow<'_, str> {
        match self {
            Self::Id => "id".into(),
            Self::Timestamp => "timestamp".into(),
            Self::Level => "level".into(),
            Self::Message => "message".into(),
            Self::Attributes => "attributes".into(),
            Self::Attribute(key) => format!("attr.{key}").into(),
        }
    }

    fn reads_attributes(&self) -> bool {
        matches!(self, Self::Attributes | Self::Attribute(_))
    }

    /// Its attribute's name, if it has one.
    fn key(&self) -> Option<&str> {
        match self {
            Self::Attribute(key) => Some(key),
            _ => None,
        }
    }

    fn cell<'a>(
        &self,
        row: Row<'a>,
        attributes: Option<&'a str>,
        texts: &mut impl Iterator<Item = Option<String>>,
    ) -> Cow<'a, str> {
        match self {
            Self::Id => row.id.to_string().into(),
            Self::Timestamp => row.id.time().to_string().into(),
            Self::Level => row.level.unwrap_or_default().into(),
            Self::Message => row.message.into(),
            Self::Attributes => attributes.unwrap_or_default().into(),
            Self::Attribute(_) => texts.next().flatten().unwrap_or_default().into(),
        }
    }
}

pub(super) fn write_head(columns: &[Column], out: &mut Vec<u8>) {
    for (position, column) in columns.iter().enumerate() {
        separate(position, out);
        write_cell(&column.name(), out);
    }
    out.extend_from_slice(LINE_END);
}

/// A row.
///
/// # Errors
/// When its attributes are not BSON.
pub(super) fn write_row(columns: &[Column], row: Row<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let wanted = columns.iter().any(Column::reads_attributes);
    let attributes = row.attributes.filter(|_| wanted);
    let attributes = attributes.map(Attributes::json).transpose()?;
    let attributes = attributes.as_deref();
    let keys: Vec<&str> = columns.iter().filter_map(Column::key).collect();
    // On one way through the attributes, which may be long, and not on one for each column.
    let texts = match attributes {
        Some(attributes) if !keys.is_empty() => attribute_texts(attributes, &keys),
        _ => Vec::new(),
    };
    let mut texts = texts.into_iter();
    for (position, column) in columns.iter().enumerate() {
        separate(position, out);
        write_cell(&column.cell(row, attributes, &mut texts), out);
    }
    out.extend_from_slice(LINE_END);
    Ok(())
}

fn separate(position: usize, out: &mut Vec<u8>) {
    if position > 0 {
        out.push(b',');
    }
}

/// What spreadsheets take for the beginning of a formula.
const SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
/// What some of them take for one by itself, whatever stands behind it.
const LINE_CHARACTERS: [char; 3] = ['\t', '\r', '\n'];

/// What some spreadsheets leave out before they look for a formula: blanks of every width, the blank of
/// braille, control characters, and characters that cannot be seen.
fn is_left_out(character: char) -> bool {
    let is_blank = character.is_whitespace() || character == '\u{2800}';
    is_blank || character.is_control() || is_ignorable(character)
}

/// Whether a spreadsheet might take a cell for a formula; a number is none.
fn is_formula(cell: &str) -> bool {
    let begun = cell.trim_start_matches(is_left_out);
    let is_number = || begun.parse::<f64>().is_ok() && is_written_in_digits(begun);
    cell.starts_with(LINE_CHARACTERS) || (begun.starts_with(SIGNS) && !is_number())
}

/// Not `-inf`, which is a number here and a name there.
fn is_written_in_digits(cell: &str) -> bool {
    let mut bytes = cell.bytes();
    bytes.all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
}

/// What ends a cell that is not quoted: by RFC 4180, and where a spreadsheet separates at other characters.
const ENDS: [char; 6] = ['"', ',', '\r', '\n', ';', '\t'];

/// A cell that a spreadsheet might take for a formula gets an apostrophe before it.
fn write_cell(cell: &str, out: &mut Vec<u8>) {
    let is_formula = is_formula(cell);
    if !is_formula && !cell.contains(ENDS) {
        out.extend_from_slice(cell.as_bytes());
        return;
    }
    out.push(b'"');
    if is_formula {
        out.push(b'\'');
    }
    for byte in cell.bytes() {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(text: &str) -> String {
        let mut out = Vec::new();
        write_cell(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_would_end_a_cell_is_quoted_and_what_would_be_a_formula_is_text() {
        for (text, expected) in [
            ("plain text", "plain text"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("a;=1+1", "\"a;=1+1\""),
            ("a\t=1+1", "\"a\t=1+1\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("-2+3", "\"'-2+3\""),
            ("\t=1", "\"'\t=1\""),
            ("-inf", "\"'-inf\""),
            ("＝1", "\"'＝1\""),
            (" =1", "\"' =1\""),
            (" \t =1", "\"' \t =1\""),
            (" \r\n@SUM(A1)", "\"' \r\n@SUM(A1)\""),
            ("\u{a0}+1+1", "\"'\u{a0}+1+1\""),
            ("\u{3000}－1＋1", "\"'\u{3000}－1＋1\""),
            ("\u{feff}=1", "\"'\u{feff}=1\""),
            ("\u{200b} =1", "\"'\u{200b} =1\""),
            ("\0=1", "\"'\0=1\""),
            ("\r1", "\"'\r1\""),
            (" - a list", "\"' - a list\""),
            (" a=1", " a=1"),
            (" ", " "),
            (" -7", " -7"),
            ("-7", "-7"),
            ("+1.5e3", "+1.5e3"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_formula_behind_a_character_that_cannot_be_seen_is_text() {
        // By Unicode's own tables, and not by a list of ours.
        let ignorable = regex::Regex::new(r"^\p{Default_Ignorable_Code_Point}$").unwrap();
        let mut text = [0; 4];
        for character in '\0'..=char::MAX {
            let cannot_be_seen = ignorable.is_match(character.encode_utf8(&mut text))
                || character.is_whitespace()
                || character.is_control()
                || character == '\u{2800}';
            assert_eq!(is_left_out(character), cannot_be_seen, "{character:?}");
        }
        for character in [
            '\u{61c}',
            '\u{34f}',
            '\u{115f}',
            '\u{2800}',
            '\u{3164}',
            '\u{e0001}',
        ] {
            let formula = format!("{character}=1");
            assert_eq!(cell(&formula), format!("\"'{formula}\""));
        }
    }

    #[test]
    fn a_column_that_does_not_exist_is_named() {
        let error = columns(Some("id,nmae")).unwrap_err();
        assert!(error.to_string().contains("\"nmae\""), "{error}");
        assert_eq!(columns(Some("attr.a.b , id")).unwrap().len(), 2);
        let named = columns(Some("attributes.a.b,attributes")).unwrap();
        let expected = [Column::Attribute("a.b".to_owned()), Column::Attributes];
        assert_eq!(named, expected);
        assert!(columns(Some("attributes.a,attr.a")).is_err());
        assert!(columns(Some("attributes.")).is_err());
        let many: Vec<String> = (0..65).map(|number| format!("attr.a{number}")).collect();
        assert!(columns(Some(&many.join(","))).is_err());
        assert!(columns(Some("id,message,attr.a,message")).is_err());
    }
}
