//! A file that takes the place of another, whole or not at all, while nobody else changes that.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

/// Of a new file.
const MODE: u32 = 0o600;

/// What takes the place of a file; it goes away unless it does. Nobody else changes the file meanwhile: it is locked,
/// and one that a killed process has left is not.
pub(super) struct Replacement {
    path: PathBuf,
    file: File,
    is_in_place: bool,
}

impl Replacement {
    /// Waits for those that are under way.
    pub(super) fn begin(beside: &Path) -> io::Result<Self> {
        let mut name = OsString::from(beside);
        name.push(".new");
        let path = PathBuf::from(name);
        Ok(Self {
            file: locked(&path)?,
            path,
            is_in_place: false,
        })
    }

    /// Takes the place of this file, with its mode and its owner.
    pub(super) fn put_in_place(mut self, of: &Path, content: &[u8]) -> io::Result<()> {
        if let Ok(old) = fs::metadata(of) {
            let mode = old.permissions().mode();
            let own = self.file.metadata()?;
            // Or the service could not read it any more.
            if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
                fchown(&self.file, Some(old.uid()), Some(old.gid()))?;
            }
            self.file
                .set_permissions(fs::Permissions::from_mode(mode))?;
        }
        self.file.write_all(content)?;
        self.file.sync_all()?;
        fs::rename(&self.path, of)?;
        self.is_in_place = true;
        let folder = of.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// An empty file at this place, once nobody else has one there.
fn locked(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(MODE);
    loop {
        let file = options.open(path)?;
        file.lock()?;
        let own = file.metadata()?;
        match fs::metadata(path) {
            Ok(there) if (there.dev(), there.ino()) == (own.dev(), own.ino()) => {
                file.set_len(0)?;
                return Ok(file);
            }
            // Whoever had it has put it in place.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        // Once it is in place, another's may have this name.
        if !self.is_in_place {
            drop(fs::remove_file(&self.path));
        }
    }
}
