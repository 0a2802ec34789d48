//! UTC days, and the names of the files that have one each.

use super::failure::Failure;
use super::place;
use super::window::Window;
use logs::Timestamp;
use std::fs;
use std::path::{Path, PathBuf};

/// Letters of a date.
const DATE: usize = 10;

/// The last time of a day.
pub(super) fn last_time(day: i64) -> Timestamp {
    let end = Timestamp::start_of_day(day.saturating_add(1)).nanos();
    Timestamp::from_nanos(end.saturating_sub(1))
}

/// The output, with the day before its ending if it is of one.
pub(super) fn path(output: &Path, day: Option<i64>) -> PathBuf {
    let Some(day) = day else {
        return output.to_owned();
    };
    let time = Timestamp::start_of_day(day).to_string();
    let date = time.split('T').next().unwrap_or_default();
    let mut name = output.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{date}"));
    if let Some(ending) = output.extension() {
        name.push(".");
        name.push(ending);
    }
    output.with_file_name(name)
}

/// The file of the first day of these times that is there already.
pub(super) fn first_taken(output: &Path, window: Window) -> Result<Option<PathBuf>, Failure> {
    let folder = place::folder(output);
    let entries = fs::read_dir(folder).map_err(Failure::file(folder))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    let taken = names.filter_map(|name| {
        let day = of_name(output, name.to_str()?)?;
        let path = path(output, Some(day));
        let [start, end] = [day, day.saturating_add(1)].map(Timestamp::start_of_day);
        let is_asked_for = window.has_some(start.nanos(), end.nanos());
        let is_wanted = is_asked_for && path.file_name() == Some(&name);
        is_wanted.then_some(path)
    });
    Ok(taken.min())
}

fn of_name(output: &Path, name: &str) -> Option<i64> {
    let rest = name.strip_prefix(output.file_stem()?.to_str()?)?;
    let date = rest.strip_prefix('-')?.get(..DATE)?;
    let time = Timestamp::parse(&format!("{date}T00:00:00Z")).ok()?;
    Some(time.day())
}
