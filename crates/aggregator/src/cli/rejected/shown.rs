//! Refused records as they are shown: two lines each for people, one JSON object a line for programs. Pure.

use crate::cli::sanitize;
use logs::counted;
use serde::Deserialize;
use serde_json::Value;
use std::io::{self, Write};

/// What a list says of one.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    reason: String,
    rejected_at: Option<String>,
    /// Not told by an earlier version.
    id: Option<String>,
    /// Of one that is too large for any store.
    file: Option<String>,
    /// None when it is broken itself.
    record: Option<Value>,
    bytes: Option<u64>,
}

/// The time and the reason, and below them the record.
pub(super) fn write_text(record: &str, out: &mut impl Write) -> io::Result<()> {
    let Ok(told) = serde_json::from_str::<Told>(record) else {
        return writeln!(out, "{}", sanitize::line(record));
    };
    let time = sanitize::line(told.rejected_at.as_deref().unwrap_or("-"));
    let reason = sanitize::line(&told.reason);
    let names = [("file", told.file), ("id", told.id)];
    let names = names.into_iter().filter_map(|(name, value)| {
        let value = sanitize::line(&value?);
        Some(format!("{name} {value}"))
    });
    let names = names.collect::<Vec<_>>().join(", ");
    match names.is_empty() {
        true => writeln!(out, "{time} {reason}")?,
        false => writeln!(out, "{time} {reason} ({names})")?,
    }
    let Some(record) = told.record else {
        let bytes = counted(told.bytes.unwrap_or_default(), "byte", "bytes");
        return writeln!(out, "    {bytes} that are no record");
    };
    let field = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("-");
    let [time, level, message] =
        ["timestamp", "level", "message"].map(|name| sanitize::line(field(name)));
    writeln!(out, "    {time} {level} {message}")
}

/// How many there are.
pub(super) fn write_sum(listed: u64, total: u64, out: &mut impl Write) -> io::Result<()> {
    match (listed, total.max(listed)) {
        (_, 0) => writeln!(out, "no record is kept aside"),
        (listed, total) if listed < total => {
            let total = counted(total, "record is", "records are");
            writeln!(out, "{total} kept aside; {listed} of them are shown")
        }
        (_, total) => {
            let total = counted(total, "record is", "records are");
            writeln!(out, "{total} kept aside")
        }
    }
}

/// What a replay did.
pub(super) fn write_replayed(
    replayed: u64,
    left_aside: u64,
    not_found: u64,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(
        out,
        "{} put back",
        counted(replayed, "record is", "records are")
    )?;
    if left_aside > 0 {
        let others = counted(left_aside, "other is", "others are");
        writeln!(out, "{others} too large to be stored")?;
    }
    if not_found > 0 {
        let ids = counted(not_found, "id is", "ids are");
        writeln!(out, "{ids} not among the records kept aside")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(record: &str) -> String {
        let mut out = Vec::new();
        write_text(record, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_are_told_why_and_what_in_two_lines_that_no_terminal_obeys() {
        for (record, expected) in [
            (
                r#"{"reason":"against a rule","rejectedAt":"2026-11-29T12:00:00.000Z","record":{"timestamp":"2024-10-08T00:00:00Z","level":"WARN","message":"a\nb"}}"#,
                "2026-11-29T12:00:00.000Z against a rule\n    2024-10-08T00:00:00Z WARN a\\nb\n",
            ),
            (
                r#"{"reason":"too large","rejectedAt":null,"file":"1.rej","record":{"message":"\u001b[31m"}}"#,
                "- too large (file 1.rej)\n    - - \\x1b[31m\n",
            ),
            (
                r#"{"id":"2f","reason":"too large","rejectedAt":null,"file":"1.rej","record":{"message":"a"}}"#,
                "- too large (file 1.rej, id 2f)\n    - - a\n",
            ),
            (
                r#"{"reason":"broken","rejectedAt":"t","bytes":7}"#,
                "t broken\n    7 bytes that are no record\n",
            ),
        ] {
            assert_eq!(text(record), expected);
        }
        let long = format!(r#"{{"reason":"{}","rejectedAt":"t"}}"#, "x".repeat(9000));
        assert!(text(&long).len() < 1000);
    }

    #[test]
    fn how_many_there_are_is_said_also_when_not_all_are_shown() {
        for (listed, total, expected) in [
            (0, 0, "no record is kept aside\n"),
            (1, 1, "1 record is kept aside\n"),
            // Some came while they were listed.
            (3, 2, "3 records are kept aside\n"),
            (2, 5, "5 records are kept aside; 2 of them are shown\n"),
        ] {
            let mut out = Vec::new();
            write_sum(listed, total, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
