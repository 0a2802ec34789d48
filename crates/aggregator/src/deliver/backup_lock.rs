//! Backups, and what may not happen while one is made: a backup copies spool, store and refused records one after another,
//! so nothing may go from the last of these into the first meanwhile, nor may the store forget what the copied spool has.
//!
//! It is a lock on a file of the data folder, which the system gives back when its holder ends, however that is.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// The file.
pub const FILE_NAME: &str = "backup.lock";
/// Between two looks whether a backup has ended.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The lock of one data folder.
#[derive(Debug, Clone)]
pub struct BackupLock {
    path: PathBuf,
    /// Whether a backup was being made when that was looked at last.
    is_under_way: Arc<AtomicBool>,
}

/// While it lives, no backup begins.
#[derive(Debug)]
#[must_use]
pub struct HeldOff {
    _locked: File,
}

/// While it lives, a backup is being made.
#[derive(Debug)]
#[must_use]
pub struct UnderWay {
    _locked: File,
}

impl BackupLock {
    /// The lock of a data folder.
    pub fn of(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE_NAME),
            is_under_way: Arc::default(),
        }
    }

    /// Holds backups off; `None` while one is being made.
    ///
    /// # Errors
    /// The system's.
    pub fn hold_off(&self) -> io::Result<Option<HeldOff>> {
        let file = self.open()?;
        Ok(match file.try_lock_shared() {
            Ok(()) => Some(HeldOff { _locked: file }),
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(error)) => return Err(error),
        })
    }

    /// Looks each second whether a backup is being made: whoever asks must not wait for a disk.
    pub(crate) fn follow(&self) -> AbortOnDropHandle<()> {
        let followed = self.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            loop {
                let lock = followed.clone();
                let looking = tokio::task::spawn_blocking(move || lock.hold_off());
                let is_under_way = matches!(looking.await, Ok(Ok(None)));
                followed.is_under_way.store(is_under_way, Ordering::Relaxed);
                tokio::time::sleep(LOOK_PAUSE).await;
            }
        }))
    }

    /// Whether a backup was being made at the last look.
    pub fn is_under_way(&self) -> bool {
        self.is_under_way.load(Ordering::Relaxed)
    }

    /// Waits until no backup is being made, and then holds them off.
    pub(crate) async fn hold_off_in_the_end(&self) -> HeldOff {
        let mut is_told = false;
        loop {
            let lock = self.clone();
            let held = tokio::task::spawn_blocking(move || lock.hold_off()).await;
            match held.unwrap_or_else(|error| Err(io::Error::other(error))) {
                Ok(Some(held)) => return held,
                Err(error) if !is_told => {
                    is_told = true;
                    tracing::warn!(%error, file = %self.path.display(), "whether a backup is being made is not known: nothing is forgotten");
                }
                Ok(None) | Err(_) => {}
            }
            tokio::time::sleep(LOOK_PAUSE).await;
        }
    }

    /// Begins a backup. While that is held off, or another is being made, it is told, and waited for.
    ///
    /// # Errors
    /// The system's.
    pub fn begin(&self, tell_waiting: impl FnOnce()) -> io::Result<UnderWay> {
        let file = self.open()?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                tell_waiting();
                file.lock()?;
            }
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(UnderWay { _locked: file })
    }

    /// Whether a service has made the file, as each does since there are backups.
    ///
    /// # Errors
    /// The system's.
    pub fn is_known(&self) -> io::Result<bool> {
        self.path.try_exists()
    }

    /// A service makes the file at its start; where none of this version has run yet it is made here, for the user whose
    /// folder it is.
    fn open(&self) -> io::Result<File> {
        match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(),
            opened => opened,
        }
    }

    fn make(&self) -> io::Result<File> {
        let file = File::options().create(true).append(true).open(&self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let (own, of_folder) = (file.metadata()?, fs::metadata(folder)?);
        if own.uid() != of_folder.uid() {
            fchown(&file, Some(of_folder.uid()), Some(of_folder.gid()))?;
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_and_what_it_must_not_meet_keep_each_other_off() {
        let folder = tempfile::tempdir().unwrap();
        let lock = BackupLock::of(folder.path());
        let never = || panic!("nobody is in the way");
        let backup = lock.begin(never).unwrap();
        assert!(lock.hold_off().unwrap().is_none());
        drop(backup);
        // Several at a time, each until it has ended.
        let [first, second] = [lock.hold_off(), lock.hold_off()].map(|held| held.unwrap().unwrap());
        drop(first);
        let (told, is_told) = std::sync::mpsc::sync_channel(1);
        let waiting = lock.clone();
        let waiting = std::thread::spawn(move || waiting.begin(|| told.send(()).unwrap()).unwrap());
        is_told.recv().unwrap();
        assert!(!waiting.is_finished());
        drop(second);
        let _backup = waiting.join().unwrap();
        assert!(lock.hold_off().unwrap().is_none());
    }
}
