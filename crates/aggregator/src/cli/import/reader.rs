//! Reads files one after another on a thread of its own, and gives their portions; never more than one ahead.

use super::cutter::{Cut, Cutter, Form, TooLong};
use super::failure::Failure;
use super::source;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tokio::sync::mpsc::{Receiver, Sender, channel};

const READ_AT_ONCE: usize = 128 * 1024;

/// How files are cut.
#[derive(Debug, Clone)]
pub(super) struct Cutting {
    /// Unless each tells by itself.
    pub(super) form: Option<Form>,
    /// Bytes in a portion, about.
    pub(super) target: usize,
    /// Part of all keys.
    pub(super) name: String,
}

/// What comes of reading.
#[derive(Debug)]
pub(super) enum Event {
    /// A part of the file with this number.
    Portion {
        file: usize,
        cut: Cut,
        /// Bytes of all files that were read until then, as they lie on the disk.
        read: u64,
    },
    /// A file cannot be read, or not to its end.
    Failed { file: usize, error: FileError },
    /// The last line of the file may be a part of one.
    MaybeTorn { file: usize },
    /// All files were read. What ends without this has failed.
    End,
}

/// Why a file was not read to its end: one sentence each.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    #[error(transparent)]
    Read(#[from] io::Error),
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// Nobody takes what is read.
struct Left;

enum Ended {
    Left,
    Failed(FileError),
}

impl From<Left> for Ended {
    fn from(_: Left) -> Self {
        Self::Left
    }
}

impl From<io::Error> for Ended {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<TooLong> for Ended {
    fn from(error: TooLong) -> Self {
        Self::Failed(error.into())
    }
}

/// Starts to read.
pub(super) fn start(files: Vec<PathBuf>, cutting: Cutting) -> io::Result<Receiver<Event>> {
    let (sender, receiver) = channel(1);
    // It ends with its files, or when nobody takes what it reads. Standard input may hold it up for ever.
    thread::Builder::new().spawn(move || {
        let read = Arc::new(AtomicU64::new(0));
        for (file, path) in files.into_iter().enumerate() {
            let reading = Reading {
                file,
                read: Arc::clone(&read),
                sender: &sender,
            };
            let told = match reading.run(&path, &cutting) {
                Ok(()) => Ok(()),
                Err(Ended::Left) => return,
                Err(Ended::Failed(error)) => sender.blocking_send(Event::Failed { file, error }),
            };
            if told.is_err() {
                return;
            }
        }
        // Nobody may wait for it any more.
        drop(sender.blocking_send(Event::End));
    })?;
    Ok(receiver)
}

/// What comes next of reading.
///
/// # Errors
/// [`Failure::Reader`] when the thread that reads is gone without having said that it is at the end.
pub(super) async fn next(events: &mut Receiver<Event>) -> Result<Event, Failure> {
    events.recv().await.ok_or(Failure::Reader)
}

struct Reading<'a> {
    file: usize,
    read: Arc<AtomicU64>,
    sender: &'a Sender<Event>,
}

impl Reading<'_> {
    fn run(&self, path: &Path, cutting: &Cutting) -> Result<(), Ended> {
        let mut source = source::open(path, cutting.form, &self.read)?;
        let mut cutter = Cutter::new(cutting.form, cutting.target, &cutting.name);
        let mut buffer = vec![0; READ_AT_ONCE];
        let mut last = None;
        loop {
            let count = match source.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let bytes = buffer.get(..count).unwrap_or_default();
            last = bytes.last().copied().or(last);
            cutter.add(bytes);
            while let Some(cut) = cutter.next()? {
                self.give(cut)?;
            }
        }
        while let Some(cut) = cutter.rest()? {
            self.give(cut)?;
        }
        // Whether a value of JSON is whole shows by itself.
        if path == Path::new(source::STANDARD_INPUT)
            && last.is_some_and(|last| !b"\n}]".contains(&last))
        {
            self.tell(Event::MaybeTorn { file: self.file })?;
        }
        Ok(())
    }

    fn give(&self, cut: Cut) -> Result<(), Left> {
        self.tell(Event::Portion {
            file: self.file,
            cut,
            read: self.read.load(Ordering::Relaxed),
        })
    }

    fn tell(&self, event: Event) -> Result<(), Left> {
        self.sender.blocking_send(event).map_err(|_| Left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reader_that_fails_in_itself_is_no_end() {
        let (sender, mut receiver) = channel(1);
        let reader = thread::spawn(move || {
            let error = io::Error::other("a file's").into();
            sender
                .blocking_send(Event::Failed { file: 0, error })
                .unwrap();
            panic!("as a fault in what reads would");
        });
        assert!(matches!(
            next(&mut receiver).await,
            Ok(Event::Failed { .. })
        ));
        assert!(matches!(next(&mut receiver).await, Err(Failure::Reader)));
        assert!(reader.join().is_err());
    }
}
