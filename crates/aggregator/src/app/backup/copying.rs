//! Copies of files that others write to meanwhile, each synced, with its sum.

use super::BackupError;
use serde::{Deserialize, Serialize};
use spool::disk::{Disk as _, Folder};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Component, Path};

/// So often a folder is looked at anew when files come and go meanwhile.
const LOOKS: usize = 100;
const BUFFER: usize = 256 * 1024;

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Copied {
    /// From the folder of the backup on.
    pub(super) path: String,
    pub(super) bytes: u64,
    /// Hexadecimal.
    pub(super) blake3: String,
}

impl Copied {
    /// Its path, unless that leads out of the folder.
    pub(super) fn path(&self) -> io::Result<&Path> {
        let path = Path::new(&self.path);
        let mut parts = path.components();
        let is_within = parts.all(|part| matches!(part, Component::Normal(_)));
        match is_within && !self.path.is_empty() {
            true => Ok(path),
            false => Err(io::Error::other(
                "the path of a file leads out of the backup",
            )),
        }
    }
}

/// Copies the files of a folder as they stand at one moment, each up to the length that it has then.
///
/// All are opened first. When the same ones are there afterwards, that is a moment at which all were: none had been
/// removed yet, and behind the newest none had been begun.
pub(super) fn copy_folder(
    from: &Path,
    name: &str,
    to: &Path,
    is_copied: fn(&str) -> bool,
    copied: &mut Vec<Copied>,
) -> Result<(), BackupError> {
    let (from, to) = (from.join(name), to.join(name));
    if !from.is_dir() {
        return Ok(());
    }
    let opened = open_all(&from, is_copied)?;
    Folder::create(&to).map_err(BackupError::file(&to))?;
    for Opened {
        name: file,
        bytes,
        content,
    } in opened
    {
        let path = to.join(&file);
        let (blake3, bytes) =
            write(content.take(bytes), &path).map_err(BackupError::file(&path))?;
        copied.push(Copied {
            path: format!("{name}/{file}"),
            bytes,
            blake3,
        });
    }
    sync_folder(&to)
}

/// Copies the files of a folder whose files never change: what is taken out of one is in a later one before that goes.
///
/// So one that is gone is made up for by those that came, until none goes meanwhile. What was copied twice is known at
/// the start that finds it.
pub(super) fn copy_growing(
    from: &Path,
    name: &str,
    to: &Path,
    is_copied: fn(&str) -> bool,
    copied: &mut Vec<Copied>,
) -> Result<(), BackupError> {
    let (from, to) = (from.join(name), to.join(name));
    if !from.is_dir() {
        return Ok(());
    }
    Folder::create(&to).map_err(BackupError::file(&to))?;
    let mut done = BTreeSet::new();
    for _ in 0..LOOKS {
        let mut names = file_names(&from)?;
        names.retain(|file| is_copied(file) && !done.contains(file));
        let mut all_are_there = true;
        for file in names {
            match copy_file(&from, &file, &to) {
                Ok(one) => copied.push(Copied {
                    path: format!("{name}/{file}"),
                    ..one
                }),
                Err(error) if error.is_missing() => all_are_there = false,
                Err(error) => return Err(error),
            }
            done.insert(file);
        }
        if all_are_there {
            return sync_folder(&to);
        }
    }
    Err(BackupError::Restless(from.display().to_string()))
}

struct Opened {
    name: String,
    bytes: u64,
    content: File,
}

fn open_all(folder: &Path, is_copied: fn(&str) -> bool) -> Result<Vec<Opened>, BackupError> {
    let names = || -> Result<Vec<String>, BackupError> {
        let mut names = file_names(folder)?;
        names.retain(|name| is_copied(name));
        Ok(names)
    };
    for _ in 0..LOOKS {
        let before = names()?;
        let opened: io::Result<Vec<Opened>> =
            before.iter().map(|name| open(folder, name)).collect();
        match opened {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => {
                let opened = opened.map_err(BackupError::file(folder))?;
                if names()? == before {
                    return Ok(opened);
                }
            }
        }
    }
    Err(BackupError::Restless(folder.display().to_string()))
}

fn open(folder: &Path, name: &str) -> io::Result<Opened> {
    let content = File::open(folder.join(name))?;
    Ok(Opened {
        name: name.to_owned(),
        bytes: content.metadata()?.len(),
        content,
    })
}

/// The files of a folder.
pub(super) fn file_names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let mut names = Folder::at(folder)
        .list()
        .map_err(BackupError::file(folder))?;
    names.sort_unstable();
    Ok(names)
}

/// Copies one file.
pub(super) fn copy_file(from: &Path, name: &str, to: &Path) -> Result<Copied, BackupError> {
    let (from, to) = (from.join(name), to.join(name));
    let content = File::open(&from).map_err(BackupError::file(&from))?;
    let (blake3, bytes) = write(content, &to).map_err(BackupError::file(&to))?;
    Ok(Copied {
        path: name.to_owned(),
        bytes,
        blake3,
    })
}

/// Makes a file with this content durable; its sum and length.
pub(super) fn write(mut content: impl Read, to: &Path) -> io::Result<(String, u64)> {
    let mut file = File::options().write(true).create_new(true).open(to)?;
    let sum = each_piece(&mut content, |piece| file.write_all(piece))?;
    file.sync_all()?;
    Ok(sum)
}

/// Makes a file durable that is there; its sum and length.
pub(super) fn sync_and_sum(path: &Path) -> Result<(String, u64), BackupError> {
    let failed = BackupError::file(path);
    let mut file = File::open(path).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    each_piece(&mut file, |_| Ok(())).map_err(failed)
}

pub(super) fn sync_folder(folder: &Path) -> Result<(), BackupError> {
    let synced = Folder::at(folder).sync_folder();
    synced.map_err(BackupError::file(folder))
}

/// The sum of a content and its length; each piece of it is given on.
fn each_piece(
    content: &mut impl Read,
    mut take: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<(String, u64)> {
    let (mut buffer, mut hasher, mut bytes) = (vec![0; BUFFER], blake3::Hasher::new(), 0);
    loop {
        let piece = match content.read(&mut buffer) {
            Ok(0) => return Ok((hasher.finalize().to_hex().to_string(), bytes)),
            Ok(read) => buffer.get(..read).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        take(piece)?;
        hasher.update(piece);
        bytes += piece.len() as u64;
    }
}
