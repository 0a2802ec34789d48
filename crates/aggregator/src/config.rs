//! Every setting: a flag, an environment variable and a key of a file, with its default and its unit.
//!
//! Owns what a setting is called, what it may be and what goes together; gives values that were
//! checked. It knows no command, starts no log and opens no store.

mod host_name;
mod instance;
mod listen_address;
mod log_filter;
mod mongodb_names;
pub mod near_names;
mod network;
mod retention_settings;
mod setting;
pub mod settings_file;
mod spool_settings;
mod store_settings;
mod tls_settings;

pub use host_name::{BadHostName, HostName, is_name};
pub use instance::{BadInstance, Instance};
pub use listen_address::{BadListenAddress, ListenAddress};
pub use log_filter::{LogFilter, Logged, NotLogged, OF_STORING, OF_UNSTORED, REQUEST, log_filter};
pub use network::{BadNetwork, Network};
pub use retention_settings::{Kept, RetentionConfig, RetentionRule, RetentionRules};
pub use setting::{Origin, Setting};
pub use spool_settings::SpoolConfig;
pub use store_settings::{Compression, Layout, StoreConfig};
pub use tls_settings::{ClientAuth, TlsConfig, TlsFiles};

use clap::{Args, ValueEnum};
use program::values::{count, file, size, time};
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::address::MongoAddress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// A batch, encoded, must fit one frame of the spool.
const LARGEST_DECODED: usize = 1024 * 1024 * 1024;
/// Less is work for nothing, and with more what lies between takes a tail for one that is dead.
const HEARTBEATS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(60);
/// Room for an answer with a page of the largest size.
const LEAST_READ: usize = 6 * 1024 * 1024;
/// Of a secret: one that is shorter can be guessed.
const LEAST_SECRET: usize = 16;
/// Room for a few segments.
const LEAST_SPOOL: u64 = 256 * 1024;

/// All settings.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// The HTTP side.
    #[command(flatten)]
    pub http: HttpConfig,
    /// The store.
    #[command(flatten)]
    pub store: StoreConfig,
    /// What goes.
    #[command(flatten)]
    pub retention: RetentionConfig,
    /// The spool.
    #[command(flatten)]
    pub spool: SpoolConfig,
    /// The worker pool.
    #[command(flatten)]
    pub workers: WorkerConfig,
    /// The log.
    #[command(flatten)]
    pub log: LogConfig,
}

/// Where the service listens unless it is told otherwise.
pub const DEFAULT_LISTEN_ADDR: &str = "127.0.0.1:8005";
/// Where its data are unless it is told otherwise.
pub const DEFAULT_DATA_DIR: &str = "./data";

