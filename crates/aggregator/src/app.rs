//! The composition root: settings to a service that listens, and its orderly end.

use crate::admission::Admission;
use crate::breaker::{Breaker, Settings};
use crate::clock::{Clock, SystemClock};
use crate::config::{Backend, Compression, Config, ConfigError, StoreConfig};
use crate::http::listener::{self, Connections};
use crate::http::{self, Limits, Services};
use crate::intake::Intake;
use crate::retrieval::Retrieval;
use crate::store::Store;
use crate::store::guard::Guard;
use crate::store::mongo::{MongoAddress, MongoStore, Target};
use crate::store::sqlite::{SchemaError, SqliteStore};
use std::fs::{self, File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections of one MongoDB client beyond one for each worker: probes, and operations that
/// nobody waits for any more.
const SPARE_CONNECTIONS: usize = 4;

/// Why the service could not start: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data folder cannot be used.
    #[error("cannot use the data folder {folder}: {source}")]
    DataFolder {
        /// The folder.
        folder: String,
        /// The system's reason.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the data folder {0} is in use by another aggregator")]
    Locked(String),
    /// The embedded store cannot be opened.
    #[error(transparent)]
    Store(#[from] SchemaError),
    /// Nobody can listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's reason.
        source: io::Error,
    },
}

/// A service that is ready to run: everything is open and the port is bound.
pub struct App {
    listener: TcpListener,
    address: SocketAddr,
    services: Arc<Services>,
    lanes: [JoinHandle<()>; 2],
    shutdown_timeout: Duration,
    /// Held as long as the service lives.
    _lock: Option<File>,
}

impl App {
    /// Opens the store, starts the lanes and binds the port.
    ///
    /// # Errors
    /// [`StartError`], a sentence that says what to change.
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let backend = config.check()?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        // Before the store is opened: a start that fails for its port leaves nothing behind.
        let (listener, address) = bind(config.http.listen_addr).await?;
        let (store, lock) = open_store(&config, backend, &clock)?;
        let (services, lanes) = wire_up(&config, store, clock);
        Ok(Self {
            listener,
            address,
            services,
            lanes,
            shutdown_timeout: config.http.shutdown_timeout,
            _lock: lock,
        })
    }

    /// The address that is listened on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled, and then ends in order: no new connections, requests that
    /// are under way, batches that were taken, the store.
    pub async fn run(self, stop: CancellationToken) {
        let status = self.services.store.status();
        tracing::info!(
            store = status.kind,
            location = status.location,
            "keeping logs"
        );
        tracing::info!(address = %self.address, "listening");
        let tracker = TaskTracker::new();
        let router = http::router(Arc::clone(&self.services));
        let connections = Arc::clone(&self.services.connections);
        let stopping = self.services.stopping.clone();
        let serving = listener::serve(
            self.listener,
            router,
            connections,
            stopping.clone(),
            tracker.clone(),
        );
        let serving = tokio::spawn(serving);
        stop.cancelled().await;
        stopping.cancel();
        tracker.close();
        let finish = async {
            // The router and the services go with the last connection, and with them the lanes.
            tracker.wait().await;
            finish(self.services, self.lanes, serving).await;
        };
        let ended = tokio::time::timeout(self.shutdown_timeout, finish).await;
        if ended.is_ok() {
            tracing::info!("stopped; everything that was accepted is stored");
        } else {
            tracing::warn!(
                connections = tracker.len(),
                "SHUTDOWN_TIMEOUT is over: what is still under way is cut off; none of it was acknowledged"
            );
        }
    }
}

async fn finish(services: Arc<Services>, lanes: [JoinHandle<()>; 2], serving: JoinHandle<()>) {
    let ended = serving.await;
    let store = Arc::clone(&services.store);
    drop(services);
    for lane in lanes {
        if let Err(error) = lane.await {
            tracing::error!(%error, "a lane ended badly");
        }
    }
    store.close().await;
    if let Err(error) = ended {
        tracing::error!(%error, "the accept loop ended badly");
    }
}

async fn bind(wanted: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen {
        address: wanted,
        source,
    };
    let listener = TcpListener::bind(wanted).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn open_store(
    config: &Config,
    backend: Backend,
    clock: &Arc<dyn Clock>,
) -> Result<(Arc<dyn Store>, Option<File>), StartError> {
    match backend {
        Backend::Embedded => {
            let lock = lock_folder(&config.store.data_dir)?;
            // In full, so that the log says where the data is whatever the working folder was.
            let folder = std::path::absolute(&config.store.data_dir)
                .unwrap_or_else(|_| config.store.data_dir.clone());
            let store = SqliteStore::open(&folder, Arc::clone(clock))?;
            Ok((Arc::new(store), Some(lock)))
        }
        Backend::MongoDb(address) => {
            let target = target(&config.store, address, config.workers.workers);
            Ok((Arc::new(MongoStore::start(target, Arc::clone(clock))), None))
        }
    }
}

fn target(config: &StoreConfig, address: MongoAddress, workers: usize) -> Target {
    let compression = match config.mongodb_compression {
        Compression::Default => None,
        Compression::Snappy => Some("snappy".to_owned()),
        Compression::Zstd => Some("zstd".to_owned()),
    };
    Target {
        address,
        database: config.mongodb_database.clone(),
        collection: config.mongodb_collection.clone(),
        compression,
        max_connections: u32::try_from(workers + SPARE_CONNECTIONS).unwrap_or(u32::MAX),
    }
}

/// Makes the folder and takes it for this process alone.
fn lock_folder(folder: &Path) -> Result<File, StartError> {
    let shown = || folder.display().to_string();
    let failed = |source| StartError::DataFolder {
        folder: shown(),
        source,
    };
    fs::create_dir_all(folder).map_err(failed)?;
    let lock = File::create(folder.join("lock")).map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StartError::Locked(shown())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn wire_up(
    config: &Config,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
) -> (Arc<Services>, [JoinHandle<()>; 2]) {
    let (http, workers) = (&config.http, config.workers.workers);
    let deadline = http.request_timeout;
    let guard = |settings| {
        let breaker = Arc::new(Breaker::new(settings, rand::random()));
        Guard::new(breaker, Arc::clone(&clock))
    };
    let (intake, writes) = Intake::start(
        Arc::clone(&store),
        guard(Settings::write_lane(deadline)),
        Arc::clone(&clock),
        config.workers.queue_capacity,
        workers,
    );
    let (retrieval, reads) = Retrieval::start(
        Arc::clone(&store),
        guard(Settings::read_lane(deadline)),
        Arc::clone(&clock),
        (config.workers.queue_capacity.div_ceil(4), workers),
        deadline,
        http.max_streams,
    );
    let connections =
        Connections::new(http.max_connections, http.body_timeout, http.reader_timeout);
    let services = Services {
        clock,
        store,
        intake,
        retrieval: Arc::new(retrieval),
        admission: Admission::new(http.max_inflight_bytes),
        limits: Limits {
            body_bytes: http.max_body_bytes,
            decoded_bytes: http.max_decoded_bytes,
            request_timeout: http.request_timeout,
            body_timeout: http.body_timeout,
            partial_batches: http.partial_batches,
        },
        connections: Arc::new(connections),
        stopping: CancellationToken::new(),
    };
    (Arc::new(services), [writes, reads])
}
