//! The files of an export: which one is open, which are whole, and the place that is noted beside them.

use super::days;
use super::encoder::Encoder;
use super::failure::Failure;
use super::place::{self, Place, PlaceFile, with_ending};
use super::{ExportArgs, ExportFormat};
use crate::cli::sanitize;
use logs::clock::{Clock as _, SystemClock};
use logs::counted;
use record::id::RecordId;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::page::Row;

/// How often it is noted how far it has come.
const NOTED_EVERY: Duration = Duration::from_secs(5);

/// The files of an export.
pub(super) struct Files {
    output: PathBuf,
    pub(super) is_by_day: bool,
    overwrite: bool,
    pub(super) place: PlaceFile,
    pub(super) begun: Option<Place>,
    clock: SystemClock,
    noted_at: Duration,
    open: Option<OpenFile>,
}

/// A file that is not whole.
struct OpenFile {
    encoder: Encoder<File>,
    /// The same file, to ask how far it is and to make it durable.
    file: File,
    inode: u64,
    part: PathBuf,
    path: PathBuf,
    day: Option<i64>,
    records: u64,
}

impl Files {
    pub(super) fn new(args: &ExportArgs, place: PlaceFile, begun: Option<Place>) -> Self {
        Self {
            output: args.file().map(Path::to_owned).unwrap_or_default(),
            is_by_day: args.by.is_some(),
            overwrite: args.overwrite,
            place,
            clock: SystemClock::start(),
            noted_at: Duration::ZERO,
            open: None,
            begun,
        }
    }

