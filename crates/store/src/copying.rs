//! A copy of an embedded store as it is at one moment, while a service goes on writing to it.

use super::database_file::open_reader;
use super::inspection::{Found, InspectionError};
use super::layout::Layout;
use super::sqlite;
use std::path::Path;

impl Found {
    /// Writes the store into a folder that has none; the names of the files that it consists of there. They are not synced.
    ///
    /// # Errors
    /// [`InspectionError`]
    pub fn copy_to(&self, folder: &Path) -> Result<Vec<&'static str>, InspectionError> {
        self.check_readable()?;
        let mut files = vec![self.path.as_path()];
        // Beside blocks, what keeps older programs away; a start makes up for one that is missing.
        let mark = self.path.with_file_name(sqlite::FILE_NAME);
        if self.layout == Layout::Blocks && mark.is_file() {
            files.push(&mark);
        }
        let names = [sqlite::FILE_NAME, super::blocks::FILE_NAME];
        let mut copied = Vec::new();
        for file in files {
            let name = names.into_iter().find(|name| file.ends_with(name));
            let Some(name) = name else { continue };
            copy(file, &folder.join(name)).map_err(|source| InspectionError::Read {
                path: file.display().to_string(),
                source,
            })?;
            copied.push(name);
        }
        Ok(copied)
    }
}

/// In one transaction that reads, however long it takes. SQLite's backup interface would begin anew at each commit of another process.
fn copy(from: &Path, to: &Path) -> Result<(), rusqlite::Error> {
    let connection = open_reader(from)?;
    let to = to.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [to.as_ref()])?;
    Ok(())
}
