//! A sender that is a program of the folder `programs`: it sends each line of its input, by a library and a configuration.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use crate::run::Sender;
use crate::support::process::{Process, leashed};
use crate::{configuration, installed};

/// For what it still holds when its input ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a sender inherits from the environment of the tests: no proxy stands between it and the service.
const INHERITED: [&str; 3] = ["PATH", "HOME", "TMPDIR"];

/// Becomes the program in `$2…` that reads the pipe `$1`.
const FED: &str = r#"pipe=$1; shift; exec "$@" <"$pipe""#;

/// A running program.
pub(crate) struct Program {
    process: Process,
    input: Option<File>,
    // Declared last: the program has to be gone before its folder is removed.
    _folder: TempDir,
}

impl Program {
    /// Runs a program for Python with this configuration.
    pub(crate) fn python(program: &str, configured: &str, service: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let configuration = configuration::write(configured, service, folder.path());
        let mut command = fed(folder.path(), "python3");
        command
            .env("PYTHONPATH", installed::python_packages())
            .args([programs().join(program), configuration]);
        Self::spawn(command, folder)
    }

    /// Runs a program for Node.js with this configuration.
    pub(crate) fn node(program: &str, configured: &str, service: SocketAddr) -> Self {
        // Below the packages: that is how they are found.
        let folder = tempfile::tempdir_in(installed::node_packages()).expect("a temporary folder");
        let configuration = configuration::write(configured, service, folder.path());
        let mut command = fed(folder.path(), installed::node());
        command.args([programs().join(program), configuration]);
        Self::spawn(command, folder)
    }

    fn spawn(mut command: Command, folder: TempDir) -> Self {
        let process = Process::spawn(&mut command);
        let input = open(&pipe(folder.path()));
        Self {
            process,
            input: Some(input),
            _folder: folder,
        }
    }
}

impl Sender for Program {
    fn log(&mut self, lines: &str) {
        let input = self.input.as_mut().expect("it has not been ended");
        input
            .write_all(lines.as_bytes())
            .expect("the pipe takes it");
    }

    fn said(&self) -> String {
        self.process.stdout() + &self.process.stderr()
    }

    async fn end(&mut self) {
        self.input = None;
        let status = self.process.wait_exit(PATIENCE).await;
        assert!(status.success(), "{status}: {}", self.said());
    }
}

/// A command for [`Process::spawn`], in the environment of a sender.
pub(crate) fn command(program: impl AsRef<OsStr>, scratch: &Path) -> Command {
    let mut command = leashed(program, Some(scratch));
    let inherited = INHERITED
        .iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.env_clear().envs(inherited);
    command
}

/// The same of a program that reads a pipe in the folder.
pub(crate) fn fed(folder: &Path, program: impl AsRef<OsStr>) -> Command {
    let pipe = pipe(folder);
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, &pipe, FileType::Fifo, mode, 0).expect("a pipe with a name");
    let mut command = command("sh", folder);
    command.args(["-c", FED, "fed"]).arg(pipe).arg(program);
    command
}

/// The pipe's end that the test writes to. Open for reading too, so that it need not wait for the program.
pub(crate) fn open(pipe: &Path) -> File {
    File::options()
        .read(true)
        .write(true)
        .open(pipe)
        .expect("a pipe")
}

/// The pipe in this folder.
pub(crate) fn pipe(folder: &Path) -> PathBuf {
    folder.join("lines")
}

/// The programs and files of the suite's own.
pub(crate) fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/senders/programs")
}
