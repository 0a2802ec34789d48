//! What a command line asks for, as far as it has to be known before it is read: whose settings count, and which file
//! may say some.

use super::settings::{has_settings, without_environment};
use crate::config::settings_file::{BadSettingsFile, SettingsFile};
use clap::ArgMatches;
use std::ffi::OsString;
use std::path::PathBuf;

/// The first look at a command line.
pub(super) struct FirstLook {
    /// Whether all settings of the service count, and not only those that a command has as well.
    pub(super) reads_all: bool,
    /// Whether any do.
    pub(super) reads_file: bool,
    file: Option<PathBuf>,
}

impl FirstLook {
    /// Of a program and its arguments, however wrong they are.
    pub(super) fn by(program: &clap::Command, args: &[OsString]) -> Self {
        let lenient = without_environment(program.clone()).ignore_errors(true);
        let Ok(matches) = lenient.try_get_matches_from(args) else {
            // Help, for which nothing has to be known.
            return Self {
                reads_all: true,
                reads_file: false,
                file: None,
            };
        };
        let (mut command, mut inner) = (program, &matches);
        let mut file = file_of(inner);
        let mut names = Vec::new();
        while let Some((name, below)) = inner.subcommand() {
            let Some(next) = command.find_subcommand(name) else {
                break;
            };
            (command, inner) = (next, below);
            file = file_of(inner).or(file);
            names.push(name);
        }
        let reads_all = matches!(*names, [] | ["config", "show" | "check"]);
        Self {
            reads_all,
            reads_file: reads_all || has_settings(command),
            file,
        }
    }

    /// The file, if one is named and it counts.
    ///
    /// # Errors
    /// [`BadSettingsFile`]
    pub(super) fn settings_file(&self) -> Result<Option<SettingsFile>, BadSettingsFile> {
        // Set to nothing, it is none.
        let file = program::values::file(self.file.as_ref());
        let file = file.filter(|_| self.reads_file);
        file.map(SettingsFile::read).transpose()
    }
}

fn file_of(matches: &ArgMatches) -> Option<PathBuf> {
    let file = matches.try_get_one::<PathBuf>("config_file");
    file.ok().flatten().cloned()
}
