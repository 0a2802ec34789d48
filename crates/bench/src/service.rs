//! The real service as a process of its own.

use crate::clock;
use crate::failure::{During as _, Failure};
use crate::process::{self, Process};
use crate::programs::Programs;
use crate::usage::{self, Usage};
use reqwest::Body;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// Where the service is to keep the records.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// In its data folder, as rows or as blocks.
    Embedded { layout: &'static str },
    /// In a database of a MongoDB server, which need not be there.
    MongoDb { uri: String, database: String },
}

/// A running service; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Service {
    process: Process,
    url: String,
    http: reqwest::Client,
}

/// What `/health` tells, as far as it is looked at.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Health {
    pub(crate) records: Records,
    pub(crate) spool: Spool,
}

/// What became of the records.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Records {
    pub(crate) received: u64,
    pub(crate) stored: u64,
    pub(crate) already_stored: u64,
    /// By reason.
    pub(crate) rejected: BTreeMap<String, u64>,
    pub(crate) waiting: u64,
}

/// What is told of a batch.
#[derive(Deserialize)]
struct Accepted {
    durability: String,
}

/// The spool in numbers.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Spool {
    pub(crate) bytes: u64,
    pub(crate) commits: u64,
    pub(crate) fsync_p50_us: u64,
    pub(crate) fsync_p99_us: u64,
}

impl Service {
    /// Starts it on `data` and waits until it listens.
    pub(crate) async fn start(
        programs: &Programs,
        store: &Store,
        data: &Path,
    ) -> Result<Self, Failure> {
        let mut command = process::command(&programs.aggregator);
        command
            .env("LISTEN_ADDR", "127.0.0.1:0")
            .env("DATA_DIR", data)
            // A run ends when it is over, not when the spool is full.
            .env("SPOOL_MAX_BYTES", "1TiB")
            .env("LOG_FORMAT", "text");
        match store {
            Store::Embedded { layout } => command.env("LAYOUT", layout),
            Store::MongoDb { uri, database } => command
                .env("MONGODB_URI", uri)
                .env("MONGODB_DATABASE", database),
        };
        let process = Process::spawn("aggregator", &mut command)?;
        let began = clock::now();
        loop {
            // Looked at in this order: an address logged just before an exit is an exit.
            let ended = process.has_ended()?;
            let log = process.stderr();
            if ended || began.elapsed() > PATIENCE {
                return Err(Failure::told(format!("the service did not start: {log}")));
            }
            if let Some(address) = address_in(&log) {
                let url = format!("http://{address}");
                let http = client()?;
                return Ok(Self { process, url, http });
            }
            clock::pause(1).await;
        }
    }

    /// Its address, without a path.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        self.process.usage()
    }

    /// The memory that it holds now, in MiB.
    pub(crate) fn rss_mib(&self) -> Result<f64, Failure> {
        usage::rss_mib(self.process.pid())
    }

    /// Its health.
    pub(crate) async fn health(&self) -> Result<Health, Failure> {
        let answer = self.http.get(format!("{}/health", self.url)).send().await?;
        Ok(answer.json().await?)
    }

    /// Waits until the store has everything, and tells when that was and what the health was then.
    pub(crate) async fn all_stored(&self, within: Duration) -> Result<(Instant, Health), Failure> {
        let began = clock::now();
        loop {
            let health = self.health().await?;
            let now = clock::now();
            if health.records.waiting == 0 {
                return Ok((now, health));
            }
            if now - began > within {
                let waiting = health.records.waiting;
                let text = format!("after {within:?} still {waiting} records wait for the store");
                return Err(Failure::told(text));
            }
            clock::pause(5).await;
        }
    }

    /// Posts a body that is to be accepted.
    pub(crate) async fn post(&self, body: impl Into<Body>) -> Result<(), Failure> {
        self.accepted("", None, body.into()).await.map(drop)
    }

    /// Posts a body under a key.
    pub(crate) async fn post_keyed(&self, body: Vec<u8>, key: &str) -> Result<(), Failure> {
        self.accepted("", Some(key), body.into()).await.map(drop)
    }

    /// Posts a body and waits until it is stored.
    pub(crate) async fn store(&self, body: Vec<u8>) -> Result<(), Failure> {
        let accepted = self.accepted("?ack=stored", None, body.into()).await?;
        match accepted.durability.as_str() {
            "stored" => Ok(()),
            other => Err(Failure::told(format!(
                "a batch was to be stored and is {other}"
            ))),
        }
    }

    async fn accepted(
        &self,
        parameters: &str,
        key: Option<&str>,
        body: Body,
    ) -> Result<Accepted, Failure> {
        let request = self
            .http
            .post(format!("{}/logs/batch{parameters}", self.url));
        let mut request = request.header("content-type", "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.body(body).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// Whether a query finds something.
    pub(crate) async fn finds(&self, query: &str) -> Result<bool, Failure> {
        let url = format!("{}/logs/retrieve?{query}", self.url);
        let answer = self.http.get(url).send().await?;
        let found = answer.status().is_success();
        answer.bytes().await?;
        Ok(found)
    }

    /// Ends it: in order when nothing waits any more.
    pub(crate) async fn stop(self) -> Result<(), Failure> {
        self.process.terminate()?;
        self.process.ended(PATIENCE).await.map(drop)
    }
}

/// A client that keeps its connections.
pub(crate) fn client() -> Result<reqwest::Client, Failure> {
    let tls = program::tls::unused().map_err(|error| Failure::told(error.to_string()))?;
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls);
    let client = client.no_proxy().tcp_nodelay(true);
    Ok(client.build()?)
}

fn address_in(log: &str) -> Option<&str> {
    let (_, rest) = log.split_once("listening address=")?;
    let (line, _) = rest.split_once('\n')?;
    line.split_whitespace().next()
}

/// The size of a file that the service keeps, or of all of a folder's, in bytes.
pub(crate) fn size_of(path: &Path) -> Result<u64, Failure> {
    let about = std::fs::metadata(path).during(path.display())?;
    if about.is_file() {
        return Ok(about.len());
    }
    let mut bytes = 0;
    for entry in std::fs::read_dir(path).during(path.display())? {
        bytes += match size_of(&entry.during(path.display())?.path()) {
            // What is removed meanwhile takes no room.
            Err(Failure::Io { source, .. }) if source.kind() == ErrorKind::NotFound => 0,
            size => size?,
        };
    }
    Ok(bytes)
}
