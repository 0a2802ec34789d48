//! What became of the files, and what the service told of them.

use super::sending::Taken;
use crate::cli::sanitize;
use logs::counted;
use serde::Serialize;
use std::io::{self, Write};

/// What is told of a file's records is said so many times.
const MOST_WARNINGS: u64 = 10;

/// What became of a file.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileSummary {
    pub(super) name: String,
    /// Records that the service has taken, now or before.
    pub(super) records: u64,
    pub(super) portions: u64,
    /// Portions of which the service knew that it had them.
    pub(super) repeated_portions: u64,
    /// Records that are kept aside, because no store takes them.
    pub(super) set_aside: u64,
    pub(super) warnings: u64,
    pub(super) refused_portions: u64,
    /// Why it was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
}

impl FileSummary {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn is_whole(&self) -> bool {
        self.refused_portions == 0 && self.error.is_none()
    }

    /// Notes a portion that begins at this byte; what is to be said of it.
    pub(super) fn note(&mut self, place: u64, taken: &Taken) -> Vec<String> {
        self.portions += 1;
        self.records += taken.accepted;
        self.set_aside += taken.set_aside;
        self.repeated_portions += u64::from(taken.is_repeated);
        let said = self.warnings;
        self.warnings += taken.warning_count;
        let left = MOST_WARNINGS.saturating_sub(said);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let told = taken.warnings.iter().take(left).map(|warning| {
            let record = warning.index.map_or_else(String::new, |index| {
                format!("record {index} behind byte {place}: ")
            });
            format!(
                "{}: {record}{}",
                self.shown(),
                sanitize::line(&warning.reason)
            )
        });
        let mut told: Vec<String> = told.collect();
        if said < MOST_WARNINGS && self.warnings >= MOST_WARNINGS && taken.warning_count > 0 {
            told.push(format!(
                "{}: further warnings are only counted",
                self.shown()
            ));
        }
        told
    }

    /// Its name, as it may be shown.
    pub(super) fn shown(&self) -> String {
        sanitize::line(&self.name)
    }

    fn line(&self) -> String {
        let records = counted(self.records, "record", "records");
        let portions = counted(self.portions, "portion", "portions");
        let mut parts = vec![format!("{}: {records} taken in {portions}", self.shown())];
        let mut add = |count: u64, said: &str| {
            if count > 0 {
                parts.push(said.replacen("{}", &count.to_string(), 1));
            }
        };
        add(self.repeated_portions, "{} of them known from before");
        add(self.set_aside, "{} of the records set aside");
        add(self.warnings, "{} kept in another form");
        add(self.refused_portions, "{} more refused");
        if self.error.is_some() {
            parts.push("not read to its end".to_owned());
        }
        parts.join(", ")
    }
}

/// All files, a line each.
pub(super) fn write_text(files: &[FileSummary], out: &mut impl Write) -> io::Result<()> {
    for file in files {
        writeln!(out, "{}", file.line())?;
    }
    if files.len() > 1 {
        let mut all = FileSummary::new("all");
        for file in files {
            all.records += file.records;
            all.portions += file.portions;
            all.repeated_portions += file.repeated_portions;
            all.set_aside += file.set_aside;
            all.warnings += file.warnings;
            all.refused_portions += file.refused_portions;
        }
        writeln!(out, "{}", all.line())?;
    }
    Ok(())
}

/// One object.
pub(super) fn write_json(files: &[FileSummary], out: &mut impl Write) -> io::Result<()> {
    let records: u64 = files.iter().map(|file| file.records).sum();
    let told = serde_json::json!({ "records": records, "files": files });
    writeln!(out, "{told}")
}
