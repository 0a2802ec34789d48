//! The secret of a token, as a program that asks a service has it: in a file, so that it stands in no list of
//! processes.

use crate::values;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// More than any secret has.
const LONGEST: u64 = 1024;

/// Why a file holds no secret; what is in it is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum BadTokenFile {
    /// The system's reason.
    #[error("--token-file {0} cannot be read: {1}")]
    Io(String, io::Error),
    /// It holds something else.
    #[error("--token-file {0} does not hold a token alone, in one line of visible ASCII")]
    Content(String),
}

/// The secret in the file that a setting names, if it names one.
///
/// # Errors
/// [`BadTokenFile`]
pub fn of_setting(file: Option<&PathBuf>) -> Result<Option<String>, BadTokenFile> {
    values::file(file).map(read).transpose()
}

/// Reads the secret that a file holds alone.
fn read(file: &Path) -> Result<String, BadTokenFile> {
    let name = || file.display().to_string();
    let failed = |error| BadTokenFile::Io(name(), error);
    let mut text = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    let mut opened = opened.take(LONGEST + 1);
    opened.read_to_end(&mut text).map_err(failed)?;
    let secret = text.trim_ascii();
    let is_whole = text.len() as u64 <= LONGEST && !secret.is_empty();
    match std::str::from_utf8(secret) {
        Ok(secret) if is_whole && secret.bytes().all(|byte| byte.is_ascii_graphic()) => {
            Ok(secret.to_owned())
        }
        _ => Err(BadTokenFile::Content(name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_holds_one_secret_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        assert!(matches!(read(&file), Err(BadTokenFile::Io(..))));
        for none in [None, Some(&PathBuf::new())] {
            assert!(matches!(of_setting(none), Ok(None)));
        }
        for text in ["logs_abc", "logs_abc\n", " logs_abc \r\n"] {
            std::fs::write(&file, text).unwrap();
            let secret = of_setting(Some(&file)).unwrap();
            assert_eq!(secret.as_deref(), Some("logs_abc"));
        }
        for text in ["", "\n", "a b", "a\nb", "ä", &"x".repeat(1025)] {
            std::fs::write(&file, text).unwrap();
            let error = read(&file).unwrap_err();
            assert!(matches!(error, BadTokenFile::Content(_)));
            assert!(text.trim().is_empty() || !error.to_string().contains(text));
        }
    }
}
