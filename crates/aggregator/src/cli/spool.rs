//! `aggregator spool verify` and `aggregator spool dump`: a spool at rest, read on the command line.

use super::arguments::SpoolCommand;
use crate::app::StartError;
use logs::counted;
use spool::disk::Folder;
use spool::{SpoolError, offline};
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use store::page;

/// Why the command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SpoolCommandError {
    /// There is no spool.
    #[error("there is no spool in the data folder {0}")]
    Missing(String),
    /// A backup is not all in it.
    #[error(transparent)]
    Unrestored(#[from] StartError),
    /// An aggregator runs on it.
    #[error("the data folder {0} is in use by an aggregator: stop it first")]
    Locked(String),
    /// It cannot be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// It cannot be read, or what it says cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl SpoolCommandError {
    /// Whether the reader of the output has left, which is no error.
    pub fn is_closed_pipe(&self) -> bool {
        let (Self::Io(error) | Self::Spool(SpoolError::Io(error))) = self else {
            return false;
        };
        error.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Carries out a command; `false` when the spool is damaged.
///
/// # Errors
/// [`SpoolCommandError`], one sentence each.
pub fn run(command: &SpoolCommand, out: &mut impl Write) -> Result<bool, SpoolCommandError> {
    let (SpoolCommand::Verify(args) | SpoolCommand::Dump(args)) = command;
    let data_dir = &args.data_dir;
    let shown = || data_dir.display().to_string();
    let path = data_dir.join(crate::app::SPOOL_FOLDER);
    if !path.is_dir() {
        return Err(SpoolCommandError::Missing(shown()));
    }
    crate::app::check_restored(data_dir)?;
    let lock = File::create(data_dir.join("lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(SpoolCommandError::Locked(shown())),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    let disk = Folder::at(&path);
    let sound = match command {
        SpoolCommand::Verify(_) => verify(&disk, out)?,
        SpoolCommand::Dump(_) => dump(&disk, out)?,
    };
    out.flush()?;
    Ok(sound)
}

fn verify(disk: &Folder, out: &mut impl Write) -> Result<bool, SpoolCommandError> {
    let report = offline::verify(disk)?;
    for segment in &report.segments {
        writeln!(
            out,
            "{}: {}, {}, {}, {}",
            segment.name,
            counted(segment.bytes, "byte", "bytes"),
            counted(segment.frames, "frame", "frames"),
            counted(segment.batches, "batch", "batches"),
            counted(segment.records, "record", "records")
        )?;
    }
    writeln!(
        out,
        "batches below number {} are in the store",
        report.done_below
    )?;
    for damage in &report.damages {
        writeln!(out, "damaged: {damage}")?;
    }
    let sound = report.damages.is_empty();
    writeln!(out, "{}", if sound { "sound" } else { "damaged" })?;
    Ok(sound)
}

fn dump(disk: &Folder, out: &mut impl Write) -> Result<bool, SpoolCommandError> {
    let mut line = Vec::new();
    offline::dump(disk, |_, batch| {
        for document in batch.documents.slices(0..batch.documents.len()) {
            line.clear();
            page::write_document(document, &mut line)?;
            line.push(b'\n');
            out.write_all(&line)?;
        }
        Ok(())
    })?;
    Ok(true)
}
