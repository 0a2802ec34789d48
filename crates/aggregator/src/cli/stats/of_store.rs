//! What the store of a service holds, in lines for people.

use crate::cli::sanitize;
use logs::counted;
use program::shown;
use serde::Deserialize;
use std::io::{self, Write};

/// As `GET /stats` tells it: what could not be found out is missing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Store {
    kind: String,
    bytes: Option<Bytes>,
    oldest: Option<String>,
    newest: Option<String>,
    records: Option<u64>,
    counted_up_to: Option<String>,
    #[serde(default)]
    earlier: u64,
    #[serde(default)]
    days: Vec<OnDay>,
    #[serde(default)]
    later: u64,
    services: Option<Services>,
    problem: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bytes {
    in_use: u64,
    on_disk: u64,
}

#[derive(Debug, Deserialize)]
struct OnDay {
    day: String,
    records: u64,
    complete: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Services {
    counted_up_to: Option<String>,
    records: u64,
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Field {
    field: String,
    values: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Value {
    value: String,
    count: u64,
}

impl Store {
    /// A line for the whole, and one for each day and each service that has records.
    pub(super) fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "store ({})", sanitize::line(&self.kind))?;
        let mut before = ": ";
        let mut part = |out: &mut dyn Write, text: String| {
            let written = write!(out, "{before}{text}");
            before = "; ";
            written
        };
        if let Some(records) = self.records {
            let least = if self.counted_up_to.is_some() {
                "at least "
            } else {
                ""
            };
            part(
                out,
                format!("{least}{}", counted(records, "record", "records")),
            )?;
        }
        if let (Some(oldest), Some(newest)) = (&self.oldest, &self.newest) {
            let (oldest, newest) = (sanitize::line(oldest), sanitize::line(newest));
            part(out, format!("from {oldest} to {newest}"))?;
        }
        if let Some(Bytes { in_use, on_disk }) = self.bytes {
            let (in_use, on_disk) = (shown::size(in_use), shown::size(on_disk));
            part(out, format!("{in_use} in use of {on_disk} on disk"))?;
        }
        if let Some(problem) = &self.problem {
            part(out, sanitize::line(problem))?;
        }
        writeln!(out)?;
        self.write_days(out)?;
        self.services
            .as_ref()
            .map_or(Ok(()), |services| services.write_text(out))
    }

    fn write_days(&self, out: &mut impl Write) -> io::Result<()> {
        if self.earlier > 0
            && let Some(first) = self.days.first()
        {
            let day = sanitize::line(&first.day);
            writeln!(out, "    before {day}: {}", self.earlier)?;
        }
        for day in self.days.iter().filter(|day| day.records > 0) {
            let least = if day.complete == Some(false) {
                "at least "
            } else {
                ""
            };
            writeln!(
                out,
                "    {}: {least}{}",
                sanitize::line(&day.day),
                day.records
            )?;
        }
        if self.later > 0
            && let Some(last) = self.days.last()
        {
            writeln!(
                out,
                "    after {}: {}",
                sanitize::line(&last.day),
                self.later
            )?;
        }
        match &self.counted_up_to {
            Some(time) => writeln!(
                out,
                "    counted from the newest back to {}: then time was over",
                sanitize::line(time)
            ),
            None => Ok(()),
        }
    }
}

impl Services {
    fn write_text(&self, out: &mut impl Write) -> io::Result<()> {
        for field in &self.fields {
            write!(out, "    by {}", sanitize::line(&field.field))?;
            if self.counted_up_to.is_some() {
                let records = counted(self.records, "record", "records");
                write!(out, " (the newest {records})")?;
            }
            let mut before = ":";
            for Value { value, count } in &field.values {
                write!(out, "{before} {} {count}", sanitize::line(value))?;
                before = ",";
            }
            writeln!(out)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        let mut out = Vec::new();
        let store: Store = serde_json::from_str(json).unwrap();
        store.write_text(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn people_read_how_much_there_is_and_how_it_grows() {
        let told = shown(
            r#"{"kind":"blocks","bytes":{"inUse":2048,"onDisk":4096},"oldest":"t1","newest":"t2","records":16,"complete":true,
            "earlier":5,"days":[{"day":"2026-11-28","records":0},{"day":"2026-11-29","records":7}],"later":4,
            "services":{"complete":true,"records":16,"fields":[
                {"field":"attr.service","records":9,"values":[{"value":"a\u001b[2J","count":6},{"value":"b","count":3}]}]}}"#,
        );
        let expected = "\
store (blocks): 16 records; from t1 to t2; 2.0 KiB in use of 4.0 KiB on disk
    before 2026-11-28: 5
    2026-11-29: 7
    after 2026-11-29: 4
    by attr.service: a\\x1b[2J 6, b 3
";
        assert_eq!(told, expected);
    }

    #[test]
    fn what_was_not_counted_or_could_not_be_told_is_not_passed_over() {
        let told = shown(
            r#"{"kind":"sqlite","records":9,"complete":false,"countedUpTo":"t3","earlier":0,
            "days":[{"day":"2026-11-28","records":2,"complete":false},{"day":"2026-11-29","records":7}],"later":0,
            "services":{"complete":false,"countedUpTo":"t4","records":8,"fields":[{"field":"attr.service","records":1,"values":[{"value":"a","count":1}]}]}}"#,
        );
        let expected = "\
store (sqlite): at least 9 records
    2026-11-28: at least 2
    2026-11-29: 7
    counted from the newest back to t3: then time was over
    by attr.service (the newest 8 records): a 1
";
        assert_eq!(told, expected);
        let away = shown(r#"{"kind":"mongodb","problem":"the store is not available"}"#);
        assert_eq!(away, "store (mongodb): the store is not available\n");
    }
}
