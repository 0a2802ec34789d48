//! Settings from a file: which counts, what is refused, and what can change while the service runs.

mod commands;
mod file;
mod reload;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::binaries;
use crate::support::service::{Builder, Service};

/// A file of settings in a folder of its own.
struct Settings {
    folder: TempDir,
}

impl Settings {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = Self { folder };
        settings.write(text);
        settings
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("aggregator.toml")
    }

    fn shown(&self) -> String {
        self.path().to_str().unwrap().to_owned()
    }

    fn write(&self, text: &str) {
        std::fs::write(self.path(), text).unwrap();
    }

    /// A service that reads it.
    fn service(&self) -> Builder {
        Service::builder().env("CONFIG_FILE", self.shown())
    }
}

/// Exit code, standard output and standard error of the program, with nothing in its environment but this.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let mut command = Command::new(binaries::aggregator());
    command
        .env_clear()
        .envs(environment.iter().copied())
        .args(arguments)
        .stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}
