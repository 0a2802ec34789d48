//! Where records go: standard output, a file, or a file for each day; and how far it has come.

use super::encoder::Encoder;
use super::failure::Failure;
use super::files::Files;
use super::place::{Place, PlaceFile};
use super::window::Window;
use super::{ExportArgs, ExportFormat};
use logs::Timestamp;
use record::id::RecordId;
use std::io::{self, Write};
use std::path::Path;
use store::page::Row;

/// Where records go.
pub(super) struct Target {
    format: ExportFormat,
    window: Window,
    records: u64,
    last: Option<RecordId>,
    to: To,
}

enum To {
    Output(Encoder<io::Stdout>),
    Files(Box<Files>),
}

impl Target {
    /// Begins, or goes on where an earlier run has left off; `None` where that one has left nothing to do.
    pub(super) fn open(args: &ExportArgs, is_terminal: bool) -> Result<Option<Self>, Failure> {
        let window = Window::of(&args.filters)?;
        let Some(output) = args.file() else {
            let encoder = Encoder::new(args.format, io::stdout(), false, is_terminal)?;
            return Ok(Some(Self {
                format: args.format,
                window,
                records: 0,
                last: None,
                to: To::Output(encoder),
            }));
        };
        let has_no_name = output.as_os_str().as_encoded_bytes().ends_with(b"/");
        if has_no_name || output.file_name().is_none() {
            return Err(Failure::NoName);
        }
        let (place, mut begun) = PlaceFile::open(output, export(args), window)?;
        let window = place.window;
        let mut files = Files::new(args, place, begun.clone());
        match &mut begun {
            None => {
                if let Err(failure) = files.begin_all(args.format) {
                    // Or the next run would take what is there for its own.
                    files.abandon();
                    return Err(failure);
                }
            }
            Some(place) => {
                if files.go_on(args.format, place)? {
                    files.place.remove()?;
                    return Ok(None);
                }
            }
        }
        Ok(Some(Self {
            format: args.format,
            window,
            records: begun.as_ref().map_or(0, |place| place.records),
            last: begun
                .map(|place| place.behind)
                .filter(|last| *last > RecordId::MIN),
            to: To::Files(Box::new(files)),
        }))
    }

    /// What an earlier run has exported: how many, and the time of the last one.
    pub(super) fn begun(&self) -> Option<(u64, Timestamp)> {
        match &self.to {
            To::Output(_) => None,
            To::Files(files) => {
                let place = files.begun.as_ref().filter(|place| place.records > 0)?;
                Some((place.records, place.behind.time()))
            }
        }
    }

    /// The record behind which it goes on.
    pub(super) fn behind(&self) -> Option<RecordId> {
        self.last
    }

    /// The times that it is of.
    pub(super) fn window(&self) -> Window {
        self.window
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    /// A record. `tell` is told of files that are whole.
    pub(super) fn push(&mut self, row: Row<'_>, tell: &dyn Fn(&str)) -> Result<(), Failure> {
        match &mut self.to {
            To::Output(encoder) => encoder.push(row)?,
            To::Files(files) => {
                let place = self.last.map(|last| Place {
                    behind: last,
                    bytes: None,
                    records: self.records,
                    day: None,
                    inode: None,
                });
                files.push(self.format, row, place, tell)?;
            }
        }
        self.records += 1;
        self.last = Some(row.id);
        Ok(())
    }

    /// Notes how far it has come, now and then.
    pub(super) fn note_place(&mut self) -> Result<(), Failure> {
        match (&mut self.to, self.last) {
            (To::Files(files), Some(last)) => files.note_place(last, self.records),
            // Whoever reads it does not wait for more.
            (To::Output(encoder), _) => Ok(encoder.flush().map(drop)?),
            (To::Files(_), None) => Ok(()),
        }
    }

    /// All of it is there.
    pub(super) fn finish(self, tell: &dyn Fn(&str)) -> Result<(), Failure> {
        match self.to {
            To::Output(encoder) => Ok(encoder.finish()?.flush()?),
            To::Files(mut files) => {
                files.close(tell)?;
                files.place.remove()
            }
        }
    }

    /// Leaves what is there for the next run; whether that goes on with it.
    pub(super) fn give_up(mut self) -> bool {
        // What fails here leaves the place that was noted before.
        match (&mut self.to, self.last) {
            (To::Output(encoder), _) => {
                drop(encoder.flush());
                false
            }
            (To::Files(files), Some(last)) => {
                drop(files.note(last, self.records));
                self.format.is_text() || files.is_by_day
            }
            (To::Files(files), None) => {
                if files.begun.is_none() {
                    files.abandon();
                }
                false
            }
        }
    }
}

/// What is exported, as far as it makes another file.
fn export(args: &ExportArgs) -> String {
    let from = match &args.data_dir {
        Some(folder) => absolute(folder),
        None => args.service.url.clone(),
    };
    let filters = [args.filters.of_records(), args.filters.of_attributes()].concat();
    format!("{:?} {from:?} {filters:?} {:?}", args.format, args.by)
}

fn absolute(path: &Path) -> String {
    let absolute = std::path::absolute(path);
    let path = absolute.as_deref().unwrap_or(path);
    path.display().to_string()
}
