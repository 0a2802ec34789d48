//! What the door sets aside: records that are too large for any store, in files of their own.
//!
//! Whoever sends them takes the room away from what the store refuses. So they take no more than the bound,
//! and what comes from one address takes a quarter of it. The address stands in the file: what it takes is
//! known again after a start. The files of one address are larger than a record that is stored, so the
//! bound of the disk bounds the table of addresses as well; [`MAX_PEERS`] is for bounds without measure.

use super::file_format;
use super::kept::{self, TooLargeLetter};
use super::writing::length;
use super::{DeadLetter, DeadLetterError, DeadLetters, LetterId};
use record::fault::MAX_DOCUMENT_BYTES;
use record::id::BatchId;
use spool::disk;
use std::net::IpAddr;
use std::sync::Arc;

/// The part of the bound that what comes from one address may take.
const SHARE: u64 = 4;
/// With a smaller bound, not even the smallest record that is too large to be stored finds room.
pub const LEAST_BYTES: u64 = SHARE * kept::room(MAX_DOCUMENT_BYTES as u64 + 1);
/// Addresses that are told apart; about 100 bytes of memory each.
const MAX_PEERS: usize = 10_000;

/// The file in which records of one request are kept; to be taken back by it.
#[derive(Debug, PartialEq, Eq)]
pub struct KeptApart(u64);

impl KeptApart {
    /// Its file's name.
    pub fn name(&self) -> String {
        file_format::name(self.0)
    }
}

impl DeadLetters {
    /// Keeps what is too large of one request, all of it or none, but for what is kept already, which is
    /// not touched: then there may be no new file. When this returns, it is on disk.
    ///
    /// # Errors
    /// [`DeadLetterError`]; then none more is kept than before.
    pub async fn keep_apart(
        self: &Arc<Self>,
        letters: Vec<DeadLetter>,
        peer: IpAddr,
    ) -> Result<Option<KeptApart>, DeadLetterError> {
        self.are_read().await?;
        let keeping = self.blocking(move |kept| kept.write_apart(letters, peer));
        keeping.await
    }

    /// Forgets what a request made new, because the rest of it was not taken.
    ///
    /// # Errors
    /// The disk's; then it is kept.
    pub async fn take_back(self: &Arc<Self>, file: KeptApart) -> Result<(), DeadLetterError> {
        let taking = self.blocking(move |letters| {
            let _alone = letters.writing();
            letters.remove(file.0)?;
            letters.kept().take_back(file.0);
            Ok(letters.disk.sync_folder()?)
        });
        taking.await
    }

    /// What is kept of a batch because it is too large to be stored, in the order of the places.
    ///
    /// # Errors
    /// [`DeadLetterError::Unread`]; else it waits for no disk.
    pub async fn too_large_of(&self, id: BatchId) -> Result<Vec<TooLargeLetter>, DeadLetterError> {
        self.are_read().await?;
        Ok(self.kept().too_large_of(id))
    }

    /// Which records of a file are too large to be stored: such a file holds no others.
    pub fn too_large_in(&self, number: u64) -> Vec<LetterId> {
        self.kept().too_large_in(number)
    }

    /// The number of the next file: it grows with each that is made.
    #[cfg(test)]
    pub(crate) fn next_number(&self) -> u64 {
        self.kept().next()
    }

    fn write_apart(
        &self,
        mut letters: Vec<DeadLetter>,
        peer: IpAddr,
    ) -> Result<Option<KeptApart>, DeadLetterError> {
        let _alone = self.writing();
        let number = {
            let kept = self.kept();
            kept.retain_new(&mut letters);
            kept.next()
        };
        if letters.is_empty() {
            return Ok(None);
        }
        for letter in &mut letters {
            letter.peer = Some(peer);
        }
        let content = file_format::encode(&letters);
        let bytes = length(&content);
        self.check_room_apart(kept::room(bytes), peer)?;
        self.write_file(number, &content)?;
        self.kept().add(number, bytes, &letters);
        Ok(Some(KeptApart(number)))
    }

    fn check_room_apart(&self, room: u64, peer: IpAddr) -> Result<(), DeadLetterError> {
        let limit = self.bounds.max_bytes;
        let (used, (own, peers)) = {
            let kept = self.kept();
            (kept.bytes(), kept.of_peer(peer))
        };
        let share = limit / SHARE;
        if room > share {
            return Err(DeadLetterError::NeverFits {
                more: room,
                limit: share,
            });
        }
        if own.saturating_add(room) > share {
            return Err(DeadLetterError::Share {
                more: room,
                used: own,
                limit: share,
            });
        }
        if used.saturating_add(room) > limit {
            return Err(DeadLetterError::Full { used, limit });
        }
        if own == 0 && peers >= MAX_PEERS {
            return Err(DeadLetterError::Peers(peers));
        }
        disk::check_room(&*self.disk, self.bounds.min_free_disk, room)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
