//! Makes folders so that they are there after a power cut, too.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// For the user alone.
const MODE: u32 = 0o700;

/// Makes a folder and those above it that are missing, each synced, with its entry in the one above,
/// before the next is made.
pub(super) fn make(path: &Path, sync: &dyn Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    let folders = path.ancestors().filter(|above| *above != Path::new(""));
    let missing: Vec<&Path> = folders.clone().take_while(|one| !one.is_dir()).collect();
    if let Some(there) = folders.clone().find(|one| one.is_dir()) {
        // An earlier start may have ended before it had synced its entry. The one above may be
        // closed to us, and then it is not ours that was made.
        drop(sync(above(there)));
    }
    for folder in missing.into_iter().rev() {
        match DirBuilder::new().mode(MODE).create(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            made => made?,
        }
        sync(folder)?;
        sync(above(folder))?;
    }
    Ok(())
}

fn above(folder: &Path) -> &Path {
    match folder.parent() {
        Some(above) if above != Path::new("") => above,
        Some(_) => Path::new("."),
        None => folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::PathBuf;

    /// What is there of it when a folder is synced, in order.
    fn synced_while_making(path: &Path) -> Vec<(PathBuf, usize)> {
        let synced = RefCell::default();
        let there = || path.ancestors().filter(|one| one.is_dir()).count();
        let base = there();
        let sync = |folder: &Path| {
            let mut synced: std::cell::RefMut<'_, Vec<_>> = RefCell::borrow_mut(&synced);
            synced.push((folder.to_owned(), there() - base));
            Ok(())
        };
        make(path, &sync).unwrap();
        synced.into_inner()
    }

    #[test]
    fn every_folder_that_is_made_is_synced_and_so_is_its_entry_before_anything_is_in_it() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path();
        let (one, two, three) = (root.join("a"), root.join("a/b"), root.join("a/b/c"));
        let outside = root.parent().unwrap().to_owned();
        let expected = [
            (outside, 0),
            (one.clone(), 1),
            (root.to_owned(), 1),
            (two.clone(), 2),
            (one, 2),
            (three.clone(), 3),
            (two.clone(), 3),
        ];
        assert_eq!(synced_while_making(&three), expected);
        for made in [&two, &three] {
            let mode = fs::metadata(made).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        // It may have been made by a start that was killed then.
        assert_eq!(synced_while_making(&three), [(two, 0)]);
    }

    #[test]
    fn a_folder_in_the_working_folder_has_its_entry_there() {
        assert_eq!(above(Path::new("data")), Path::new("."));
        assert_eq!(above(Path::new("/")), Path::new("/"));
    }

    #[test]
    fn a_sync_that_fails_is_told() {
        let place = tempfile::tempdir().unwrap();
        let failing = |folder: &Path| match folder == place.path() {
            true => Err(io::ErrorKind::Other.into()),
            false => Ok(()),
        };
        assert!(make(&place.path().join("a"), &failing).is_err());
    }
}
