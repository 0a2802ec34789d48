//! `aggregator query`, run as a user runs it.

use std::io::{BufRead, BufReader, PipeReader, Read};
use std::time::Duration;

use serde_json::Value;

use super::process::{Process, leashed};
use super::service::Service;

const PATIENCE: Duration = Duration::from_secs(30);

/// How a query ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code.
    pub(crate) code: i32,
    /// Its standard output.
    pub(crate) stdout: String,
    /// Its standard error.
    pub(crate) stderr: String,
}

impl Ended {
    /// The records of `--output json`.
    pub(crate) fn records(&self) -> Vec<Value> {
        let said = match self.stdout.is_empty() {
            true => "nothing was found\n",
            false => "",
        };
        assert_eq!((self.code, self.stderr.as_str()), (0, said), "{self:?}");
        let lines = self.stdout.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect()
    }
}

/// Runs a query against the service at `url` to its end.
pub(crate) async fn query(url: &str, flags: &[&str]) -> Ended {
    let mut command = Service::builder().env("AGGREGATOR_URL", url).arg("query");
    for flag in flags {
        command = command.arg(*flag);
    }
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    let code = status.code().expect("it ends by itself");
    Ended {
        code,
        stdout,
        stderr,
    }
}

/// A query that runs, and whose output is read as far as the test says.
pub(crate) struct Running {
    process: Process,
    stdout: Option<BufReader<PipeReader>>,
}

impl Running {
    /// Starts one.
    pub(crate) fn start(url: &str, flags: &[&str]) -> Self {
        Self::start_as("query", url, flags)
    }

    /// The same of another command, with its first flags.
    pub(crate) fn start_as(name: &str, url: &str, flags: &[&str]) -> Self {
        let (stdout, writer) = std::io::pipe().expect("a pipe");
        // The command holds the writing end: only once it is dropped can the reader see the end.
        let mut command = leashed(super::binaries::aggregator(), None);
        command
            .args(name.split(' '))
            .arg("--url")
            .arg(url)
            .args(flags);
        command.stdout(writer);
        Self {
            process: Process::spawn(&mut command),
            stdout: Some(BufReader::new(stdout)),
        }
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("not closed yet");
        stdout.read_line(&mut line).expect("text");
        line
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Closes its output, as `head` does when it has enough.
    pub(crate) fn close(&mut self) {
        self.stdout = None;
    }

    /// Reads the rest and waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let mut rest = String::new();
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_string(&mut rest).expect("text");
        }
        let status = self.process.wait_exit(PATIENCE).await;
        Ended {
            code: status.code().expect("it ends by itself"),
            stdout: rest,
            stderr: self.process.stderr(),
        }
    }
}
