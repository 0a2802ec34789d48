//! The file of the jobs: all of them, written anew with each change, which takes the place of the one before when it is on
//! the disk.

use super::job::Job;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What the names of its files begin with.
pub const FILES: &str = "deletions.json";
const FORMAT: u32 = 1;

/// Whether a file of this name is that of the jobs, or one that is to be.
pub fn is_file(name: &str) -> bool {
    name.starts_with(FILES)
}

/// Where it is.
#[derive(Debug, Clone)]
pub(super) struct Place(PathBuf);

#[derive(Serialize, Deserialize)]
struct Content {
    format: u32,
    jobs: Vec<Job>,
}

impl Place {
    /// That of a data folder.
    pub(super) fn of(folder: &Path) -> Self {
        Self(folder.join(FILES))
    }

    /// What it holds; none where there is no such file.
    pub(super) fn read(&self) -> io::Result<Vec<Job>> {
        let bytes = match fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            bytes => bytes?,
        };
        let content: Content = serde_json::from_slice(&bytes)?;
        match content.format {
            FORMAT => Ok(content.jobs),
            _ => Err(io::Error::other("a later version wrote it")),
        }
    }

    /// Writes it; when this returns, it is on the disk.
    pub(super) fn write(&self, jobs: Vec<Job>) -> io::Result<()> {
        let content = Content {
            format: FORMAT,
            jobs,
        };
        let mut name = self.0.as_os_str().to_owned();
        name.push(".new");
        let new = PathBuf::from(name);
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec_pretty(&content)?)?;
        file.sync_all()?;
        fs::rename(&new, &self.0)?;
        let folder = self.0.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }

    /// It cannot be read: it is put aside, and others begin anew.
    pub(super) fn set_aside(&self) -> io::Result<PathBuf> {
        let mut name = self.0.as_os_str().to_owned();
        name.push(".damaged");
        let aside = PathBuf::from(name);
        fs::rename(&self.0, &aside)?;
        Ok(aside)
    }
}

#[cfg(test)]
mod tests {
    use super::super::question::Question;
    use super::*;
    use logs::Timestamp;

    #[test]
    fn what_is_written_is_read_and_what_is_none_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(folder.path());
        assert_eq!(place.read().unwrap(), []);
        let question = Question::of("q=x".to_owned(), Timestamp::from_nanos(7), false).unwrap();
        let jobs = vec![Job::new(question, vec!["logs-2".to_owned()])];
        place.write(jobs.clone()).unwrap();
        assert_eq!(place.read().unwrap(), jobs);
        for damaged in ["", "{\"format\":2,\"jobs\":[]}"] {
            fs::write(folder.path().join(FILES), damaged).unwrap();
            assert!(place.read().is_err(), "{damaged}");
        }
        let aside = place.set_aside().unwrap();
        assert!(is_file(&aside.file_name().unwrap().to_string_lossy()));
        assert_eq!(place.read().unwrap(), []);
    }
}
