//! Whether the files that are open are still those that stand at their paths.
//!
//! SQLite goes on writing to a file that was moved away or removed, and what it says is stored is
//! gone, or where nobody looks for it.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use tokio::sync::watch::Sender;

/// A database's file and its log, as they were when they were opened.
pub(crate) struct Identity {
    files: Vec<(PathBuf, Number)>,
}

/// What tells one file of a machine from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Number {
    device: u64,
    inode: u64,
}

impl Number {
    fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        Ok(Self {
            device: file.dev(),
            inode: file.ino(),
        })
    }
}

/// Where SQLite keeps the log of a database.
pub(crate) fn log_of(database: &Path) -> PathBuf {
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// Bytes of a database with its log, if it is there.
pub(crate) fn bytes(database: &Path) -> Option<u64> {
    let file = std::fs::metadata(database).ok()?.len();
    let log = std::fs::metadata(log_of(database));
    Some(file + log.map_or(0, |log| log.len()))
}

impl Identity {
    /// Those of a database that has just been opened for writing. Where the file system can hold no
    /// log, there is the file alone.
    ///
    /// # Errors
    /// The system's, when one of them cannot be looked at.
    pub(crate) fn of(database: &Path) -> io::Result<Self> {
        let log = log_of(database);
        let mut files = vec![(database.to_owned(), Number::of(database)?)];
        match Number::of(&log) {
            Ok(number) => files.push((log, number)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Self { files })
    }

    /// Notes in `known` whether they are where they were, and tells the log when that changes; why they are not.
    pub(crate) fn look(&self, known: &Sender<Option<String>>) -> Option<String> {
        note(
            known,
            self.problem(),
            "the database file is in its place again",
        )
    }

    /// What is wrong, in a sentence; `None` when they are where they were.
    pub(crate) fn problem(&self) -> Option<String> {
        self.files.iter().find_map(|(path, number)| {
            let shown = path.display();
            match Number::of(path) {
                Ok(there) if there == *number => None,
                Ok(_) => Some(format!(
                    "another file was put in the place of {shown} while it was open: put the first one back, or start the service again"
                )),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Some(format!(
                    "{shown} was moved away or removed while it was open: put it back; a service that is started again is without what is in it alone"
                )),
                Err(error) => Some(format!("{shown} cannot be looked at: {error}")),
            }
        })
    }
}

/// Notes in `known` why nothing can be stored, and tells the log when that changes, and when it is `over`.
pub(crate) fn note(
    known: &Sender<Option<String>>,
    problem: Option<String>,
    over: &str,
) -> Option<String> {
    let changed = known.send_if_modified(|known| {
        let changed = *known != problem;
        known.clone_from(&problem);
        changed
    });
    match &problem {
        Some(problem) if changed => {
            tracing::error!("{problem}; until then batches wait in the spool");
        }
        None if changed => tracing::info!("{over}"),
        _ => {}
    }
    problem
}

/// Resolves when something is wrong and is right again, as far as it is noted in `known`.
pub(crate) async fn recovered(known: &Sender<Option<String>>) {
    let mut problem = known.subscribe();
    // The sender lives as long as the store.
    drop(problem.wait_for(Option::is_some).await);
    drop(problem.wait_for(Option::is_none).await);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_moved_replaced_and_put_back_is_told_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        let (log, away) = (folder.path().join("db-wal"), folder.path().join("away"));
        fs::write(&path, "").unwrap();
        fs::write(&log, "").unwrap();
        let identity = Identity::of(&path).unwrap();
        assert_eq!(identity.problem(), None);
        for file in [&path, &log] {
            let says = |words: &str| {
                let problem = identity.problem().unwrap();
                assert!(problem.contains(words), "{problem}");
                assert!(problem.contains(&file.display().to_string()), "{problem}");
            };
            fs::rename(file, &away).unwrap();
            says("moved away or removed");
            fs::write(file, "").unwrap();
            says("another file");
            fs::rename(&away, file).unwrap();
            assert_eq!(identity.problem(), None);
        }
    }
}
