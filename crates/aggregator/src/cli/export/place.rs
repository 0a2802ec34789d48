//! How far an export has come, in a file beside what it writes: the next run goes on there.

use super::failure::Failure;
use record::id::RecordId;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The last record that is exported.
    pub(super) behind: RecordId,
    /// Bytes that the file with that record has up to there; `None` where the file is whole.
    pub(super) bytes: Option<u64>,
    /// Records until there.
    pub(super) records: u64,
}

/// As it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    export: String,
    behind: String,
    bytes: Option<u64>,
    records: u64,
}

/// Where places are noted.
#[derive(Debug)]
pub(super) struct PlaceFile {
    path: PathBuf,
    /// What is exported: another export does not go on there.
    export: String,
}

impl PlaceFile {
    /// Beside an output.
    pub(super) fn beside(output: &Path, export: String) -> Self {
        Self {
            path: with_ending(output, ".place"),
            export,
        }
    }

    /// The place that an earlier run of this export has noted.
    pub(super) fn read(&self) -> Result<Option<Place>, Failure> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file(&self.path)(error)),
        };
        let other = || Failure::Other(self.path.display().to_string());
        let written: Written = serde_json::from_str(&text).map_err(|_| other())?;
        let behind = RecordId::parse(&written.behind);
        match behind.filter(|_| written.export == self.export) {
            Some(behind) => Ok(Some(Place {
                behind,
                bytes: written.bytes,
                records: written.records,
            })),
            None => Err(other()),
        }
    }

    /// Notes a place, durably; what stands before it has to be so already.
    pub(super) fn write(&self, place: &Place) -> Result<(), Failure> {
        let written = Written {
            export: self.export.clone(),
            behind: place.behind.to_string(),
            bytes: place.bytes,
            records: place.records,
        };
        let new = with_ending(&self.path, ".new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&serde_json::to_vec(&written)?)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        write().map_err(Failure::file(&self.path))
    }

    /// Nothing is left to go on with.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::file(&self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// A path with something behind its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
