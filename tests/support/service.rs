//! The real service as a process of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Process, leashed, lock};
use super::wait_until;

const PATIENCE: Duration = Duration::from_secs(30);

/// What the service inherits from the environment of the tests; everything else is the test's.
const INHERITED: [&str; 4] = ["PATH", "HOME", "TMPDIR", "LLVM_PROFILE_FILE"];

/// The settings of a [`Service`].
#[derive(Clone)]
pub(crate) struct Builder {
    env: BTreeMap<String, String>,
    args: Vec<String>,
    data_dir: Option<PathBuf>,
    max_file_kib: Option<u64>,
    max_open_files: Option<u64>,
}

/// A running service; dropping it kills it.
pub(crate) struct Service {
    // Declared before the settings: it has to be gone before its data folder is removed.
    running: Mutex<Running>,
    settings: Settings,
    http: reqwest::Client,
}

#[derive(Clone)]
struct Running {
    process: Arc<Process>,
    address: SocketAddr,
}

/// A [`Builder`] with its data folder in place.
struct Settings {
    builder: Builder,
    data_dir: PathBuf,
    own_data_dir: Option<TempDir>,
}

impl Builder {
    /// Sets an environment variable.
    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a command line argument.
    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Keeps the logs in this database of a MongoDB server.
    pub(crate) fn mongodb(self, uri: &str, database: &str) -> Self {
        self.env("MONGODB_URI", uri)
            .env("MONGODB_DATABASE", database)
    }

    /// Uses this folder instead of a fresh one.
    pub(crate) fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Lets no file that it writes become larger (`RLIMIT_FSIZE`).
    pub(crate) fn max_file_kib(mut self, kib: u64) -> Self {
        self.max_file_kib = Some(kib);
        self
    }

    /// Lets it have no more descriptors (`RLIMIT_NOFILE`, the hard limit).
    pub(crate) fn max_open_files(mut self, count: u64) -> Self {
        self.max_open_files = Some(count);
        self
    }

    /// Starts the service and waits until it listens.
    pub(crate) async fn start(self) -> Service {
        let settings = Settings::new(self);
        Service {
            running: Mutex::new(settings.start().await),
            settings,
            http: super::http::client(),
        }
    }

    /// Starts a service that is to give up on its own: how it ended, its stdout, its stderr.
    pub(crate) async fn start_expecting_exit(self) -> (ExitStatus, String, String) {
        let settings = Settings::new(self);
        let process = settings.spawn();
        let status = process.wait_exit(PATIENCE).await;
        (status, process.stdout(), process.stderr())
    }
}

impl Settings {
    fn new(builder: Builder) -> Self {
        let own_data_dir = match builder.data_dir {
            Some(_) => None,
            None => Some(tempfile::tempdir().expect("a temporary folder")),
        };
        let data_dir = match (&builder.data_dir, &own_data_dir) {
            (Some(given), _) => given.clone(),
            (None, own) => own.as_ref().expect("just made").path().to_owned(),
        };
        Self {
            builder,
            data_dir,
            own_data_dir,
        }
    }

    fn spawn(&self) -> Process {
        let scratch = self.own_data_dir.as_ref().map(TempDir::path);
        let mut command = leashed(super::binaries::aggregator(), scratch);
        let inherited = INHERITED
            .iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let blocks = self.builder.max_file_kib.map(|kib| (kib * 2).to_string());
        let descriptors = self.builder.max_open_files.map(|count| count.to_string());
        command
            .env_clear()
            .envs(blocks.map(|blocks| ("MAX_FILE_BLOCKS", blocks)))
            .envs(descriptors.map(|count| ("MAX_OPEN_FILES", count)))
            .envs(inherited)
            .env("DATA_DIR", &self.data_dir)
            .envs(&self.builder.env)
            .args(&self.builder.args);
        Process::spawn(&mut command)
    }

    async fn start(&self) -> Running {
        let process = self.spawn();
        let mut address = None;
        wait_until("the service to log its address", PATIENCE, async || {
            // Looked at in this order: an address logged just before an exit is an exit.
            let ended = process.try_wait();
            address = logged_address(&process.stderr());
            if let Some(status) = ended {
                process.kill();
                panic!("the service ended ({status}):\n{}", process.stderr());
            }
            address.is_some()
        })
        .await;
        Running {
            process: Arc::new(process),
            address: address.expect("it was logged"),
        }
    }
}

fn logged_address(log: &str) -> Option<SocketAddr> {
    log.lines().find_map(|line| {
        let Ok(event) = serde_json::from_str::<Value>(line) else {
            return line.split_once("listening address=")?.1.trim().parse().ok();
        };
        event.get("address")?.as_str()?.parse().ok()
    })
}

impl Service {
    /// The settings of a service on a free port, which keeps its logs in a fresh folder.
    pub(crate) fn builder() -> Builder {
        let builder = Builder {
            env: BTreeMap::new(),
            args: Vec::new(),
            data_dir: None,
            max_file_kib: None,
            max_open_files: None,
        };
        builder
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("LOG_FORMAT", "json")
            .env("NO_COLOR", "1")
    }

    /// Starts it again (killing it if it runs) with the same settings on the same data. The port
    /// is another one.
    pub(crate) async fn restart(&self) {
        self.kill();
        let running = self.settings.start().await;
        *lock(&self.running) = running;
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        lock(&self.running).address
    }

    /// The address of one of its pages.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Where it keeps its data.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.settings.data_dir
    }

    /// The client behind `get` and `post`, for requests they cannot make.
    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The process id of the service itself.
    pub(crate) fn pid(&self) -> u32 {
        self.process().pid()
    }

    /// SIGKILL; waits until it is gone.
    pub(crate) fn kill(&self) {
        self.process().kill();
    }

    /// SIGTERM; does not wait.
    pub(crate) fn terminate(&self) {
        self.process().signal("TERM");
    }

    /// Any other signal, by name; does not wait.
    pub(crate) fn signal(&self, name: &str) {
        self.process().signal(name);
    }

    /// Waits for its end.
    pub(crate) async fn wait_exit(&self, timeout: Duration) -> ExitStatus {
        self.process().wait_exit(timeout).await
    }

    /// What it has written to standard error since its last start.
    pub(crate) fn log_text(&self) -> String {
        self.process().stderr()
    }

    /// See [`Process::tell_if_failed`].
    pub(crate) fn tell_if_failed(&self) {
        self.process().tell_if_failed();
    }

    /// From now on nobody reads its log, until [`Self::read_log_again`] or its end.
    pub(crate) fn leave_log_unread(&self) {
        self.process().leave_stderr_unread();
    }

    /// Its log is read again.
    pub(crate) fn read_log_again(&self) {
        self.process().read_stderr_again();
    }

    /// The memory it holds now.
    pub(crate) fn rss_kib(&self) -> u64 {
        self.proc_status("VmRSS:")
    }

    /// The most memory it has held since its last start.
    pub(crate) fn peak_rss_kib(&self) -> u64 {
        self.proc_status("VmHWM:")
    }

    /// How many threads it has.
    pub(crate) fn threads(&self) -> u64 {
        self.proc_status("Threads:")
    }

    fn proc_status(&self, field: &str) -> u64 {
        self.process().proc_status(field)
    }

    fn process(&self) -> Arc<Process> {
        Arc::clone(&lock(&self.running).process)
    }
}
