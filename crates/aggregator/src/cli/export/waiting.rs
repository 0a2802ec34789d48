//! What a folder has outside its store, and an export of the folder therefore lacks: batches that wait in the spool.

use crate::app::SPOOL_FOLDER;
use logs::counted;
use spool::disk::Folder;
use spool::offline;
use std::path::Path;

/// What is to be said of it, if anything is.
pub(super) fn sentence(data_dir: &Path) -> Option<String> {
    let path = data_dir.join(SPOOL_FOLDER);
    if !path.is_dir() {
        return None;
    }
    match offline::waiting(&Folder::at(&path)) {
        Ok(0) => None,
        Ok(batches) => Some(format!(
            "warning: {} in the spool may not have been in the store yet, and what was not is not exported: it is when the service has run on, which stores it",
            counted(batches, "batch", "batches")
        )),
        Err(error) => Some(format!(
            "warning: what waits in the spool is not exported, and cannot be counted: {error}"
        )),
    }
}
