//! How dead letters come onto the disk: in a file that has its name only when it is durable.

use super::file_format::{self, UNFINISHED, name, read};
use super::kept::room;
use super::{DeadLetter, DeadLetterError, DeadLetters, FILE_BYTES};
use spool::disk;
use std::borrow::Cow;
use std::io;
use std::sync::Arc;

impl DeadLetters {
    pub(super) fn write(&self, mut letters: Vec<DeadLetter>) -> Result<usize, DeadLetterError> {
        let _alone = self.writing();
        let (number, open) = {
            let kept = self.kept();
            kept.retain_new(&mut letters);
            (kept.next(), kept.open())
        };
        let added = letters.len();
        if added == 0 {
            return Ok(0);
        }
        // What is small is put together: each file takes a block at least. A file that cannot be read is
        // left as it is.
        let together = open.and_then(|open| Some((open, read(&*self.disk, open).ok()?.letters)));
        if let Some((_, before)) = &together {
            letters.splice(0..0, before.iter().cloned());
        }
        let content = file_format::encode(&letters);
        let bytes = length(&content);
        self.check_room(bytes)?;
        self.write_file(number, &content)?;
        let mut kept = self.kept();
        kept.add(number, bytes, &letters);
        kept.set_open((bytes < FILE_BYTES).then_some(number));
        drop(kept);
        if let Some((open, _)) = together {
            match self.remove(open) {
                Ok(()) => self.kept().remove(open),
                // It counts for nothing any more, and goes with the next replay or start.
                Err(error) => {
                    tracing::warn!(%error, "a file of refused records could not be removed");
                }
            }
        }
        Ok(added)
    }

    /// Forgets some of a sealed file, once they are safe elsewhere: the others go on in a file behind all others. A
    /// list that has passed them meets them there again, and none is left out.
    ///
    /// # Errors
    /// The disk's; then the file stays.
    pub async fn forget_all_but(
        self: &Arc<Self>,
        number: u64,
        others: Vec<DeadLetter>,
    ) -> Result<(), DeadLetterError> {
        self.blocking(move |letters| Ok(letters.write_anew(number, &others)?))
            .await
    }

    /// Puts what is to stay of a file into another, which takes its place. No room is asked for: it takes no more than
    /// what goes.
    fn write_anew(&self, number: u64, others: &[DeadLetter]) -> io::Result<()> {
        let _alone = self.writing();
        let next = self.kept().next();
        let content = file_format::encode(others);
        self.write_file(next, &content)?;
        self.kept().add(next, length(&content), others);
        self.remove(number)?;
        self.disk.sync_folder()?;
        self.kept().remove(number);
        Ok(())
    }

    fn check_room(&self, bytes: u64) -> Result<(), DeadLetterError> {
        let (used, limit) = (self.kept().bytes(), self.bounds.max_bytes);
        // The last ones may pass the bound: else a single large refusal would never find room.
        if used >= limit {
            return Err(DeadLetterError::Full { used, limit });
        }
        disk::check_room(&*self.disk, self.bounds.min_free_disk, room(bytes))?;
        Ok(())
    }

    /// Makes a file durable; one that fails leaves nothing behind, as far as the disk allows.
    pub(super) fn write_file(&self, number: u64, content: &[Cow<'_, [u8]>]) -> io::Result<()> {
        let unfinished = name(number) + UNFINISHED;
        let written = self.write_unfinished(&unfinished, content);
        let written = written.and_then(|()| {
            self.disk.rename(&unfinished, &name(number))?;
            self.disk.sync_folder()
        });
        if written.is_err() {
            drop(self.disk.remove(&unfinished));
            drop(self.disk.remove(&name(number)));
        }
        written
    }

    fn write_unfinished(&self, name: &str, content: &[Cow<'_, [u8]>]) -> io::Result<()> {
        let (file, mut offset) = (self.disk.create(name)?, 0);
        for piece in content {
            disk::write_all_at(&*file, piece, offset)?;
            offset += piece.len() as u64;
        }
        file.sync()
    }

    /// Removes a file; one that is gone already is as well.
    pub(super) fn remove(&self, number: u64) -> io::Result<()> {
        match self.disk.remove(&name(number)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

pub(super) fn length(content: &[Cow<'_, [u8]>]) -> u64 {
    content.iter().map(|piece| piece.len() as u64).sum()
}
