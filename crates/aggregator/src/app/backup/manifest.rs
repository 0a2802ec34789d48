//! What a backup consists of: `backup.json`, which is written last, so that without it there is no backup.

use super::BackupError;
use super::copying::{self, Copied};
use chrono::{DateTime, SecondsFormat};
use logs::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

pub(super) const FILE_NAME: &str = "backup.json";
/// The format that is written, and the last that is known.
pub(super) const FORMAT: u32 = 1;
/// Larger than one of all segments and refused records that any folder has.
pub(super) const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// All of it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Manifest {
    pub(super) format: u32,
    /// Of the program that made it.
    version: String,
    made_at: String,
    /// How the records lie, where there is an embedded store.
    pub(super) layout: Option<String>,
    pub(super) files: Vec<Copied>,
}

impl Manifest {
    pub(super) fn new(now: Timestamp, layout: Option<String>, files: Vec<Copied>) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_at: DateTime::from_timestamp_nanos(now.nanos())
                .to_rfc3339_opts(SecondsFormat::Secs, true),
            layout,
            files,
        }
    }

    /// Of all files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Makes it durable, and with it the backup.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        // The files have their names before it says that they are there.
        copying::sync_folder(folder)?;
        let path = folder.join(FILE_NAME);
        let failed = BackupError::file(&path);
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| failed(error.into()))?;
        text.push(b'\n');
        if text.len() as u64 > MAX_BYTES {
            return Err(BackupError::TooMany(folder.display().to_string()));
        }
        let written = copying::write(&*text, &path).map_err(failed);
        let written = written.and_then(|_| copying::sync_folder(folder));
        // What failed is no backup, however much of it is there.
        written.inspect_err(|_| drop(fs::remove_file(&path)))
    }
}