    pub(super) fn push(
        &mut self,
        format: ExportFormat,
        row: Row<'_>,
        before: Option<Place>,
        tell: &dyn Fn(&str),
    ) -> Result<(), Failure> {
        let day = self.is_by_day.then(|| row.id.time().day());
        if self.open.as_ref().is_none_or(|open| open.day != day) {
            if self.open.is_some() {
                self.close(tell)?;
                if let Some(place) = &before {
                    self.place.write(place)?;
                }
            }
            self.begin(format, day, before)?;
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.records += 1;
        open.encoder.push(row).map_err(Failure::file(&open.part))
    }

    /// From here on, the file that is not whole is of this export.
    pub(super) fn begin_all(&mut self, format: ExportFormat) -> Result<(), Failure> {
        if self.is_by_day {
            // What is there already is told before anything is read.
            let taken = match self.overwrite {
                true => None,
                false => days::first_taken(&self.output, self.place.window)?,
            };
            return taken.map_or(Ok(()), |path| Err(exists(&path)));
        }
        self.begin(format, None, None)?;
        let inode = self.open.as_ref().map(|open| open.inode);
        self.place.write(&Place::beginning(inode))
    }

    /// Nothing was exported, and nothing is left.
    pub(super) fn abandon(&mut self) {
        if let Some(open) = self.open.take() {
            drop(fs::remove_file(&open.part));
        }
        // What is left of it holds nobody up but with a sentence.
        drop(self.place.remove());
    }

    fn begin(
        &mut self,
        format: ExportFormat,
        day: Option<i64>,
        before: Option<Place>,
    ) -> Result<(), Failure> {
        let path = days::path(&self.output, day);
        let part = with_ending(&path, ".part");
        let is_own = day.is_some() && self.begun.as_ref().is_some_and(|begun| begun.day == day);
        for path in [&path, &part] {
            if path.metadata().is_ok_and(|found| !found.is_file()) {
                return Err(no_file(path));
            }
        }
        if !self.overwrite && !is_own {
            if path.exists() {
                return Err(exists(&path));
            }
            if self.place.is_new && part.exists() {
                return Err(exists(&part));
            }
        }
        if day.is_some() {
            // From here on, that day's file is of this export.
            let before = before.unwrap_or_else(|| Place::beginning(None));
            self.place.write(&Place { day, ..before })?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        self.open_part(format, day, (path, part), &mut options, None)
    }

    /// Goes on with the file that an earlier run has left; whether all of it is there already.
    pub(super) fn go_on(
        &mut self,
        format: ExportFormat,
        place: &mut Place,
    ) -> Result<bool, Failure> {
        let path = days::path(&self.output, place.day);
        let part = with_ending(&path, ".part");
        if self.is_by_day && place.bytes.is_none() {
            return Ok(false);
        }
        let has_name = place.inode.is_some() && place::inode(&path) == place.inode;
        if has_name && !part.exists() {
            let Some(day) = place.day else {
                return Ok(true);
            };
            // That day was whole, which could not be noted any more.
            place.behind = RecordId::last_at(days::last_time(day));
            (place.bytes, place.day) = (None, None);
            return Ok(false);
        }
        let Some(bytes) = place.bytes else {
            // Of it nothing is kept.
            *place = Place::beginning(None);
            self.begun = None;
            self.begin_all(format)?;
            return Ok(false);
        };
        if !part.metadata().is_ok_and(|file| file.len() >= bytes) {
            return Err(Failure::Other(shown(&with_ending(&self.output, ".place"))));
        }
        let mut options = OpenOptions::new();
        options.write(true);
        self.open_part(format, place.day, (path, part), &mut options, Some(bytes))?;
        Ok(false)
    }

    fn open_part(
        &mut self,
        format: ExportFormat,
        day: Option<i64>,
        (path, part): (PathBuf, PathBuf),
        options: &mut OpenOptions,
        behind: Option<u64>,
    ) -> Result<(), Failure> {
        let mut open = || {
            let mut file = place::as_own(options).open(&part)?;
            match behind {
                Some(bytes) => {
                    file.set_len(bytes)?;
                    file.seek(SeekFrom::Start(bytes))?;
                }
                None => place::sync_folder(&part)?,
            }
            let other = file.try_clone()?;
            let inode = file.metadata()?.ino();
            let encoder = Encoder::new(format, file, behind.is_some(), false)?;
            Ok((encoder, other, inode))
        };
        let (encoder, file, inode) = open().map_err(Failure::file(&part))?;
        self.open = Some(OpenFile {
            encoder,
            file,
            inode,
            part,
            path,
            day,
            records: 0,
        });
        Ok(())
    }

    pub(super) fn note_place(&mut self, last: RecordId, records: u64) -> Result<(), Failure> {
        let now = self.clock.elapsed();
        if now < self.noted_at + NOTED_EVERY {
            return Ok(());
        }
        self.noted_at = now;
        self.note(last, records)
    }

    pub(super) fn note(&mut self, last: RecordId, records: u64) -> Result<(), Failure> {
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if !open.encoder.flush().map_err(Failure::file(&open.part))? {
            return Ok(());
        }
        let durable = open
            .file
            .sync_data()
            .and_then(|()| open.file.stream_position());
        let place = Place {
            behind: last,
            bytes: Some(durable.map_err(Failure::file(&open.part))?),
            records,
            day: open.day,
            inode: Some(open.inode),
        };
        self.place.write(&place)
    }

    /// The file that is open becomes whole, and is told.
    pub(super) fn close(&mut self, tell: &dyn Fn(&str)) -> Result<(), Failure> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let failed = Failure::file(&open.part);
        let file = open.encoder.finish().map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        fs::rename(&open.part, &open.path).map_err(&failed)?;
        // Or a power cut could leave a later place beside the name from before.
        place::sync_folder(&open.path).map_err(Failure::file(&open.path))?;
        let begun = self.begun.as_ref().filter(|place| place.bytes.is_some());
        let begun = begun.filter(|place| place.day == open.day);
        let records = match begun {
            // How many of them are of that file is not known where each day has one.
            Some(place) if !self.is_by_day => {
                counted(open.records + place.records, "record", "records")
            }
            Some(_) => format!("{} more", counted(open.records, "record", "records")),
            // That nothing was found is said of all of it.
            None if open.records == 0 => return Ok(()),
            None => counted(open.records, "record", "records"),
        };
        tell(&format!("{}: {records}", shown(&open.path)));
        Ok(())
    }
}

fn exists(path: &Path) -> Failure {
    Failure::Exists(shown(path))
}

fn no_file(path: &Path) -> Failure {
    Failure::NoFile(shown(path))
}

fn shown(path: &Path) -> String {
    sanitize::line(&path.display().to_string())
}
