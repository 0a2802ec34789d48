//! A deletion as it is told: lines for people. Pure.

use crate::cli::sanitize;
use logs::counted;
use serde::Deserialize;
use std::io::{self, Write};

/// What would be deleted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counted {
    matching: u64,
    complete: bool,
    dead_letters: u64,
    unreadable_dead_letters: u64,
    waiting: u64,
    does_not_reach: Vec<String>,
}

/// One that is begun.
#[derive(Debug, Deserialize)]
pub(super) struct Begun {
    pub(super) deletion: Deletion,
}

/// How far one is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deletion {
    pub(super) id: String,
    state: String,
    removed: u64,
    dead_letters: u64,
    unreadable_dead_letters: u64,
    undecided: u64,
    waits_for: Vec<WaitsFor>,
    #[serde(default)]
    problem: Option<String>,
    does_not_reach: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WaitsFor {
    id: String,
    name: String,
    #[serde(default)]
    last_seen: Option<String>,
    what: String,
}

impl Counted {
    /// Lines for people.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let at_least = if self.complete { "" } else { "at least " };
        let records = counted(self.matching, "record matches", "records match");
        writeln!(out, "{at_least}{records}")?;
        if self.dead_letters > 0 {
            let letters = counted(self.dead_letters, "refused record", "refused records");
            writeln!(out, "{letters} of this aggregator would go as well")?;
        }
        if self.unreadable_dead_letters > 0 {
            let letters = self.unreadable_dead_letters;
            let letters = counted(letters, "refused record", "refused records");
            writeln!(out, "{letters} cannot be read, and would stay")?;
        }
        if self.waiting > 0 {
            let batches = counted(self.waiting, "batch", "batches");
            writeln!(out, "{batches} in the spool not looked into yet")?;
        }
        write_not_reached(&self.does_not_reach, out)
    }
}

impl Begun {
    /// Lines for people.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "deletion {}", sanitize::line(&self.deletion.id))?;
        write_not_reached(&self.deletion.does_not_reach, out)
    }
}

fn write_not_reached(all: &[String], out: &mut impl Write) -> io::Result<()> {
    for one in all {
        writeln!(out, "not reached: {}", sanitize::line(one))?;
    }
    Ok(())
}

impl Deletion {
    /// Whether it is over.
    pub(super) fn has_ended(&self) -> bool {
        ["done", "failed", "cancelled"].contains(&&*self.state)
    }

    /// Whether it is over and all is deleted.
    pub(super) fn is_done(&self) -> bool {
        self.state == "done"
    }

    /// In one line.
    pub(super) fn line(&self) -> String {
        let removed = counted(self.removed, "record", "records");
        let mut parts = vec![format!("{}: {removed} removed", self.state)];
        if self.dead_letters > 0 {
            let letters = counted(self.dead_letters, "refused one", "refused ones");
            parts.push(format!("{letters} as well"));
        }
        let left = self.undecided + self.unreadable_dead_letters;
        if left > 0 {
            let left = counted(left, "one", "ones");
            parts.push(format!("of {left} it cannot be told whether they match"));
        }
        parts.extend(self.waits_for.iter().map(WaitsFor::told));
        parts.extend(self.problem.clone());
        sanitize::line(&parts.join("; "))
    }
}

impl WaitsFor {
    fn told(&self) -> String {
        let seen = self.last_seen.as_ref();
        let seen = seen.map_or_else(String::new, |seen| format!(", seen last at {seen}"));
        let Self { id, name, what, .. } = self;
        format!("waits for {name} ({id}{seen}): {what}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_it_waits_for_is_named() {
        let told = r#"{"id":"1","state":"waiting","removed":1,"deadLetters":2,"unreadableDeadLetters":0,"undecided":0,
            "waitsFor":[{"id":"ab","name":"logs-2","what":"it is away"}],"doesNotReach":[]}"#;
        let deletion: Deletion = serde_json::from_str(told).unwrap();
        let expected =
            "waiting: 1 record removed; 2 refused ones as well; waits for logs-2 (ab): it is away";
        assert_eq!(deletion.line(), expected);
        assert!(!deletion.has_ended() && !deletion.is_done());
    }
}
