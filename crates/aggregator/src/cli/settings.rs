//! The settings of a service as they come together: the command line counts more than the environment, that more than
//! a file, and that more than the defaults.
//!
//! What a file says takes the place of clap's defaults: one reader then serves all of them, and tells where each value
//! comes from.

use crate::config::near_names::{near_miss, nearest};
use crate::config::settings_file::{BadSettingsFile, Entry, SettingsFile, key_of, shown_key};
use crate::config::{Config, Origin, Setting};
use clap::builder::{Resettable, ValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args as _};
use std::error::Error as _;
use std::ffi::{OsStr, OsString};

/// The variable that names a file of settings.
pub(super) const CONFIG_FILE: &str = "CONFIG_FILE";

/// Names near to ours that other programs read: that of the scripts of autoconf.
const OF_OTHERS: [&str; 1] = ["CONFIG_SITE"];

/// The flags of all settings, in the order of the help.
pub(super) fn flags() -> Vec<Arg> {
    let command = Config::augment_args(clap::Command::new("settings"));
    command.get_arguments().cloned().collect()
}

/// The environment variable of a flag.
pub(super) fn variable(flag: &Arg) -> Option<&str> {
    flag.get_env().and_then(OsStr::to_str)
}

fn variables(flags: &[Arg]) -> Vec<&str> {
    flags.iter().filter_map(variable).collect()
}

/// Whether a command has a flag that is a setting of the service.
pub(super) fn has_settings(command: &clap::Command) -> bool {
    let flags = flags();
    let variables = variables(&flags);
    let of_command = command.get_arguments().filter_map(variable);
    of_command.into_iter().any(|name| variables.contains(&name))
}

/// The command with what the file says in place of its defaults, and of those of its commands.
pub(super) fn with_file(command: clap::Command, file: &SettingsFile) -> clap::Command {
    let with_value = |flag: Arg| {
        let entry = variable(&flag).and_then(|name| file.entry_of(name));
        // A list of nothing is as if it were not there.
        match entry.filter(|entry| !(entry.is_list && entry.value.is_empty())) {
            Some(entry) => flag.default_value(entry.value.clone()),
            None => flag,
        }
    };
    command
        .mut_args(with_value)
        .mut_subcommands(|inner| with_file(inner, file))
}

/// The command with settings that are not in the environment, but for the name of the file.
pub(super) fn without_environment(command: clap::Command) -> clap::Command {
    command.mut_args(|flag| match variable(&flag) {
        Some(CONFIG_FILE) => flag,
        _ => flag.env(Resettable::Reset),
    })
}

/// Checks that the file has settings and nothing else, and each value alone.
///
/// # Errors
/// What is wrong with the first that is wrong.
pub(super) fn check(file: &SettingsFile) -> Result<(), BadSettingsFile> {
    let flags = flags();
    for entry in file.entries() {
        let is_meant = |flag: &&Arg| variable(flag).is_some_and(|name| key_of(name) == entry.key);
        let wrong = match flags.iter().find(is_meant) {
            Some(flag) => fault(flag, entry),
            None => Some(unknown(&entry.key, &variables(&flags))),
        };
        if let Some(reason) = wrong {
            return Err(file.fault(entry, &reason));
        }
    }
    Ok(())
}

fn unknown(key: &str, variables: &[&str]) -> String {
    let shown = shown_key(key);
    match nearest(key, variables) {
        Some(near) => format!("there is no setting {shown}; is {} meant?", key_of(near)),
        None => format!("there is no setting {shown}; `aggregator config example` shows all"),
    }
}

/// Why a flag cannot have the value of an entry.
fn fault(flag: &Arg, entry: &Entry) -> Option<String> {
    let key = &entry.key;
    if entry.is_list {
        if flag.get_value_delimiter().is_none() {
            return Some(format!("{key} is a single value and no list"));
        }
        if entry.value.is_empty() {
            return None;
        }
    }
    let mut typed = OsString::from("--");
    typed.push(flag.get_long().unwrap_or_default());
    typed.push("=");
    typed.push(&entry.value);
    let alone = clap::Command::new("file")
        .no_binary_name(true)
        .arg(flag.clone().env(Resettable::Reset));
    let error = alone.try_get_matches_from([typed]).err()?;
    let possible = possible_values(flag);
    let reason = match error.source() {
        Some(reason) => reason.to_string(),
        None if possible.is_empty() => "it cannot be used".to_owned(),
        None => format!("possible values: {}", possible.join(", ")),
    };
    Some(match is_secret(flag) {
        true => format!("{key}: {reason}"),
        false => format!("{key} = {:?}: {reason}", entry.value),
    })
}

/// The values that a flag can have, where they are few.
pub(super) fn possible_values(flag: &Arg) -> Vec<String> {
    let parser: &ValueParser = flag.get_value_parser();
    let values = parser.possible_values().into_iter().flatten();
    values.map(|value| value.get_name().to_owned()).collect()
}

/// As the help keeps it to itself.
fn is_secret(flag: &Arg) -> bool {
    flag.is_hide_env_values_set()
}

/// Each setting as it was read.
pub(super) fn read(matches: &ArgMatches, file: Option<&SettingsFile>) -> Vec<Setting> {
    let flags = flags();
    let read = flags.iter().filter_map(|flag| {
        let name = variable(flag)?;
        let id = flag.get_id().as_str();
        let values = matches.try_get_raw(id).ok().flatten();
        let value = values.map(|values| {
            let values: Vec<_> = values.map(|value| value.to_string_lossy()).collect();
            values.join(",")
        });
        Some(Setting {
            name: name.to_owned(),
            value,
            is_secret: is_secret(flag),
            origin: origin(matches.value_source(id), file, name),
        })
    });
    read.collect()
}

fn origin(source: Option<ValueSource>, file: Option<&SettingsFile>, name: &str) -> Origin {
    match source {
        Some(ValueSource::CommandLine) => return Origin::Flag,
        Some(ValueSource::EnvVariable) => return Origin::Environment,
        _ => {}
    }
    match file.and_then(|file| Some((file, file.entry_of(name)?))) {
        Some((file, entry)) => Origin::File {
            file: file.path().to_owned(),
            line: entry.line,
        },
        None => Origin::Default,
    }
}

/// Tells in the log of variables of the environment that are ours but for a slip. Nothing else there is any business
/// of ours. `program` is the whole of it, whose commands have variables of their own.
pub fn warn_of_slips(program: &clap::Command) {
    let environment = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for (written, meant) in slips(environment, program) {
        tracing::warn!("{written} in the environment has no effect: is {meant} meant?");
    }
}

fn slips(
    environment: impl Iterator<Item = String>,
    program: &clap::Command,
) -> Vec<(String, String)> {
    let mut known = Vec::new();
    every_variable(program, &mut known);
    let found = environment.filter(|name| !OF_OTHERS.contains(&name.as_str()));
    let found = found.filter_map(|name| {
        let meant = near_miss(&name, &known)?.to_owned();
        Some((name, meant))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found
}

fn every_variable<'a>(command: &'a clap::Command, known: &mut Vec<&'a str>) {
    known.extend(command.get_arguments().filter_map(variable));
    for inner in command.get_subcommands() {
        every_variable(inner, known);
    }
}

#[cfg(test)]
mod tests;
