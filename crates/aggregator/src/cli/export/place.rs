//! How far an export has come: a file beside it with a line for each place, of which the last one counts. The run whose
//! export it is has it locked.

use super::failure::Failure;
use super::window::Window;
use crate::cli::sanitize;
use record::id::RecordId;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The last place stands in so many bytes at the end: a command line is shorter.
const LAST_BYTES: u64 = 4 * 1024 * 1024;
/// So often another run can end, and remove the file, between our opening and our locking it.
const MOST_TRIES: usize = 10;
/// How every line begins.
const BEGIN: &[u8] = b"{\"export\":";
/// What was exported is for whoever exported it.
const MODE: u32 = 0o600;
/// What stands under the name of a file of ours may be a link of somebody else's to a file that matters.
const NO_LINK: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The last record that is exported.
    pub(super) behind: RecordId,
    /// Bytes that the file with that record has up to there; `None` where nothing of it can be gone on with.
    pub(super) bytes: Option<u64>,
    /// Records until there.
    pub(super) records: u64,
    /// The day whose file is begun.
    pub(super) day: Option<i64>,
    /// By which the file is known when it has its name.
    pub(super) inode: Option<u64>,
}

/// As it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    export: String,
    window: Window,
    behind: String,
    bytes: Option<u64>,
    records: u64,
    day: Option<i64>,
    inode: Option<u64>,
}

/// Where places are noted.
#[derive(Debug)]
pub(super) struct PlaceFile {
    path: PathBuf,
    file: File,
    /// Nothing was there before.
    pub(super) is_new: bool,
    /// What is exported: another export does not go on there.
    export: String,
    /// Of which times: those of the run that it goes on with.
    pub(super) window: Window,
}

impl Place {
    /// Where nothing is exported.
    pub(super) fn beginning(inode: Option<u64>) -> Self {
        Self {
            behind: RecordId::MIN,
            bytes: None,
            records: 0,
            day: None,
            inode,
        }
    }
}

impl PlaceFile {
    /// The file beside an output, for this run alone, and the place that an earlier run of this export has noted.
    pub(super) fn open(
        output: &Path,
        export: String,
        window: Window,
    ) -> Result<(Self, Option<Place>), Failure> {
        let path = with_ending(output, ".place");
        let (file, is_new) = locked(&path)?;
        let mut place = Self {
            path,
            file,
            is_new,
            export,
            window,
        };
        let begun = place.read()?;
        Ok((place, begun))
    }

    fn read(&mut self) -> Result<Option<Place>, Failure> {
        let failed = Failure::file(&self.path);
        let other = || Failure::Other(sanitize::line(&self.path.display().to_string()));
        let length = self.file.metadata().map_err(&failed)?.len();
        let start = length.saturating_sub(LAST_BYTES);
        let mut text = Vec::new();
        let read = self.file.seek(SeekFrom::Start(start));
        let read = read.and_then(|_| (&self.file).take(LAST_BYTES).read_to_end(&mut text));
        read.map_err(&failed)?;
        let is_end = |byte: &u8| *byte == b'\n';
        let whole = text.iter().rposition(is_end).map_or(0, |last| last + 1);
        let (lines, torn) = text.split_at_checked(whole).unwrap_or_default();
        if !is_torn(torn) {
            return Err(other());
        }
        let end = length.saturating_sub(torn.len() as u64);
        self.file.set_len(end).map_err(&failed)?;
        let Some(line) = lines.split(is_end).rfind(|line| !line.is_empty()) else {
            return Ok(None);
        };
        let written: Written = serde_json::from_slice(line).map_err(|_| other())?;
        let behind = RecordId::parse(&written.behind);
        let behind = behind.filter(|_| written.export == self.export);
        let behind = behind.ok_or_else(other)?;
        if behind > RecordId::MIN {
            self.window = written.window;
        }
        Ok(Some(Place {
            behind,
            bytes: written.bytes,
            records: written.records,
            day: written.day,
            inode: written.inode,
        }))
    }

    /// Notes a place, durably; what stands before it has to be so already.
    pub(super) fn write(&mut self, place: &Place) -> Result<(), Failure> {
        let written = Written {
            export: self.export.clone(),
            window: self.window,
            behind: place.behind.to_string(),
            bytes: place.bytes,
            records: place.records,
            day: place.day,
            inode: place.inode,
        };
        let mut write = || {
            let mut line = serde_json::to_vec(&written)?;
            line.push(b'\n');
            let before = self.file.metadata()?.len();
            let appended = self.file.write_all(&line);
            if appended.is_err() {
                // Behind a part of a line the next one could not be read.
                self.file.set_len(before)?;
            }
            appended?;
            self.file.sync_data()
        };
        write().map_err(Failure::file(&self.path))
    }

    /// Nothing is left to go on with.
    pub(super) fn remove(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::file(&self.path)(error))
            }
            _ => Ok(()),
        }
    }
}

/// A file that no other run has locked, and whether it was made.
fn locked(path: &Path) -> Result<(File, bool), Failure> {
    let failed = Failure::file(path);
    for _ in 0..MOST_TRIES {
        let is_new = !path.exists();
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        let file = as_own(&mut options).open(path).map_err(&failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => break,
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The run that had it may have removed it meanwhile.
        let ours = file.metadata().map_err(&failed)?;
        if inode(path) == Some(ours.ino()) {
            return Ok((file, is_new));
        }
    }
    Err(Failure::Locked(sanitize::line(&path.display().to_string())))
}

/// The same for a file that is made for whoever exports, and is no link.
pub(super) fn as_own(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(MODE).custom_flags(NO_LINK)
}

/// Whether it is the beginning of a line of ours, of which the end was not written any more.
fn is_torn(text: &[u8]) -> bool {
    let begins_so = text.starts_with(BEGIN) || BEGIN.starts_with(text);
    begins_so || text.iter().all(|byte| *byte == 0)
}

/// By which a file is known, whatever its name.
pub(super) fn inode(path: &Path) -> Option<u64> {
    path.metadata().ok().map(|file| file.ino())
}

/// Makes durable which files are in the folder of this one.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|path| !path.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// A path with something behind its name.
pub(super) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}