/// Addresses, bounds and times of HTTP.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "HTTP")]
pub struct HttpConfig {
    /// Address or name with the port to listen on (on every address that the name has), or a port alone on
    /// 127.0.0.1; port 0 takes a free one, and the log says which.
    #[arg(
        long,
        env = "LISTEN_ADDR",
        default_value = DEFAULT_LISTEN_ADDR,
        value_name = "[HOST:]PORT"
    )]
    pub listen_addr: ListenAddress,
    /// Largest body as it is sent, in bytes (16MiB, 500KB, 1048576).
    #[arg(long, env = "MAX_BODY_BYTES", default_value = "16MiB", value_name = "SIZE", value_parser = size)]
    pub max_body_bytes: usize,
    /// Largest body after decompression, in bytes.
    #[arg(long, env = "MAX_DECODED_BYTES", default_value = "64MiB", value_name = "SIZE", value_parser = size)]
    pub max_decoded_bytes: usize,
    /// Memory that all requests under way may take together, in bytes.
    #[arg(long, env = "MAX_INFLIGHT_BYTES", default_value = "256MiB", value_name = "SIZE", value_parser = size)]
    pub max_inflight_bytes: usize,
    /// Memory that all answers of searches and counts under way may take together, in bytes; at this bound new ones are refused with 503.
    #[arg(long, env = "MAX_READ_BYTES", default_value = "128MiB", value_name = "SIZE", value_parser = size)]
    pub max_read_bytes: usize,
    /// Connections at one time, as far as the limit of open files allows; at the bound a new one takes the place of the one that has been idle longest.
    #[arg(long, env = "MAX_CONNECTIONS", default_value_t = 2048, value_name = "COUNT", value_parser = count)]
    pub max_connections: usize,
    /// Answers of searches and counts (/logs/retrieve, /logs/histogram and the others) at one time; more are refused with 503.
    #[arg(long, env = "MAX_STREAMS", default_value_t = 64, value_name = "COUNT", value_parser = count)]
    pub max_streams: usize,
    /// Tails (/logs/tail) at one time; more are refused with 503.
    #[arg(long, env = "MAX_TAILS", default_value_t = 256, value_name = "COUNT", value_parser = count)]
    pub max_tails: usize,
    /// After how long a tail that has nothing to tell gives a sign of life, from 1s to 60s.
    #[arg(long, env = "TAIL_HEARTBEAT", default_value = "15s", value_name = "TIME", value_parser = time)]
    pub tail_heartbeat: Duration,
    /// From a whole request to its answer, and for each page of a long answer (10s, 500ms; a plain number is seconds).
    #[arg(long, env = "REQUEST_TIMEOUT", default_value = "10s", value_name = "TIME", value_parser = time)]
    pub request_timeout: Duration,
    /// How long records are looked for when a limit is given, and how long they are counted; what was found until then is answered.
    #[arg(long, env = "QUERY_MAX_TIME", default_value = "5s", value_name = "TIME", value_parser = time)]
    pub query_max_time: Duration,
    /// For the head of a request, and again for its body.
    #[arg(long, env = "BODY_TIMEOUT", default_value = "30s", value_name = "TIME", value_parser = time)]
    pub body_timeout: Duration,
    /// How long a reader may leave an answer lying before its connection is closed.
    #[arg(long, env = "READER_TIMEOUT", default_value = "5m", value_name = "TIME", value_parser = time)]
    pub reader_timeout: Duration,
    /// How long a stop may take until what is under way is cut off.
    #[arg(long, env = "SHUTDOWN_TIMEOUT", default_value = "20s", value_name = "TIME", value_parser = time)]
    pub shutdown_timeout: Duration,
    /// Refuse a batch to /logs/batch with 400 when there is something unusual in a record, unless ?strict= says otherwise (true, false).
    #[arg(long, env = "STRICT_BATCHES", default_value_t = false, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub strict_batches: bool,
    /// Of an earlier version: false stands for `STRICT_BATCHES=true`, true has no effect.
    #[arg(long, env = "PARTIAL_BATCHES", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub partial_batches: Option<bool>,
    /// Listen where other machines reach it, and let whoever reaches it send and read (true, false).
    #[arg(long, env = "ALLOW_ANONYMOUS", default_value_t = false, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub allow_anonymous: bool,
    /// File with the tokens that let one in, which `aggregator token new` makes; without it whoever reaches the service may send and read.
    #[arg(long, env = "TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,
    /// Names by which the service may be called in Host, beside those of this machine (logs.example,logs); none unless set.
    #[arg(
        long,
        env = "ALLOWED_HOSTS",
        value_name = "NAMES",
        value_delimiter = ','
    )]
    pub allowed_hosts: Vec<HostName>,
    /// Addresses and networks of proxies whose X-Forwarded-For tells who sent a request (10.0.0.0/8,192.168.1.5); none unless set.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<Network>,
    /// Secret of at least 16 characters behind the cursors of pages, the same for all aggregators behind one address; one of the data folder's own unless set.
    #[arg(
        long,
        env = "CURSOR_KEY",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub cursor_key: Option<String>,
    /// Name of this aggregator, which tells it from others behind one address: up to 64 letters, digits, dots, hyphens and
    /// underscores; the host's name unless set.
    #[arg(long, env = "INSTANCE", value_name = "NAME", value_parser = instance)]
    pub instance: Option<Instance>,
    /// TLS.
    #[command(flatten)]
    pub tls: TlsConfig,
}

/// How many work at once, and how many wait.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Workers")]
pub struct WorkerConfig {
    /// Workers for writes, and as many for reads.
    #[arg(long, env = "WORKERS", default_value_t = 4, value_name = "COUNT", value_parser = count)]
    pub workers: usize,
    /// Jobs that may wait for a worker of the write lane, and a quarter as many pages of answers; more pages are refused with 503.
    #[arg(long, env = "QUEUE_CAPACITY", default_value_t = 256, value_name = "COUNT", value_parser = count)]
    pub queue_capacity: usize,
}

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Log")]
pub struct LogConfig {
    /// Form of the log.
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_name = "FORM")]
    pub log_format: LogFormat,
    /// What is logged: a level, or levels by part (info,aggregator=debug,spool=debug,store=debug).
    #[arg(long, env = "RUST_LOG", default_value = "info", value_name = "FILTER")]
    pub rust_log: String,
    /// Store what the log says as well, from `info` on, as records with the attribute service=aggregator (true, false).
    #[arg(long, env = "LOG_TO_STORE", default_value_t = false, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", action = clap::ArgAction::Set)]
    pub log_to_store: bool,
}

impl HttpConfig {
    /// Memory that one request of the largest size takes, in bytes.
    fn largest_request(&self) -> usize {
        self.max_body_bytes + 3 * self.max_decoded_bytes
    }

    /// What of [`Self::max_inflight_bytes`] is for what is on its way from the spool to the store: an
    /// eighth, as far as one request of the largest size leaves it.
    pub fn kept_for_deliveries(&self) -> usize {
        let left = self
            .max_inflight_bytes
            .saturating_sub(self.largest_request());
        left.min(self.max_inflight_bytes / 8)
    }

    /// Whether a body of this size finds room as well, when it becomes the largest in a service that runs with these
    /// settings.
    pub fn has_room_for_bodies_of(&self, bytes: usize) -> bool {
        let needed = bytes + 3 * self.max_decoded_bytes + self.kept_for_deliveries();
        bytes <= self.max_body_bytes || needed <= self.max_inflight_bytes
    }
}

