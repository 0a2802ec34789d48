//! The rules of the table: rooms and crates name only what stands below them, and none is forgotten.

use super::modules::{Files, Graph, Place};
use super::{CRATES, ROOMS, Stands};
use std::collections::{BTreeMap, BTreeSet};

const SERVICE: &str = "aggregator";

/// The files that name a room above theirs.
pub(super) fn rooms_above(graph: &Graph) -> Vec<String> {
    let mut found = Vec::new();
    for (from, named) in &graph.names {
        for (to, line) in named {
            let (Some(own), Some(other)) = (row(from), row(to)) else {
                continue;
            };
            if other < own {
                found.push(format!(
                    "a room names one above it: {from}:{line} names {to}"
                ));
            }
        }
    }
    found
}

/// The row of the file's room, counted from the top.
fn row(file: &str) -> Option<usize> {
    let place = Place::of(file).filter(|place| place.package == SERVICE)?;
    ROOMS.iter().position(|(room, _)| *room == place.room())
}

/// The modules of the service and the crates that are in no row.
pub(super) fn files_in_no_room(files: &Files) -> Vec<String> {
    let mut homeless = BTreeMap::new();
    for (file, place) in rooms(files) {
        if row(file).is_none() {
            homeless.entry(place.room()).or_insert(file);
        }
    }
    let homeless = homeless.values();
    let mut found: Vec<String> = homeless
        .map(|file| format!("a file stands in no room: {file}"))
        .collect();
    for package in packages(files) {
        if !CRATES.iter().any(|(name, _)| *name == package) {
            found.push(format!("a crate stands in no row: crates/{package}"));
        }
    }
    found
}

/// The rows of both tables that nothing stands in.
pub(super) fn rows_without_a_file(files: &Files) -> Vec<String> {
    let standing: BTreeSet<&str> = rooms(files).map(|(_, place)| place.room()).collect();
    let empty = ROOMS
        .iter()
        .filter(|(room, stands)| *stands == Stands::Here && !standing.contains(room));
    let mut found: Vec<String> = empty
        .map(|(room, _)| format!("a row has no file: crates/{SERVICE}/src/{room}.rs"))
        .collect();
    let packages = packages(files);
    let absent = CRATES.iter().filter(|(name, _)| !packages.contains(name));
    found.extend(absent.map(|(name, _)| format!("a row has no crate: crates/{name}")));
    found
}

/// The roots of crates and the files of rooms that do not say first what they own.
pub(super) fn files_without_a_first_line(files: &Files) -> Vec<String> {
    let silent = files.iter().filter(|(file, text)| {
        let speaks =
            |place: Place<'_>| place.is_root() || (place.package == SERVICE && place.is_of_room());
        Place::of(file).is_some_and(speaks) && !text.starts_with("//!")
    });
    silent
        .map(|(file, _)| format!("a room does not begin with a `//!` line: {file}"))
        .collect()
}

/// The crates that depend on one which their row does not allow.
pub(super) fn crates_above(files: &Files) -> Vec<String> {
    let mut found = Vec::new();
    for (package, allowed) in CRATES {
        let manifest = manifest(package);
        let text = files.get(&manifest).map_or("", String::as_str);
        for (line, name) in dependencies(text) {
            let ours = CRATES.iter().any(|(other, _)| *other == name);
            if ours && !allowed.contains(&name) {
                found.push(format!(
                    "a crate depends on one that its row does not allow: {manifest}:{line} names {}",
                    self::manifest(name)
                ));
            }
        }
    }
    found
}

fn manifest(package: &str) -> String {
    format!("crates/{package}/Cargo.toml")
}

/// What a manifest depends on outside its tests, with the lines.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut within = false;
    for (line, text) in (1..).zip(manifest.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        let section = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Some(section) = section {
            let (table, name) = match section.rsplit_once('.') {
                Some((table, name)) if table.ends_with("dependencies") => (table, Some(name)),
                _ => (section, None),
            };
            within = table.ends_with("dependencies") && !table.ends_with("dev-dependencies");
            found.extend(name.filter(|_| within).map(|name| (line, name)));
            within &= name.is_none();
        } else if within {
            let name = text.split(['.', '=', ' ']).next();
            found.extend(name.map(|name| (line, name)));
        }
    }
    found
}

fn rooms(files: &Files) -> impl Iterator<Item = (&str, Place<'_>)> {
    let places = files
        .keys()
        .filter_map(|file| Some((file.as_str(), Place::of(file)?)));
    places.filter(|(_, place)| place.package == SERVICE)
}

fn packages(files: &Files) -> BTreeSet<&str> {
    let below = files.keys().filter_map(|file| file.strip_prefix("crates/"));
    below.filter_map(|rest| rest.split('/').next()).collect()
}
