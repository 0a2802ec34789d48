//! The secret behind cursors, kept in the data folder so that they outlast a restart.

use crate::cursor::{CURSOR_KEY_BYTES, CursorKey};
use rustix::fs::Mode;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

const FILE_NAME: &str = "cursor.key";

/// The key in `folder`; a new one when there is none. When it cannot be kept, cursors end with this
/// process, which is no reason not to start.
pub fn load_or_make(folder: &Path) -> CursorKey {
    let path = folder.join(FILE_NAME);
    if let Some(bytes) = fs::read(&path).ok().and_then(|bytes| bytes.try_into().ok()) {
        return CursorKey::new(bytes);
    }
    let bytes: [u8; CURSOR_KEY_BYTES] = rand::random();
    if let Err(error) = keep(&path, &bytes) {
        tracing::warn!(%error, file = %path.display(), "cursors will not outlast this process");
    }
    CursorKey::new(bytes)
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
    use crate::cursor::Position;
    use crate::record_id::RecordId;
    use logs::Timestamp;
    use std::os::unix::fs::PermissionsExt as _;

    const POSITION: Position = Position {
        after: RecordId::MIN,
        now: Timestamp::MIN,
    };

    #[test]
    fn a_cursor_outlasts_a_restart_and_its_key_is_readable_for_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let cursor = load_or_make(folder.path()).seal(POSITION, "q");
        let again = load_or_make(folder.path());
        assert_eq!(again.open(&cursor, "q"), Ok(POSITION));
        let metadata = fs::metadata(folder.path().join(FILE_NAME)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_key_or_a_folder_that_takes_none_is_no_reason_not_to_start() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE_NAME), "short").unwrap();
        let cursor = load_or_make(folder.path()).seal(POSITION, "q");
        assert!(load_or_make(folder.path()).open(&cursor, "q").is_ok());
        let missing = load_or_make(&folder.path().join("missing"));
        assert!(missing.open(&cursor, "q").is_err());
    }
}
