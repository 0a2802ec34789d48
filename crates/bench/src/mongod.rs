//! A real MongoDB server with a data folder of its own, for all runs that are compared.

use crate::clock;
use crate::failure::{During as _, Failure};
use crate::process::{self, Process};
use crate::programs::Programs;
use crate::usage::{self, Usage};
use bson::doc;
use mongodb::{Client, Database};
use std::net::TcpListener;
use std::time::Duration;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// A running server; dropping it kills it and removes its data.
#[derive(Debug)]
pub(crate) struct Mongod {
    // Declared before the folder: it has to be gone before the folder is removed.
    process: Process,
    _folder: TempDir,
    port: u16,
    client: Client,
    version: String,
}

/// The server's usage when a run began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(f64);

impl Mongod {
    /// Starts a server with this much cache and waits until it answers.
    pub(crate) async fn start(programs: &Programs, cache_gb: f64) -> Result<Self, Failure> {
        let folder = programs.folder()?;
        let port = free_port()?;
        let mut command = process::command(programs.mongod()?);
        command
            .args(["--bind_ip", "127.0.0.1", "--port", &port.to_string()])
            .args(["--nounixsocket", "--quiet"])
            .args(["--wiredTigerCacheSizeGB", &cache_gb.to_string()])
            .arg("--logpath")
            .arg(folder.path().join("mongod.log"))
            .arg("--dbpath")
            .arg(folder.path());
        let process = Process::spawn("mongod", &mut command)?;
        let uri = format!("mongodb://127.0.0.1:{port}/?directConnection=true");
        let client = Client::with_uri_str(&format!("{uri}&serverSelectionTimeoutMS=2000")).await?;
        let began = clock::now();
        let admin = client.database("admin");
        let version = loop {
            match admin.run_command(doc! { "buildInfo": 1 }).await {
                Ok(info) => break info.get_str("version").unwrap_or_default().to_owned(),
                Err(error) if process.has_ended()? || began.elapsed() > PATIENCE => {
                    let said = process.stderr();
                    return Err(Failure::told(format!(
                        "mongod did not start: {error} {said}"
                    )));
                }
                Err(_) => clock::pause(50).await,
            }
        };
        Ok(Self {
            process,
            _folder: folder,
            port,
            client,
            version,
        })
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Where it is found.
    pub(crate) fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port)
    }

    /// One of its databases.
    pub(crate) fn database(&self, name: &str) -> Database {
        self.client.database(name)
    }

    /// Removes a database and writes a checkpoint, so that the next run pays nothing for it.
    pub(crate) async fn drop_database(&self, name: &str) -> Result<(), Failure> {
        self.database(name).drop().await?;
        let admin = self.client.database("admin");
        admin.run_command(doc! { "fsync": 1 }).await?;
        Ok(())
    }

    /// A run begins.
    pub(crate) fn mark(&self) -> Result<Mark, Failure> {
        usage::forget_peak(self.process.pid())?;
        Ok(Mark(usage::cpu_seconds(self.process.pid())?))
    }

    /// What it has used since a run began.
    pub(crate) fn since(&self, mark: Mark) -> Result<Usage, Failure> {
        let mut usage = self.process.usage()?;
        usage.cpu_seconds -= mark.0;
        Ok(usage)
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).during("a free port")?;
    Ok(listener.local_addr().during("a free port")?.port())
}
