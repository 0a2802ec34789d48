//! The real producer as a process of its own.

use std::time::Duration;

use serde_json::Value;

use super::binaries;
use super::process::{Process, leashed};
use super::wait_until;

const PATIENCE: Duration = Duration::from_secs(120);

/// A running producer; dropping it kills it.
pub(crate) struct Producer(Process);

/// A producer that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Its exit code.
    pub(crate) code: Option<i32>,
    /// The summary.
    pub(crate) stdout: String,
    /// Log and progress.
    pub(crate) stderr: String,
}

impl Producer {
    /// Starts it with these arguments and nothing of the environment of the tests.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_with(&[], args)
    }

    /// The same with these environment variables.
    pub(crate) fn start_with(env: &[(&str, &str)], args: &[&str]) -> Self {
        let mut command = leashed(binaries::producer(), None);
        let inherited = ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"];
        let inherited = inherited.map(|name| (name, std::env::var_os(name)));
        let inherited = inherited
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        command.env_clear().envs(inherited).env("NO_COLOR", "1");
        command.envs(env.iter().copied()).args(args);
        Self(Process::spawn(&mut command))
    }

    /// Runs it to its end.
    pub(crate) async fn run(args: &[&str]) -> Ended {
        Self::start(args).ended().await
    }

    /// Waits for its end.
    pub(crate) async fn ended(&self) -> Ended {
        let status = self.0.wait_exit(PATIENCE).await;
        Ended {
            code: status.code(),
            stdout: self.0.stdout(),
            stderr: self.0.stderr(),
        }
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&self) -> bool {
        self.0.try_wait().is_none()
    }

    /// SIGKILL; waits until it is gone.
    pub(crate) fn kill(&self) {
        self.0.kill();
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, name: &str) {
        self.0.signal(name);
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        self.0.stderr()
    }

    /// Waits until it has said this on standard error.
    pub(crate) async fn wait_for(&self, words: &str) {
        wait_until(words, PATIENCE, async || self.0.stderr().contains(words)).await;
    }

    /// From now on nobody reads its standard error, until its end.
    pub(crate) fn leave_log_unread(&self) {
        self.0.leave_stderr_unread();
    }

    /// The most memory it has held.
    pub(crate) fn peak_rss_kib(&self) -> u64 {
        self.0.proc_status("VmHWM:")
    }
}

impl Ended {
    /// The summary of `--output json`.
    pub(crate) fn summary(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Numbers of the summary, by name.
    pub(crate) fn numbers<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let summary = self.summary();
        names.map(|name| {
            let number = summary[name].as_u64();
            number.unwrap_or_else(|| panic!("no {name} in {summary}"))
        })
    }
}
