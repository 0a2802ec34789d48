//! A file of settings: TOML that has a key for each, called as the environment variable is, in small letters. Which
//! keys there are is not known here.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::{Array, Document, Item, Value};

/// More than all settings take with a page of comment for each.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Of a key that is told; no setting's is longer.
const LONGEST_SHOWN: usize = 64;

/// What a file says.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// A line of it.
#[derive(PartialEq, Eq)]
pub struct Entry {
    /// Before the `=`.
    pub key: String,
    /// Behind it, as a flag would have it: the parts of a list have commas between them.
    pub value: String,
    /// Whether it is a list.
    pub is_list: bool,
    /// The number of the line.
    pub line: usize,
}

/// A file that cannot be used: a sentence that names it, and the line where there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadSettingsFile(String);

impl fmt::Debug for Entry {
    /// Without the value, which may be a secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} in line {}", self.key, self.line)
    }
}

impl SettingsFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`BadSettingsFile`]
    pub fn read(path: &Path) -> Result<Self, BadSettingsFile> {
        let unusable = |reason: &dyn fmt::Display| {
            BadSettingsFile(format!("CONFIG_FILE {}: {reason}", path.display()))
        };
        let unread = |error: io::Error| unusable(&format!("it cannot be read: {error}"));
        // Of a pipe nobody may ever write into, opening would not end.
        if !fs::metadata(path).map_err(unread)?.is_file() {
            return Err(unusable(&"it is no file"));
        }
        let mut text = Vec::new();
        let opened = File::open(path).map_err(unread)?;
        let read = opened.take(MAX_FILE_BYTES + 1).read_to_end(&mut text);
        if read.map_err(unread)? as u64 > MAX_FILE_BYTES {
            let reason = format!("it is larger than {MAX_FILE_BYTES} bytes");
            return Err(unusable(&reason));
        }
        match String::from_utf8(text) {
            Ok(text) => Self::parse(path, &text),
            Err(_) => Err(unusable(&"it is not UTF-8")),
        }
    }

    fn parse(path: &Path, text: &str) -> Result<Self, BadSettingsFile> {
        let document = Document::parse(text).map_err(|error| {
            // The reader's longer text repeats the line, which may hold a secret.
            let reason = error.message().lines().next().unwrap_or_default();
            at(path, line(text, error.span()), &reason)
        })?;
        let mut entries = Vec::new();
        for (key, item) in document.as_table() {
            let span = document.as_table().key(key).and_then(toml_edit::Key::span);
            let line = line(text, span.or_else(|| item.span()));
            let read = written(item).map_err(|reason| {
                let key = shown_key(key);
                at(path, line, &format!("{key}: {reason}"))
            });
            let (value, is_list) = read?;
            entries.push(Entry {
                key: key.to_owned(),
                value,
                is_list,
                line,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All of it.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What it says of the setting that the variable sets.
    pub fn entry_of(&self, variable: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| entry.key == key_of(variable))
    }

    /// Why an entry cannot be used.
    pub fn fault(&self, entry: &Entry, reason: &dyn fmt::Display) -> BadSettingsFile {
        at(&self.path, entry.line, reason)
    }
}

/// The key of the setting that an environment variable sets.
pub fn key_of(variable: &str) -> String {
    variable.to_ascii_lowercase()
}

/// A key that somebody has written, fit to be shown.
pub fn shown_key(key: &str) -> String {
    key.escape_debug().take(LONGEST_SHOWN).collect()
}

fn at(path: &Path, line: usize, reason: &dyn fmt::Display) -> BadSettingsFile {
    BadSettingsFile(format!("{}:{line}: {reason}", path.display()))
}

fn line(text: &str, place: Option<Range<usize>>) -> usize {
    let before = place.and_then(|place| text.get(..place.start));
    before.unwrap_or_default().matches('\n').count() + 1
}

/// A value as a flag would have it, and whether it is a list.
fn written(item: &Item) -> Result<(String, bool), &'static str> {
    match item {
        Item::Value(Value::Array(array)) => Ok((list(array)?, true)),
        Item::Value(value) => single(value)
            .map(|text| (text, false))
            .ok_or("a text in quotes, a number, true, false or a list of texts is expected"),
        Item::Table(_) | Item::ArrayOfTables(_) | Item::None => {
            Err("settings stand in no table: each has a line of its own, without a heading")
        }
    }
}

fn list(array: &Array) -> Result<String, &'static str> {
    let parts: Option<Vec<String>> = array.iter().map(single).collect();
    let parts = parts.ok_or("a list has texts in quotes")?;
    Ok(parts.join(","))
}

