//! `aggregator query`, run as a user runs it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout};
use std::time::Duration;

use serde_json::Value;

use super::process::leashed;
use super::service::Service;
use super::wait_until;

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
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (0, ""),
            "{}",
            self.stdout
        );
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
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: ChildStderr,
}

impl Running {
    /// Starts one.
    pub(crate) fn start(url: &str, flags: &[&str]) -> Self {
        let mut command = leashed(super::binaries::aggregator(), None);
        command.arg("query").arg("--url").arg(url).args(flags);
        let mut child = command.spawn().expect("`sh` starts");
        let stdout = child.stdout.take().map(BufReader::new);
        let stderr = child.stderr.take().expect("stderr is piped");
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        let stdout = self.stdout.as_mut().expect("not closed yet");
        stdout.read_line(&mut line).expect("text");
        line
    }

    /// Closes its output, as `head` does when it has enough.
    pub(crate) fn close(&mut self) {
        self.stdout = None;
    }

    /// Reads the rest and waits for its end.
    pub(crate) async fn end(mut self) -> Ended {
        let mut ended = Ended {
            code: 0,
            stdout: String::new(),
            stderr: String::new(),
        };
        if let Some(mut stdout) = self.stdout.take() {
            stdout.read_to_string(&mut ended.stdout).expect("text");
        }
        let mut status = None;
        wait_until("the query to end", PATIENCE, async || {
            status = self.child.try_wait().expect("a child can be waited for");
            status.is_some()
        })
        .await;
        self.stderr.read_to_string(&mut ended.stderr).expect("text");
        ended.code = status.and_then(|status| status.code()).expect("it ended");
        ended
    }
}
