//! The health of a service, in lines for people.

use crate::cli::sanitize;
use logs::counted;
use program::shown;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;

/// What is shown of the answer of `GET /health`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    status: Status,
    problem: Option<String>,
    version: String,
    /// Not told by an earlier version.
    instance: Option<String>,
    uptime_seconds: u64,
    store: Store,
    records: Records,
    spool: Spool,
    rejected: Rejected,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    Degraded,
    Unavailable,
}

#[derive(Debug, Deserialize)]
struct Store {
    kind: String,
    location: String,
    available: bool,
    #[serde(default)]
    notes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Records {
    received: u64,
    recovered: u64,
    stored: u64,
    already_stored: u64,
    rejected: RejectedRecords,
    waiting: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RejectedRecords {
    invalid: u64,
    key_reused: u64,
    not_taken: u64,
    set_aside: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spool {
    bytes: u64,
    max_bytes: u64,
    batches: u64,
    oldest_age_ms: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rejected {
    records: u64,
    bytes: u64,
    max_bytes: u64,
    /// A service of an earlier version reads all of them before it answers.
    #[serde(default)]
    unread_files: u64,
}

/// What an aggregator with tokens says to those who have none.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ForStrangers {
    status: Status,
    more: String,
}

impl Status {
    fn told(self) -> &'static str {
        match self {
            Self::Ok => "ok: batches are taken and stored",
            Self::Degraded => "degraded: batches are taken, but something is wrong",
            Self::Unavailable => "unavailable: batches are not taken",
        }
    }
}

/// The answer of an aggregator in lines; `None` for any other.
pub(super) fn lines(json: &[u8]) -> Option<String> {
    if let Ok(report) = serde_json::from_slice::<Report>(json) {
        return Some(report.to_string());
    }
    let report: ForStrangers = serde_json::from_slice(json).ok()?;
    let (status, more) = (report.status.told(), sanitize::line(&report.more));
    Some(format!(
        "status    {status}\nmore      {more} (--token-file)"
    ))
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "status    {}", self.status.told())?;
        if let Some(problem) = &self.problem {
            writeln!(out, "problem   {}", sanitize::line(problem))?;
        }
        let uptime = shown::time(Duration::from_secs(self.uptime_seconds));
        let version = sanitize::line(&self.version);
        write!(out, "service   ")?;
        if let Some(instance) = &self.instance {
            write!(out, "{}, ", sanitize::line(instance))?;
        }
        writeln!(out, "version {version}, up for {uptime}")?;
        writeln!(out, "{}", self.store)?;
        writeln!(out, "{}", self.records)?;
        writeln!(out, "{}", self.spool)?;
        let Rejected {
            records,
            bytes,
            max_bytes,
            unread_files,
        } = &self.rejected;
        let (bytes, most) = (shown::size(*bytes), shown::size(*max_bytes));
        let records = counted(*records, "record", "records");
        write!(out, "aside     {records} kept aside, {bytes} of {most}")?;
        if *unread_files > 0 {
            let files = counted(*unread_files, "file", "files");
            write!(out, ", and {files} of before the start still to be read")?;
        }
        Ok(())
    }
}

impl fmt::Display for Store {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, location) = (sanitize::line(&self.kind), sanitize::line(&self.location));
        let state = match self.available {
            true => "available",
            false => "not available",
        };
        write!(out, "store     {kind} at {location}, {state}")?;
        for note in &self.notes {
            write!(out, "\nnote      {}", sanitize::line(note))?;
        }
        Ok(())
    }
}

impl fmt::Display for Records {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "records   {} received", self.received)?;
        if self.recovered > 0 {
            write!(out, " and {} found in the spool", self.recovered)?;
        }
        let rejected = &self.rejected;
        let refused = rejected.invalid + rejected.key_reused + rejected.not_taken;
        write!(
            out,
            " since the start: {} stored, {} there already, {refused} refused, {} set aside, {} waiting",
            self.stored, self.already_stored, rejected.set_aside, self.waiting
        )
    }
}

impl fmt::Display for Spool {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = match self.batches {
            0 => "no batch waits".to_owned(),
            1 => "1 batch waits".to_owned(),
            batches => format!("{batches} batches wait"),
        };
        write!(out, "spool     {waiting}")?;
        if let Some(age) = self.oldest_age_ms {
            let age = shown::time(Duration::from_millis(age));
            write!(out, " (the oldest for {age})")?;
        }
        let (bytes, most) = (shown::size(self.bytes), shown::size(self.max_bytes));
        write!(out, ", {bytes} of {most}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: &str, problem: &str) -> String {
        let json = serde_json::json!({
            "status": status, "problem": problem, "version": "0.1.0", "uptimeSeconds": 3_661,
            "of a later version": true,
            "store": {"kind": "sqlite", "location": "/data/logs.sqlite3", "available": true,
                "notes": ["3 documents\u{7}"]},
            "records": {"received": 7, "recovered": 2, "stored": 4, "alreadyStored": 1, "waiting": 1,
                "rejected": {"invalid": 1, "keyReused": 0, "notTaken": 1, "setAside": 1}},
            "spool": {"bytes": 286, "maxBytes": 8_u64 << 30, "batches": 1, "records": 1, "oldestAgeMs": 1_500},
            "rejected": {"records": 1, "bytes": 4096, "maxBytes": 256 << 20},
        });
        json.to_string()
    }

    #[test]
    fn a_person_reads_how_it_is_and_what_became_of_the_records() {
        let report = lines(answer("degraded", "the disk is slow\u{1b}[2J").as_bytes());
        let expected = "\
status    degraded: batches are taken, but something is wrong
problem   the disk is slow\\x1b[2J
service   version 0.1.0, up for 1h 1m
store     sqlite at /data/logs.sqlite3, available
note      3 documents\\x07
records   7 received and 2 found in the spool since the start: 4 stored, 1 there already, 2 refused, 1 set aside, 1 waiting
spool     1 batch waits (the oldest for 1s), 286 B of 8.0 GiB
aside     1 record kept aside, 4.0 KiB of 256.0 MiB";
        assert_eq!(report.unwrap(), expected);
        let named =
            answer("ok", "").replace("\"version\"", "\"instance\":\"logs\\u001b-1\",\"version\"");
        let told = lines(named.as_bytes()).unwrap();
        let expected = "\nservice   logs\\x1b-1, version 0.1.0, up for 1h 1m\n";
        assert!(told.contains(expected), "{told}");
        let unread = answer("ok", "").replace(
            "\"maxBytes\":268435456",
            "\"maxBytes\":268435456,\"unreadFiles\":2",
        );
        let told = lines(unread.as_bytes()).unwrap();
        let expected = "4.0 KiB of 256.0 MiB, and 2 files of before the start still to be read";
        assert!(told.ends_with(expected), "{told}");
    }

    #[test]
    fn whoever_has_no_token_reads_whether_it_is_well() {
        let told = lines(br#"{"status":"degraded","more":"is told to others"}"#).unwrap();
        let expected = "\
status    degraded: batches are taken, but something is wrong
more      is told to others (--token-file)";
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_no_health_is_not_shown_as_one() {
        for other in [
            "",
            "<html>",
            "{}",
            r#"{"status":"ok"}"#,
            &answer("error", ""),
        ] {
            assert!(lines(other.as_bytes()).is_none(), "{other}");
        }
    }
}