fn single(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.value().clone()),
        Value::Integer(number) => Some(number.value().to_string()),
        Value::Float(number) => Some(number.value().to_string()),
        Value::Boolean(truth) => Some(truth.value().to_string()),
        Value::Datetime(_) | Value::Array(_) | Value::InlineTable(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SettingsFile, String> {
        SettingsFile::parse(Path::new("a.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn each_value_is_read_as_a_flag_would_have_it_with_its_line() {
        let text = "# here\nlisten_addr = \"127.0.0.1:1\"\n\nworkers = 1_000\nbody_timeout = 1.5 # s\n\
            'strict_batches' = true\nallowed_hosts = [\n \"a\", # one\n \"b\",\n]\ntrusted_proxies = []\n";
        let file = parse(text).unwrap();
        let read: Vec<_> = file.entries().iter().collect();
        let read: Vec<_> = read
            .iter()
            .map(|entry| (&*entry.key, &*entry.value, entry.is_list, entry.line))
            .collect();
        let expected = [
            ("listen_addr", "127.0.0.1:1", false, 2),
            ("workers", "1000", false, 4),
            ("body_timeout", "1.5", false, 5),
            ("strict_batches", "true", false, 6),
            ("allowed_hosts", "a,b", true, 7),
            ("trusted_proxies", "", true, 11),
        ];
        assert_eq!(read, expected);
        assert_eq!(file.entry_of("WORKERS").unwrap().line, 4);
        assert_eq!(file.entry_of("RUST_LOG"), None);
        assert!(parse("").unwrap().entries().is_empty());
    }

    #[test]
    fn what_is_no_setting_is_told_with_its_line_and_without_its_value() {
        for (text, said) in [
            ("workers = 1\nworkers = 2\n", "a.toml:2: "),
            (
                "\n[http]\nworkers = 1\n",
                "a.toml:2: http: settings stand in no table",
            ),
            (
                "http.workers = 1\n",
                "a.toml:1: http: settings stand in no table",
            ),
            ("[[http]]\n", "a.toml:1: http: settings stand in no table"),
            (
                "\n\nkey_memory = 2024-10-08\n",
                "a.toml:3: key_memory: a text in quotes",
            ),
            (
                "mongodb_uri = { hunter2 = 1 }\n",
                "a.toml:1: mongodb_uri: a text in quotes",
            ),
            (
                "allowed_hosts = [[\"hunter2\"]]\n",
                "a.toml:1: allowed_hosts: a list has texts",
            ),
            ("mongodb_uri = mongodb://u:hunter2@x\n", "a.toml:1: "),
            ("mongodb_uri = \"mongodb://u:hunter2@x\n", "a.toml:1: "),
            ("mongodb_uri \"mongodb://u:hunter2@x\"\n", "a.toml:1: "),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(said), "{text}: {error}");
            assert!(
                !error.contains("hunter2") && !error.contains('\n'),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_shown_of_an_entry_has_no_value() {
        let file = parse("mongodb_uri = \"mongodb://u:hunter2@x\"").unwrap();
        assert!(!format!("{file:?}").contains("hunter2"));
    }

    #[test]
    fn a_file_that_is_too_large_or_no_text_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        let fault = || SettingsFile::read(&path).unwrap_err().to_string();
        assert!(fault().contains("it cannot be read"), "{}", fault());
        for (content, said) in [
            (vec![b'#'; 1024 * 1024 + 1], "it is larger than"),
            (b"a = \"\xff\"".to_vec(), "it is not UTF-8"),
        ] {
            fs::write(&path, content).unwrap();
            assert!(
                fault().starts_with("CONFIG_FILE ") && fault().contains(said),
                "{}",
                fault()
            );
        }
        fs::write(&path, vec![b'#'; 1024 * 1024]).unwrap();
        assert!(SettingsFile::read(&path).is_ok());
        let no_file = SettingsFile::read(folder.path()).unwrap_err().to_string();
        assert!(no_file.ends_with("it is no file"), "{no_file}");
    }
}
