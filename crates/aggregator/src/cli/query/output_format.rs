//! The forms of the output: how one row of the answer is written in each.

use super::args::{Output, QueryArgs};
use super::colors::Colors;
use super::json_record::{NoRecord, Record};
use super::record_layout;
use crate::cli::sanitize;

/// A form of the output.
#[derive(Debug, Clone, Copy)]
pub(super) enum OutputFormat {
    /// Lines for people.
    Text(Colors),
    /// A JSON object a line.
    Json,
    /// CSV as the service writes it, without what a terminal obeys: many a pipe ends at one. On a
    /// terminal itself a record is one line, too.
    Csv { is_terminal: bool },
}

impl OutputFormat {
    pub(super) fn new(args: &QueryArgs, is_terminal: bool) -> Self {
        match args.output {
            Output::Text => Self::Text(Colors::new(args.color, is_terminal)),
            Output::Json => Self::Json,
            Output::Csv => Self::Csv { is_terminal },
        }
    }

    /// What the service has to answer with.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text(_) | Self::Json => "application/x-ndjson",
            Self::Csv { .. } => "text/csv",
        }
    }

    /// Whether the first row of an answer is no record; then rows may hold line ends.
    pub(super) fn has_head(self) -> bool {
        matches!(self, Self::Csv { .. })
    }

    /// A row of the answer, with its line end.
    pub(super) fn write(self, row: &[u8], out: &mut Vec<u8>) -> Result<(), NoRecord> {
        if let Self::Csv { is_terminal } = self {
            csv(row, is_terminal, out);
            return Ok(());
        }
        let json = std::str::from_utf8(row).map_err(|_| NoRecord)?;
        self.write_json(json.trim_end(), true, out)
    }

    /// A record in JSON; one that was not looked for itself is told from the others by its colour.
    pub(super) fn write_json(
        self,
        json: &str,
        is_match: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), NoRecord> {
        match self {
            Self::Text(colors) => {
                record_layout::write(&Record::parse(json)?, is_match, colors, out);
            }
            Self::Json | Self::Csv { .. } => {
                sanitize::write_json(json, out);
                out.push(b'\n');
            }
        }
        Ok(())
    }

    /// Between two groups of neighbours. A program knows the records apart by their ids.
    pub(super) fn write_separator(self, out: &mut Vec<u8>) {
        if matches!(self, Self::Text(_)) {
            out.extend_from_slice(b"--\n");
        }
    }
}

fn csv(row: &[u8], is_terminal: bool, out: &mut Vec<u8>) {
    if is_terminal {
        let row = String::from_utf8_lossy(row);
        sanitize::write(row.trim_end_matches(['\r', '\n']), out);
        out.push(b'\n');
    } else {
        sanitize::write_csv(&String::from_utf8_lossy(row), out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_keeps_its_line_ends_but_for_a_terminal_and_no_escape_sequence() {
        let row = "1,\t\"two\r\nlines\x1b[2J\u{9b}\u{7f}情\"\r\n".as_bytes();
        for (is_terminal, expected) in [
            (false, "1,\t\"two\r\nlines\\x1b[2J\\x9b\\x7f情\"\r\n"),
            (true, "1,\\t\"two\\r\\nlines\\x1b[2J\\x9b\\x7f情\"\n"),
        ] {
            let mut out = Vec::new();
            OutputFormat::Csv { is_terminal }
                .write(row, &mut out)
                .unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn a_line_that_is_no_record_is_not_shown_as_one() {
        let text = OutputFormat::Text(Colors::NONE);
        for line in [&b"{}\n"[..], b"null\n", b"\xff\n", b"\n"] {
            let mut out = Vec::new();
            assert_eq!(text.write(line, &mut out), Err(NoRecord));
            assert!(out.is_empty());
        }
    }
}
