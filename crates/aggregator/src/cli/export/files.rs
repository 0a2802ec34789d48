//! The files of an export: which one is open, which are whole, and the place that is noted beside them.

use super::encoder::Encoder;
use super::failure::Failure;
use super::place::{Place, PlaceFile, with_ending};
use super::{ExportArgs, ExportFormat};
use crate::cli::sanitize;
use logs::clock::{Clock as _, SystemClock};
use logs::{Timestamp, counted};
use record::id::RecordId;
use std::fs::{self, File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write};
use std::path::PathBuf;
use std::time::Duration;
use store::page::Row;

/// How often it is noted how far it has come.
const NOTED_EVERY: Duration = Duration::from_secs(5);
const NANOS_PER_DAY: i64 = 86_400_000_000_000;

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
    part: PathBuf,
    path: PathBuf,
    day: Option<i64>,
    records: u64,
}

impl Files {
    pub(super) fn new(args: &ExportArgs, place: PlaceFile, begun: Option<Place>) -> Self {
        Self {
            output: args.output.clone().unwrap_or_default(),
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
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let day = self.is_by_day.then(|| day_of(row.id));
        if self.open.as_ref().is_none_or(|open| open.day != day) {
            if self.open.is_some() {
                self.close(out)?;
                if let Some(place) = before {
                    self.place.write(&place)?;
                }
            }
            self.begin(format, day)?;
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        open.records += 1;
        open.encoder.push(row).map_err(Failure::file(&open.part))
    }

    /// From here on, what stands at the places of files is of this export.
    pub(super) fn begin_all(&mut self, format: ExportFormat) -> Result<(), Failure> {
        if !self.is_by_day {
            self.begin(format, None)?;
        }
        self.place.write(&Place {
            behind: RecordId::MIN,
            bytes: None,
            records: 0,
        })
    }

    fn begin(&mut self, format: ExportFormat, day: Option<i64>) -> Result<(), Failure> {
        let path = self.path_of(day);
        let is_own = self.is_by_day && self.begun.is_some();
        if !self.overwrite && !is_own && path.exists() {
            if self.begun.is_none() {
                // Or the next run would take that file for its own.
                self.place.remove()?;
            }
            return Err(Failure::Exists(sanitize::line(&path.display().to_string())));
        }
        let part = with_ending(&path, ".part");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        self.open_part(format, day, (path, part), &options, None)
    }

    /// Goes on with the file that an earlier run has left.
    pub(super) fn go_on(&mut self, format: ExportFormat, place: &mut Place) -> Result<(), Failure> {
        let day = self.is_by_day.then(|| day_of(place.behind));
        let path = self.path_of(day);
        let part = with_ending(&path, ".part");
        let Some(bytes) = place.bytes else {
            if self.is_by_day {
                return Ok(());
            }
            // Of it nothing is kept.
            (place.behind, place.records) = (RecordId::MIN, 0);
            self.begun = None;
            return self.begin(format, None);
        };
        if self.is_by_day && !part.exists() && path.exists() {
            // That day was whole, which could not be noted any more.
            let end = day_of(place.behind).saturating_add(1);
            let last = end.saturating_mul(NANOS_PER_DAY).saturating_sub(1);
            place.behind = RecordId::last_at(Timestamp::from_nanos(last));
            place.bytes = None;
            return Ok(());
        }
        let length = part.metadata().map(|file| file.len());
        if length.map_err(Failure::file(&part))? < bytes {
            return Err(Failure::Other(sanitize::line(&part.display().to_string())));
        }
        let mut options = OpenOptions::new();
        options.write(true);
        self.open_part(format, day, (path, part), &options, Some(bytes))
    }

    fn open_part(
        &mut self,
        format: ExportFormat,
        day: Option<i64>,
        (path, part): (PathBuf, PathBuf),
        options: &OpenOptions,
        behind: Option<u64>,
    ) -> Result<(), Failure> {
        let open = || {
            let mut file = options.open(&part)?;
            if let Some(bytes) = behind {
                file.set_len(bytes)?;
                file.seek(SeekFrom::Start(bytes))?;
            }
            let other = file.try_clone()?;
            let encoder = Encoder::new(format, file, behind.is_some(), false)?;
            Ok((encoder, other))
        };
        let (encoder, file) = open().map_err(Failure::file(&part))?;
        self.open = Some(OpenFile {
            encoder,
            file,
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
        };
        self.place.write(&place)
    }

    /// The file that is open becomes whole, and is told.
    pub(super) fn close(&mut self, out: &mut impl Write) -> Result<(), Failure> {
        let Some(open) = self.open.take() else {
            return Ok(());
        };
        let failed = Failure::file(&open.part);
        let file = open.encoder.finish().map_err(&failed)?;
        file.sync_all().map_err(&failed)?;
        fs::rename(&open.part, &open.path).map_err(&failed)?;
        let name = sanitize::line(&open.path.display().to_string());
        let begun = self.begun.take().filter(|place| {
            let is_its = place.bytes.is_some();
            is_its && self.is_by_day.then(|| day_of(place.behind)) == open.day
        });
        match begun {
            // How many of them are of that file is not known where each day has one.
            Some(place) if !self.is_by_day => {
                let records = counted(open.records + place.records, "record", "records");
                writeln!(out, "{name}: {records}")?;
            }
            Some(_) => writeln!(
                out,
                "{name}: {} more",
                counted(open.records, "record", "records")
            )?,
            None => writeln!(
                out,
                "{name}: {}",
                counted(open.records, "record", "records")
            )?,
        }
        Ok(out.flush()?)
    }

    /// With the day before its ending.
    fn path_of(&self, day: Option<i64>) -> PathBuf {
        let Some(day) = day else {
            return self.output.clone();
        };
        let time = Timestamp::from_nanos(day.saturating_mul(NANOS_PER_DAY)).to_string();
        let date = time.split('T').next().unwrap_or_default();
        let mut name = self.output.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{date}"));
        if let Some(ending) = self.output.extension() {
            name.push(".");
            name.push(ending);
        }
        self.output.with_file_name(name)
    }
}

fn day_of(id: RecordId) -> i64 {
    id.time().nanos().div_euclid(NANOS_PER_DAY)
}
