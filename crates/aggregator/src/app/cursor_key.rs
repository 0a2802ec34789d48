//! The secret behind cursors: one that several aggregators are given, or one of the data folder, where it outlasts a restart.

use query::cursor::{CURSOR_KEY_BYTES, CursorKey};
use rustix::fs::Mode;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

const FILE_NAME: &str = "cursor.key";
/// Beside it, a file in its place that is no key.
const ASIDE: &str = "cursor.key.damaged";
/// What the names of all of its files begin with.
const FILES: &str = "cursor.";
/// More than any key has: a large file in its place is not read to its end.
const LOOKED_AT: u64 = CURSOR_KEY_BYTES as u64 + 1;

/// What the key is made for, of a secret that was given.
const PURPOSE: &str = "aggregator 2026-11-29 CURSOR_KEY";

/// The key cannot be read: with another one the cursors that readers hold would be refused.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the secret of cursors in {file}: {source}")]
pub struct CursorKeyError {
    file: String,
    source: io::Error,
}

/// The key that `secret` makes, else the one in `folder`.
///
/// # Errors
/// [`CursorKeyError`] when there is a key in the folder, but it cannot be read, or not be set aside.
pub fn of(secret: Option<&str>, folder: &Path) -> Result<CursorKey, CursorKeyError> {
    match secret {
        Some(secret) => {
            let bytes = blake3::derive_key(PURPOSE, secret.as_bytes());
            Ok(CursorKey::new(bytes))
        }
        None => load_or_make(folder),
    }
}

/// The key in `folder`; a new one when there is none, or when it is damaged. When it cannot be kept,
/// cursors end with this process, which is no reason not to start.
///
/// # Errors
/// [`CursorKeyError`] when there is a key, but it cannot be read, or not be set aside.
fn load_or_make(folder: &Path) -> Result<CursorKey, CursorKeyError> {
    let path = folder.join(FILE_NAME);
    let failed = |source| CursorKeyError {
        file: path.display().to_string(),
        source,
    };
    match read(&path) {
        Ok(bytes) => match bytes.try_into() {
            Ok(bytes) => return Ok(CursorKey::new(bytes)),
            Err(_) => set_aside(&path).map_err(failed)?,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let bytes: [u8; CURSOR_KEY_BYTES] = rand::random();
    if let Err(error) = keep(&path, &bytes) {
        tracing::warn!(%error, file = %path.display(), "cursors will not outlast this process");
    }
    Ok(CursorKey::new(bytes))
}

/// Whether a file of this name is the key, or one that was or is to be.
pub(super) fn is_file(name: &str) -> bool {
    name.starts_with(FILES)
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LOOKED_AT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn set_aside(path: &Path) -> io::Result<()> {
    let aside = path.with_file_name(ASIDE);
    fs::rename(path, &aside)?;
    tracing::warn!(
        aside = %aside.display(),
        "the secret of cursors is damaged and was set aside: cursors from before are refused"
    );
    Ok(())
}

/// Only the service's own user may read it.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let whole = path.with_extension("new");
    let mut file = File::create(&whole)?;
    rustix::fs::fchmod(&file, Mode::RUSR | Mode::WUSR)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&whole, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use query::cursor::Position;
    use record::id::RecordId;
    use std::os::unix::fs::PermissionsExt as _;

    const POSITION: Position = Position {
        after: RecordId::MIN,
        now: Timestamp::MIN,
    };

    #[test]
    fn a_cursor_outlasts_a_restart_and_its_key_is_readable_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let cursor = load_or_make(folder.path()).unwrap().seal(POSITION, "q");
        let again = load_or_make(folder.path()).unwrap();
        assert_eq!(again.open(&cursor, "q"), Ok(POSITION));
        let metadata = fs::metadata(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_secret_makes_one_key_in_every_folder_and_leaves_that_of_the_folder_alone() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let own = load_or_make(one.path()).unwrap().seal(POSITION, "q");
        let secret = Some("shared by both of them");
        let cursor = of(secret, one.path()).unwrap().seal(POSITION, "q");
        assert_eq!(
            of(secret, other.path()).unwrap().open(&cursor, "q"),
            Ok(POSITION)
        );
        let another = of(Some("shared by nobody else"), other.path()).unwrap();
        assert!(another.open(&cursor, "q").is_err());
        assert!(another.open(&own, "q").is_err());
        assert_eq!(of(None, one.path()).unwrap().open(&own, "q"), Ok(POSITION));
        assert!(!other.path().join(FILE_NAME).exists());
    }

    #[test]
    fn a_damaged_key_is_kept_aside_and_a_new_one_made() {
        let folder = tempfile::tempdir().unwrap();
        for damaged in ["short".to_owned(), "long".repeat(100)] {
            fs::write(folder.path().join(FILE_NAME), &damaged).unwrap();
            let cursor = load_or_make(folder.path()).unwrap().seal(POSITION, "q");
            let again = load_or_make(folder.path()).unwrap();
            assert!(again.open(&cursor, "q").is_ok());
            let aside = fs::read_to_string(folder.path().join(ASIDE)).unwrap();
            assert_eq!(aside, damaged);
        }
    }

    #[test]
    fn a_key_that_is_there_and_cannot_be_read_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        fs::create_dir(&file).unwrap();
        let error = load_or_make(folder.path()).err().unwrap().to_string();
        let said = format!("cannot read the secret of cursors in {}: ", file.display());
        assert!(error.starts_with(&said), "{error}");
        assert!(file.is_dir());
    }

    #[test]
    fn a_folder_that_takes_no_key_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        let missing = load_or_make(&folder.path().join("missing")).unwrap();
        let cursor = missing.seal(POSITION, "q");
        assert!(
            load_or_make(folder.path())
                .unwrap()
                .open(&cursor, "q")
                .is_err()
        );
    }
}
