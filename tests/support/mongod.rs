//! A real MongoDB server with a data folder of its own.

use std::hash::{BuildHasher, RandomState};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bson::{Bson, doc};
use mongodb::Client;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use super::process::{Process, leashed, lock};
use super::{mongod_binary, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

/// What MongoDB says of a command that takes longer than it may.
pub(crate) const TOO_SLOW: i32 = 50;

/// The exit code of a `mongod` that could not have its port.
const PORT_TAKEN: i32 = 48;

/// A running server; dropping it kills it and removes its data.
pub(crate) struct Mongod {
    // Declared before the folder: it has to be gone before the folder is removed.
    process: Mutex<Arc<Process>>,
    launch: Launch,
}

/// What it takes to start the same server again.
struct Launch {
    folder: TempDir,
    port: u16,
    args: Vec<String>,
    /// Whether only [`ROOT`] gets in.
    access_control: bool,
    /// By whose word a client believes it, where it speaks TLS.
    ca: Option<PathBuf>,
}

/// Name and password of the one who may do anything where there is access control.
const ROOT: &str = "root:root-pw";

/// The server of this test process, for the tests which do not break it.
pub(crate) async fn shared() -> &'static Mongod {
    static SHARED: OnceCell<Mongod> = OnceCell::const_new();
    SHARED.get_or_init(Mongod::start).await
}

impl Mongod {
    /// Starts a server and waits until it answers.
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with more arguments for `mongod`.
    pub(crate) async fn start_with(args: &[&str]) -> Self {
        for _ in 0..20 {
            let launch = Launch {
                folder: tempfile::tempdir().expect("a temporary folder"),
                port: free_port(),
                args: args.iter().map(ToString::to_string).collect(),
                access_control: false,
                ca: None,
            };
            if let Some(process) = launch.start().await {
                let process = Mutex::new(Arc::new(process));
                return Self { process, launch };
            }
        }
        panic!("every port tried for mongod was taken by another process");
    }

    /// A server that asks everyone for a password, and knows `root`.
    pub(crate) async fn start_with_access_control() -> Self {
        let mut mongod = Self::start_with_root().await;
        mongod.restart_with_access_control().await;
        mongod
    }

    /// The same, which speaks TLS and nothing else, with a certificate and key in one file; those for whom `ca` vouches
    /// may be users by their certificates.
    pub(crate) async fn start_with_tls(both: &Path, ca: &Path) -> Self {
        let mut mongod = Self::start_with_root().await;
        let [both, file] = [both, ca].map(|file| file.to_str().expect("UTF-8").to_owned());
        let args = &mut mongod.launch.args;
        args.extend(["--tlsMode", "requireTLS"].map(str::to_owned));
        args.extend(["--tlsCertificateKeyFile".to_owned(), both]);
        args.extend(["--tlsCAFile".to_owned(), file]);
        // Who has a password needs none.
        args.push("--tlsAllowConnectionsWithoutCertificates".to_owned());
        mongod.launch.ca = Some(ca.to_owned());
        mongod.restart_with_access_control().await;
        mongod
    }

    async fn start_with_root() -> Self {
        let mongod = Self::start().await;
        let (name, password) = ROOT.split_once(':').expect("a name and a password");
        let create = doc! { "createUser": name, "pwd": password, "roles": ["root"] };
        let admin = mongod.client().await.database("admin");
        admin.run_command(create).await.expect("root is created");
        mongod
    }

    async fn restart_with_access_control(&mut self) {
        // Killed, it would forget the user: that write was not journaled.
        self.stop_clean().await;
        self.launch.access_control = true;
        self.launch.args.push("--auth".to_owned());
        self.restart().await;
    }

    /// Where a user of this database finds it.
    pub(crate) fn uri_of(&self, name: &str, password: &str, database: &str) -> String {
        let port = self.port();
        format!(
            "mongodb://{name}:{password}@127.0.0.1:{port}/?directConnection=true&authSource={database}"
        )
    }

    /// Where the service finds it.
    pub(crate) fn uri(&self) -> String {
        self.launch.uri()
    }

    /// The port it listens on, the same after a restart.
    pub(crate) fn port(&self) -> u16 {
        self.launch.port
    }

    /// The process id of `mongod` itself.
    pub(crate) fn pid(&self) -> u32 {
        self.process().pid()
    }

    /// A client of its own: it belongs to the runtime of the test that asks for it.
    pub(crate) async fn client(&self) -> Client {
        self.launch.client().await
    }

