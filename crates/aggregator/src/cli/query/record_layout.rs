//! The layout of a record for people: time, level, message, attributes.
//!
//! Only a record begins at the start of a line. The further lines of a message stand behind
//! [`CONTINUATION`], so no message can pass for another record.

use super::colors::{Colors, Part};
use super::flatten;
use super::json_record::Record;
use crate::cli::sanitize;
use logs::Level;

/// Before the second and each further line of a message.
const CONTINUATION: &[u8] = b"    | ";
/// As many characters as the longest usual level has.
const LEVEL_WIDTH: usize = 7;
/// For a record that came without one.
const NO_LEVEL: &str = "-";
/// A tabulator goes as far as the terminal likes; this goes as far everywhere.
const TAB: &[u8] = b"    ";

/// Writes a record, with its line end.
pub(super) fn write(record: &Record<'_>, is_match: bool, colors: Colors, out: &mut Vec<u8>) {
    if is_match {
        layout(record, colors, out);
    } else {
        colors.paint(Part::Neighbour, out, |out| {
            layout(record, Colors::NONE, out);
        });
    }
    out.push(b'\n');
}

fn layout(record: &Record<'_>, colors: Colors, out: &mut Vec<u8>) {
    colors.paint(Part::Aside, out, |out| {
        sanitize::write(&record.timestamp, out);
    });
    out.push(b' ');
    let level = record.level.as_deref().unwrap_or(NO_LEVEL);
    colors.paint(Part::Level(Level::from_text(level)), out, |out| {
        sanitize::write(level, out);
    });
    let missing = LEVEL_WIDTH.saturating_sub(level.chars().count());
    out.resize(out.len() + missing + 1, b' ');
    message(&record.message, out);
    if let Some(attributes) = record.attributes {
        out.extend_from_slice(b"  ");
        colors.paint(Part::Aside, out, |out| {
            flatten::write(attributes.get(), out);
        });
    }
}

fn message(text: &str, out: &mut Vec<u8>) {
    let lines = text.trim_end_matches(['\n', '\r']).split('\n');
    for (number, line) in lines.enumerate() {
        if number > 0 {
            out.push(b'\n');
            out.extend_from_slice(CONTINUATION);
        }
        let parts = line.strip_suffix('\r').unwrap_or(line).split('\t');
        for (number, part) in parts.enumerate() {
            if number > 0 {
                out.extend_from_slice(TAB);
            }
            sanitize::write(part, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::args::ColorChoice;
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "97fc512a811c0000706934c744beacc100000000";

    fn shown(json: &serde_json::Value, is_match: bool, color: ColorChoice) -> String {
        let json = json.to_string();
        let mut out = Vec::new();
        let record = Record::parse(&json).unwrap();
        write(&record, is_match, Colors::new(color, false), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn record(level: Option<&str>, message: &str) -> serde_json::Value {
        serde_json::json!({"id": ID, "timestamp": "2024-10-08T00:00:00Z", "level": level, "message": message})
    }

    #[test]
    fn a_record_is_a_line_and_its_further_lines_are_told_from_records() {
        let mut with_attributes = record(Some("ERROR"), "failed");
        with_attributes["attributes"] = serde_json::json!({"service": "orders"});
        for (record, expected) in [
            (
                with_attributes,
                "2024-10-08T00:00:00Z ERROR   failed  service=orders\n",
            ),
            (record(None, ""), "2024-10-08T00:00:00Z -       \n"),
            (
                record(Some("a long level"), "m\u{1b}[2J\n"),
                "2024-10-08T00:00:00Z a long level m\\x1b[2J\n",
            ),
            (
                record(
                    Some("WARN"),
                    "boom\r\n\tat a.B\n2024-10-08T00:00:00Z INFO fake",
                ),
                "2024-10-08T00:00:00Z WARN    boom\n    |     at a.B\n    | 2024-10-08T00:00:00Z INFO fake\n",
            ),
        ] {
            assert_eq!(shown(&record, true, ColorChoice::Never), expected);
            assert_eq!(shown(&record, false, ColorChoice::Never), expected);
        }
    }

    #[test]
    fn colours_tell_the_level_and_a_neighbour_is_dimmed() {
        let record = record(Some("warning"), "m");
        assert_eq!(
            shown(&record, true, ColorChoice::Always),
            "\u{1b}[2m2024-10-08T00:00:00Z\u{1b}[0m \u{1b}[1m\u{1b}[33mwarning\u{1b}[0m m\n"
        );
        assert_eq!(
            shown(&record, false, ColorChoice::Always),
            "\u{1b}[2m2024-10-08T00:00:00Z warning m\u{1b}[0m\n"
        );
    }

    proptest! {
        #[test]
        fn only_the_record_itself_begins_a_line(level: String, message in "(\\PC|\n|\r|\t|\u{1b}|\u{9b}){0,40}") {
            let shown = shown(&record(Some(&level), &message), true, ColorChoice::Never);
            let mut lines = shown.strip_suffix('\n').unwrap().split('\n');
            prop_assert!(lines.next().unwrap().starts_with("2024-10-08T00:00:00Z "));
            prop_assert!(lines.all(|line| line.starts_with("    | ")));
            prop_assert!(!shown.replace('\n', "").contains(char::is_control), "{shown:?}");
        }
    }
}
