//! From files to modules, and from a path to the file that defines what it names.

use super::paths::{self, Written};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The text of each file, by its path from the workspace's root.
pub(super) type Files = BTreeMap<String, String>;

/// Where a source file stands.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) package: &'a str,
    /// Below `src`, without `.rs`.
    stem: &'a str,
}

impl<'a> Place<'a> {
    pub(super) fn of(file: &'a str) -> Option<Self> {
        let (package, source) = file.strip_prefix("crates/")?.split_once("/src/")?;
        let stem = source.strip_suffix(".rs")?;
        Some(Self { package, stem })
    }

    /// The module that the file defines; that of `lib.rs` and of `main.rs` is empty.
    pub(super) fn module(self) -> Vec<String> {
        if self.is_root() {
            return Vec::new();
        }
        let stem = self.stem.strip_suffix("/mod").unwrap_or(self.stem);
        stem.split('/').map(str::to_owned).collect()
    }

    pub(super) fn is_root(self) -> bool {
        matches!(self.stem, "lib" | "main")
    }

    fn is_main(self) -> bool {
        self.stem == "main"
    }

    /// `http` of `http.rs` and of everything in `http/`.
    pub(super) fn room(self) -> &'a str {
        self.stem.split('/').next().unwrap_or_default()
    }

    /// Whether the file defines the room, instead of being one of those in its folder.
    pub(super) fn is_of_room(self) -> bool {
        !self.stem.contains('/') || self.stem.strip_suffix("/mod") == Some(self.room())
    }
}

/// Which file names which, and in which line first.
pub(super) struct Graph {
    pub(super) names: BTreeMap<String, BTreeMap<String, usize>>,
    /// The files that are not Rust.
    pub(super) unreadable: Vec<String>,
}

impl Graph {
    pub(super) fn of(files: &Files) -> Self {
        let packages = packages(files);
        let mut graph = Self {
            names: BTreeMap::new(),
            unreadable: Vec::new(),
        };
        for (file, source) in files {
            let Some(place) = Place::of(file) else {
                continue;
            };
            let Some(package) = packages.get(place.package) else {
                continue;
            };
            match paths::read(source) {
                Ok(written) => drop(graph.names.insert(
                    file.clone(),
                    Scope::new(file, place, package).all_named(&written),
                )),
                Err(error) => graph
                    .unreadable
                    .push(format!("{file} is not Rust: {error}")),
            }
        }
        graph
    }
}

/// The file of each module.
type Package<'a> = BTreeMap<Vec<String>, &'a str>;

fn packages(files: &Files) -> BTreeMap<&str, Package<'_>> {
    let mut packages: BTreeMap<&str, Package<'_>> = BTreeMap::new();
    for file in files.keys() {
        if let Some(place) = Place::of(file) {
            let package = packages.entry(place.package).or_default();
            // `lib.rs` comes before `main.rs`, and is what the modules of both call `crate`.
            package.entry(place.module()).or_insert(file);
        }
    }
    packages
}

/// What the names in a file mean.
struct Scope<'a> {
    file: &'a str,
    place: Place<'a>,
    module: Vec<String>,
    package: &'a Package<'a>,
    bound: BTreeMap<String, Vec<String>>,
}

impl<'a> Scope<'a> {
    fn new(file: &'a str, place: Place<'a>, package: &'a Package<'a>) -> Self {
        Self {
            file,
            place,
            module: place.module(),
            package,
            bound: BTreeMap::new(),
        }
    }

    fn all_named(mut self, written: &[Written]) -> BTreeMap<String, usize> {
        for path in written {
            if let (Some(name), Some(meant)) = (&path.name, self.meant(path)) {
                self.bound.insert(name.clone(), meant);
            }
        }
        let mut named = BTreeMap::new();
        for path in written {
            if let Some(meant) = self.meant(path) {
                let file = self.file_of(&meant, path);
                if file != self.file {
                    named.entry(file.to_owned()).or_insert(path.line);
                }
            }
        }
        named
    }

    /// The path from the crate's root, unless it leads into another crate.
    fn meant(&self, path: &Written) -> Option<Vec<String>> {
        let (first, rest) = path.segments.split_first()?;
        let here = [&self.module[..], &path.inside[..]].concat();
        let child = [&self.module[..], std::slice::from_ref(first)].concat();
        if matches!(first.as_str(), "crate" | "super" | "self") {
            Some(below(&here, &path.segments))
        } else if self.package.contains_key(&child) {
            Some(below(&child, rest))
        } else if let Some(bound) = self.bound.get(first) {
            Some(below(bound, rest))
        } else if self.names_library(path) {
            Some(below(&[], rest))
        } else {
            None
        }
    }

    fn file_of(&self, meant: &[String], path: &Written) -> &'a str {
        let lengths = (0..=meant.len()).rev();
        let mut prefixes = lengths.filter_map(|length| meant.get(..length));
        let found = prefixes.find_map(|prefix| Some((prefix, *self.package.get(prefix)?)));
        match found {
            // Of the two roots, a program means its own unless it says the library's name.
            Some(([], root)) if !self.place.is_main() || self.names_library(path) => root,
            Some(([], _)) | None => self.file,
            Some((_, file)) => file,
        }
    }

    fn names_library(&self, path: &Written) -> bool {
        let first = path.segments.first();
        self.place.is_main() && first.is_some_and(|first| first == self.place.package)
    }
}

fn below(base: &[String], segments: &[String]) -> Vec<String> {
    let mut path = base.to_vec();
    for segment in segments {
        match segment.as_str() {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "self" => {}
            _ => path.push(segment.clone()),
        }
    }
    path
}

/// The sources and the manifests of every crate below `root`.
pub(super) fn read_workspace(root: &Path) -> Files {
    let mut files = Files::new();
    for package in entries(&root.join("crates")) {
        add(&package.join("Cargo.toml"), root, &mut files);
        add(&package.join("src"), root, &mut files);
    }
    files
}

fn add(path: &Path, root: &Path, files: &mut Files) {
    if path.is_dir() {
        for entry in entries(path) {
            add(&entry, root, files);
        }
    } else if let Ok(text) = fs::read_to_string(path) {
        let below = path.strip_prefix(root).unwrap_or(path);
        files.insert(below.to_string_lossy().into_owned(), text);
    }
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.flatten().map(|entry| entry.path()).collect()
}