    /// What it has logged.
    pub(crate) fn log_text(&self) -> String {
        self.launch.log_text()
    }

    /// From now on these commands fail, in this mode; "off" ends it. The server has to be started
    /// with `enableTestCommands=1`.
    pub(crate) async fn fail(&self, commands: &[&str], code: i32, mode: impl Into<Bson>) {
        let fault = doc! {
            "configureFailPoint": "failCommand", "mode": mode.into(),
            "data": { "failCommands": commands, "errorCode": code },
        };
        let client = self.client().await;
        client.database("admin").run_command(fault).await.unwrap();
    }

    /// SIGKILL; waits until it is gone.
    pub(crate) fn kill(&self) {
        self.process().kill();
    }

    /// SIGTERM; waits until it has shut down.
    pub(crate) async fn stop_clean(&self) {
        let process = self.process();
        process.signal("TERM");
        let status = process.wait_exit(PATIENCE).await;
        assert!(status.success(), "mongod: {status}\n{}", self.log_text());
    }

    /// SIGSTOP: connections stay open and nobody answers.
    pub(crate) fn freeze(&self) {
        self.process().signal("STOP");
    }

    /// SIGCONT: the end of a freeze.
    pub(crate) fn thaw(&self) {
        self.process().signal("CONT");
    }

    /// Starts it again (killing it if it runs) on the same port with the same data.
    pub(crate) async fn restart(&self) {
        self.kill();
        let what = format!("port {} to be free again", self.port());
        wait_until(&what, 2 * PATIENCE, async || {
            let started = self.launch.start().await;
            let restarted = started.is_some();
            if let Some(process) = started {
                *lock(&self.process) = Arc::new(process);
            }
            restarted
        })
        .await;
    }

    fn process(&self) -> Arc<Process> {
        Arc::clone(&lock(&self.process))
    }
}

impl Launch {
    fn uri(&self) -> String {
        let user = if self.access_control {
            format!("{ROOT}@")
        } else {
            String::new()
        };
        let path = |ca: &PathBuf| ca.to_str().expect("UTF-8").replace('/', "%2F");
        let tls = self.ca.as_ref().map(path);
        let tls = tls.map(|ca| format!("&tls=true&tlsCAFile={ca}"));
        format!(
            "mongodb://{user}127.0.0.1:{}/?directConnection=true{}",
            self.port,
            tls.unwrap_or_default()
        )
    }

    async fn client(&self) -> Client {
        Client::with_uri_str(self.uri()).await.expect("a valid URI")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("mongod.log")
    }

    fn log_text(&self) -> String {
        let log = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Starts the server; `None` if something else has its port.
    async fn start(&self) -> Option<Process> {
        let folder = self.folder.path();
        let port = self.port.to_string();
        let mut command = leashed(mongod_binary::path(), Some(folder));
        command
            .args(["--bind_ip", "127.0.0.1", "--port", &port])
            .args(["--nounixsocket", "--wiredTigerCacheSizeGB", "1", "--quiet"])
            .args(["--logappend", "--logpath"])
            .arg(self.log_file())
            .arg("--dbpath")
            .arg(folder)
            .args(&self.args);
        let process = Process::spawn(&mut command);
        // What answers may be another process that has the port, and that may go meanwhile.
        let answers = wait_until("mongod to answer", PATIENCE, async || {
            TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
                && self.answering_pid().await == Some(i64::from(process.pid()))
        });
        let status = tokio::select! {
            () = answers => None,
            status = process.wait_exit(2 * PATIENCE) => Some(status),
        };
        let Some(status) = status else {
            return Some(process);
        };
        assert!(
            status.code() == Some(PORT_TAKEN),
            "mongod did not start ({status}): {}{}{}",
            process.stdout(),
            process.stderr(),
            self.log_text()
        );
        None
    }

    /// The process id of the server that answers at this port.
    async fn answering_pid(&self) -> Option<i64> {
        let admin = self.client().await.database("admin");
        admin.run_command(doc! { "ping": 1 }).await.ok()?;
        let status = admin.run_command(doc! { "serverStatus": 1 }).await.ok()?;
        status.get_i64("pid").ok()
    }
}

/// A port nobody listens on, below those the system gives to outgoing connections: one of these
/// must not take the port while the server is down for a restart.
pub(crate) fn free_port() -> u16 {
    loop {
        let random = RandomState::new().hash_one(0) % 20_000;
        let port = 10_000 + u16::try_from(random).expect("below 20000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
