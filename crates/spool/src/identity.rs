//! Which spool this is: sixteen random bytes in a file of its own, by which a store knows what it had from it.
//!
//! ```text
//! spool-id  id 16 | sum of it u32, little-endian
//! ```
//!
//! Made once, durably, and never written again. One that is damaged or gone is made anew, as a spool of an earlier
//! version gets one: then the store knows nothing of what it had from here, and batches that are delivered once
//! more are told by what it remembers of them. So whoever has a store that forgets asks it before the new one is kept.

use super::disk::{self, Disk};
use super::segment::{self, UNFINISHED, write_whole};
use std::io;

/// By which a spool is known.
pub type SpoolId = [u8; 16];

pub(super) const NAME: &str = "spool-id";
const BYTES: usize = 20;

/// Which spool is in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its id.
    pub id: SpoolId,
    /// The number of its oldest batch, where the id is new and segments are there: a spool that has lost its
    /// id, or never had one. `None` for one that has it, and for an empty one.
    pub nameless_from: Option<u64>,
    is_kept: bool,
}

impl Identity {
    /// Keeps an id that is new, durably. On a full disk it is one for this life alone.
    ///
    /// # Errors
    /// The disk's.
    pub fn keep(&self, disk: &dyn Disk) -> io::Result<()> {
        if self.is_kept {
            return Ok(());
        }
        match write(disk, self.id) {
            Err(error) if disk::is_no_room(&error) => {
                tracing::warn!(%error, "the spool's id cannot be kept; the next start makes another");
                Ok(())
            }
            written => written,
        }
    }
}

/// The id of the spool in this folder, and a new one when there is none, which is not written yet.
///
/// # Errors
/// The disk's.
pub fn identify(disk: &dyn Disk) -> io::Result<Identity> {
    identify_with(disk, rand::random)
}

pub(super) fn identify_with(
    disk: &dyn Disk,
    random: impl FnOnce() -> SpoolId,
) -> io::Result<Identity> {
    if let Some(id) = read(disk)? {
        return Ok(Identity {
            id,
            nameless_from: None,
            is_kept: true,
        });
    }
    let nameless_from = segment::numbers(&disk.list()?).first().copied();
    if nameless_from.is_some() {
        tracing::info!(
            "the spool has lost its id, or never had one: a store of blocks does not know what it had from it"
        );
    }
    Ok(Identity {
        id: random(),
        nameless_from,
        is_kept: false,
    })
}

fn read(disk: &dyn Disk) -> io::Result<Option<SpoolId>> {
    let file = match disk.open(NAME) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut bytes = [0; BYTES];
    match disk::read_full_at(&*file, &mut bytes, 0) {
        Err(error) if !disk::is_unreadable(&error) => return Err(error),
        _ => {}
    }
    let intact = bytes
        .split_first_chunk::<16>()
        .filter(|(id, sum)| crc32c::crc32c(*id).to_le_bytes() == **sum);
    if intact.is_none() {
        tracing::warn!("the spool's id is damaged");
    }
    Ok(intact.map(|(id, _)| *id))
}

fn write(disk: &dyn Disk, id: SpoolId) -> io::Result<()> {
    let unfinished = format!("{NAME}{UNFINISHED}");
    let bytes = [&id[..], &crc32c::crc32c(&id).to_le_bytes()].concat();
    let written = write_whole(disk, &unfinished, &bytes);
    if let Err(error) = written {
        // It takes up room that is wanted; a start removes it, too.
        drop(disk.remove(&unfinished));
        return Err(error);
    }
    disk.rename(&unfinished, NAME)?;
    disk.sync_folder()
}
