//! What a start finds in the folder of dead letters: the folder is listed before anybody is served, and the
//! files are read while the service runs, oldest first.
//!
//! Until all of them are read nobody knows which records are kept, so nothing is added, given back or
//! forgotten. A file that is out of reach is tried until it is read, or gone.

use super::file_format::{DAMAGED, UNFINISHED, may_hold_earlier, name, number, read};
use super::kept::Kept;
use super::unread::Unread;
use super::{DeadLetterBounds, DeadLetters, FILE_BYTES};
use spool::disk::{self, Disk};
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// After a file that could not be read.
const READING_PAUSE: Duration = Duration::from_secs(1);

impl DeadLetters {
    /// Lists the folder, and begins to read what is in it, which ends with the handle. What is damaged in it
    /// is set aside, and told. To be called on a runtime.
    ///
    /// # Errors
    /// The disk's.
    pub fn start(
        disk: Arc<dyn Disk>,
        bounds: DeadLetterBounds,
    ) -> io::Result<(Arc<Self>, AbortOnDropHandle<()>)> {
        let (letters, numbers) = Self::list(disk, bounds)?;
        let letters = Arc::new(letters);
        let reading = tokio::spawn(Arc::clone(&letters).read_all(numbers));
        Ok((letters, AbortOnDropHandle::new(reading)))
    }

    /// The same, all of it read.
    ///
    /// # Errors
    /// The disk's.
    #[cfg(test)]
    pub(crate) fn open(disk: Arc<dyn Disk>, bounds: DeadLetterBounds) -> io::Result<Self> {
        let (letters, numbers) = Self::list(disk, bounds)?;
        for number in numbers {
            letters.read_one(number)?;
        }
        letters.end_reading()?;
        Ok(letters)
    }

    fn list(disk: Arc<dyn Disk>, bounds: DeadLetterBounds) -> io::Result<(Self, Vec<u64>)> {
        let (mut kept, mut numbers) = (Kept::default(), Vec::new());
        for name in disk.list()? {
            if name.ends_with(UNFINISHED) {
                disk.remove(&name)?;
            } else if name.contains(DAMAGED) {
                kept.damaged += 1;
            } else if let Some(number) = number(&name) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        let files = numbers.len() as u64;
        let mut all = numbers.iter();
        let any_of_earlier = all.any(|number| may_hold_earlier(&*disk, *number));
        let letters = Self {
            disk,
            bounds,
            writing: Mutex::new(()),
            kept: Mutex::new(kept),
            unread: Unread::files(files, any_of_earlier),
            replaying: tokio::sync::Mutex::new(()),
            replays: AtomicU64::new(0),
        };
        Ok((letters, numbers))
    }

    async fn read_all(self: Arc<Self>, numbers: Vec<u64>) {
        for number in numbers {
            self.insist(move |letters| letters.read_one(number)).await;
        }
        self.insist(Self::end_reading).await;
    }

    /// Tries a step until it succeeds.
    async fn insist(
        self: &Arc<Self>,
        step: impl Fn(&Self) -> io::Result<()> + Copy + Send + 'static,
    ) {
        let mut has_failed = false;
        while let Err(error) = self.blocking(move |letters| Ok(step(letters)?)).await {
            has_failed = true;
            let reason = error.to_string();
            if self.unread.stand(&reason) {
                tracing::warn!("what was kept aside before the start cannot be read: {reason}");
            }
            tokio::time::sleep(READING_PAUSE).await;
        }
        if has_failed {
            tracing::info!("what was kept aside before the start is read on");
        }
    }

    fn read_one(&self, number: u64) -> io::Result<()> {
        match read(&*self.disk, number) {
            Ok(content) => {
                let of_the_door = content.letters.iter().any(|letter| letter.peer.is_some());
                let is_open = content.is_current && content.bytes < FILE_BYTES && !of_the_door;
                let mut kept = self.kept();
                kept.add(number, content.bytes, &content.letters);
                kept.set_open(is_open.then_some(number));
            }
            // It was taken away since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) if is_damage(&error) => {
                set_aside(&*self.disk, number, &error)?;
                self.kept().damaged += 1;
            }
            Err(error) => {
                let told = format!("rejected/{}: {error}", name(number));
                return Err(io::Error::new(error.kind(), told));
            }
        }
        self.unread.one_is_read();
        Ok(())
    }

    fn end_reading(&self) -> io::Result<()> {
        // A crash between making a file and removing those that it was put together from.
        let superseded = self.kept().superseded();
        for number in superseded {
            self.remove(number)?;
            self.kept().remove(number);
        }
        self.unread.all_are_read();
        Ok(())
    }
}

/// Whether a file that cannot be read is damaged, and not merely out of reach for a while.
pub(super) fn is_damage(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData || disk::is_unreadable(error)
}

/// Gives a damaged file another name, which none has yet.
pub(super) fn set_aside(disk: &dyn Disk, number: u64, error: &io::Error) -> io::Result<()> {
    let (name, names) = (name(number), disk.list()?);
    let mut aside = format!("{name}{DAMAGED}");
    let mut count = 1;
    while names.contains(&aside) {
        count += 1;
        aside = format!("{name}{DAMAGED}.{count}");
    }
    disk.rename(&name, &aside)?;
    disk.sync_folder()?;
    tracing::error!(%error, file = aside, "a file of refused records is damaged and was set aside");
    Ok(())
}

#[cfg(test)]
mod tests;
