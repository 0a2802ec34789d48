//! What a start finds in the folder of dead letters.

use super::FILE_BYTES;
use super::file_format::{DAMAGED, UNFINISHED, name, number, read};
use super::kept::Kept;
use spool::disk::{self, Disk};
use std::io;

/// Opens what is there.
pub(super) fn open(disk: &dyn Disk) -> io::Result<Kept> {
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
    for number in numbers {
        match read(disk, number) {
            Ok(content) => {
                kept.add(number, content.bytes, &content.letters);
                let of_the_door = content.letters.iter().any(|letter| letter.peer.is_some());
                let is_open = content.is_current && content.bytes < FILE_BYTES && !of_the_door;
                kept.set_open(is_open.then_some(number));
            }
            Err(error) if is_damage(&error) => {
                set_aside(disk, number, &error)?;
                kept.damaged += 1;
            }
            Err(error) => return Err(error),
        }
    }
    // A crash between making a file and removing those that it was put together from.
    for number in kept.superseded() {
        disk.remove(&name(number))?;
        kept.remove(number);
    }
    Ok(kept)
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