impl LogConfig {
    /// What a command tells of beside its answer.
    pub fn warnings() -> Self {
        Self {
            log_format: LogFormat::Text,
            rust_log: "warn".to_owned(),
            log_to_store: false,
        }
    }

    /// What is logged.
    ///
    /// # Errors
    /// When the filter's text is none.
    pub fn filter(&self) -> Result<EnvFilter, ParseError> {
        log_filter(&self.rust_log)
    }
}

/// Forms of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// A line for people.
    Text,
    /// A JSON object a line, for programs.
    Json,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    /// Other machines reach this address, and nobody said that they may.
    pub fn open_to_strangers(address: &ListenAddress) -> Self {
        Self(format!(
            "LISTEN_ADDR is {address}, where other machines reach the service, and whoever reaches it may send and read: \
             listen on 127.0.0.1:{} instead, give tokens to those who may (TOKENS_FILE), or set ALLOW_ANONYMOUS=true",
            address.port()
        ))
    }

    /// The files of TLS say nothing that can be used.
    pub fn tls_files(reason: &dyn fmt::Display) -> Self {
        Self(reason.to_string())
    }

    /// The file of tokens says nothing that can be used.
    pub fn tokens_file(file: &Path, reason: &dyn fmt::Display) -> Self {
        Self(format!(
            "TOKENS_FILE {}: {reason}; `aggregator token new` makes one",
            file.display()
        ))
    }
}

/// A name that is set to nothing is none.
fn instance(text: &str) -> Result<Instance, BadInstance> {
    match text {
        "" => Ok(Instance::of_host()),
        name => name.parse(),
    }
}

/// Which store is asked for.
#[derive(Debug, Clone)]
pub enum Backend {
    /// The embedded one.
    Embedded,
    /// MongoDB.
    MongoDb(MongoAddress),
}

impl HttpConfig {
    /// The file of tokens; one that is set to nothing is none.
    pub fn tokens_file(&self) -> Option<&Path> {
        file(self.tokens_file.as_ref())
    }

    /// The secret behind cursors; one that is set to nothing is none.
    pub fn cursor_key(&self) -> Option<&str> {
        self.cursor_key
            .as_deref()
            .filter(|secret| !secret.is_empty())
    }

    /// What this aggregator is called.
    pub fn instance(&self) -> Instance {
        self.instance.clone().unwrap_or_else(Instance::of_host)
    }

    /// Whether records are refused of which there is something to tell, unless the sender says otherwise.
    pub fn is_strict(&self) -> bool {
        self.strict_batches || self.partial_batches == Some(false)
    }
}

impl Config {
    /// Checks what no single value shows, and says which store is asked for.
    ///
    /// # Errors
    /// One sentence that names the setting.
    pub fn check(&self) -> Result<Backend, ConfigError> {
        let http = &self.http;
        let needed = http.largest_request();
        if http.max_inflight_bytes < needed {
            return Err(ConfigError(format!(
                "MAX_INFLIGHT_BYTES is {} bytes, but one request of the largest size takes {needed} \
                 (MAX_BODY_BYTES and three times MAX_DECODED_BYTES)",
                http.max_inflight_bytes
            )));
        }
        if !HEARTBEATS.contains(&http.tail_heartbeat) {
            return Err(ConfigError("TAIL_HEARTBEAT is from 1s to 60s".to_owned()));
        }
        if http.max_decoded_bytes > LARGEST_DECODED {
            let message = format!("MAX_DECODED_BYTES may be at most {LARGEST_DECODED} bytes");
            return Err(ConfigError(message));
        }
        if http.max_read_bytes < LEAST_READ {
            let message = format!("MAX_READ_BYTES must be at least {LEAST_READ} bytes");
            return Err(ConfigError(message));
        }
        if self.spool.spool_max_bytes < LEAST_SPOOL {
            let message = format!("SPOOL_MAX_BYTES must be at least {LEAST_SPOOL} bytes");
            return Err(ConfigError(message));
        }
        let secret = http.cursor_key();
        if secret.is_some_and(|secret| secret.chars().count() < LEAST_SECRET) {
            let message = format!("CURSOR_KEY must have at least {LEAST_SECRET} characters");
            return Err(ConfigError(message));
        }
        http.tls.files()?;
        if let Err(error) = self.log.filter() {
            return Err(ConfigError(format!("RUST_LOG is no filter: {error}")));
        }
        match self.store.mongodb_uri.as_deref() {
            None | Some("") => Ok(Backend::Embedded),
            // It tells what is free minutes after it has become so: until then, each look would remove more.
            Some(_) if self.retention.most_bytes().is_some() => Err(ConfigError(
                "MAX_STORE_BYTES is for the embedded store: MongoDB's is bounded by RETENTION"
                    .to_owned(),
            )),
            Some(uri) => match MongoAddress::parse(uri) {
                Ok(address) => Ok(Backend::MongoDb(address)),
                Err(error) => Err(ConfigError(error.to_string())),
            },
        }
    }
}
