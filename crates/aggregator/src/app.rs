//! The composition root: settings to a service that listens, and its orderly end.
//!
//! Takes checked settings; opens every part, hands each what it needs, and stops them in order. It makes
//! no rule of its own, and nobody below knows it.

pub mod backup;
mod binding;
mod check;
mod chosen_store;
pub mod cursor_key;
mod data_folder;
mod deleting;
mod descriptors;
mod emptying;
mod entrance;
mod looks;
pub mod migration;
mod new_format;
mod own_log;
mod questionable_settings;
pub mod reload;
mod removal;
pub mod shutdown;
mod steps;
mod stop;
pub mod telemetry;
mod tls;
mod tokens;
mod wiring;

pub use check::check;
pub(crate) use data_folder::{SPOOL_FOLDER, check_restored};

use crate::app::cursor_key::CursorKeyError;
use crate::config::{Backend, Config, ConfigError, LogFilter};
use crate::deliver::drain::DrainTasks;
use crate::http::{self, Services, listener};
use entrance::Entrance;
use logs::clock::{Clock, SystemClock};
use own_log::OwnLog;
use reload::{Changeable, Reload};
use spool::{Committer, Spool, SpoolError};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use steps::Steps;
use stop::Stop;
use store::layout::{LayoutError, Opened};
use telemetry::Unstored;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// How long a spool that failed lets its callers take their answers, and a stop that is late the
/// store close.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
    /// A backup is not all in it.
    #[error(
        "a backup was to be put into the data folder {0}, and not all of it is there: empty the folder, and restore it again"
    )]
    Unrestored(String),
    /// Another process has it.
    #[error("the data folder {0} is in use by another aggregator")]
    Locked(String),
    /// The embedded store cannot be opened.
    #[error(transparent)]
    Store(#[from] LayoutError),
    /// The spool cannot be opened.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The secret of cursors cannot be read.
    #[error(transparent)]
    CursorKey(#[from] CursorKeyError),
    /// Nobody can listen there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address, or the name.
        address: String,
        /// The system's reason.
        source: io::Error,
    },
}

impl StartError {
    fn data_folder(folder: &Path, source: io::Error) -> Self {
        Self::DataFolder {
            folder: folder.display().to_string(),
            source,
        }
    }
}

/// The spool cannot be written any more; what was acknowledged is safe in it. The next start goes on.
#[derive(Debug, thiserror::Error)]
#[error("the spool failed, and the process has to start again: {0}")]
pub struct SpoolFailed(String);

/// A service that is ready to run: everything is open and the port is bound.
pub struct App {
    /// With the address of each.
    listeners: Vec<(TcpListener, SocketAddr)>,
    services: Arc<Services>,
    ends: Ends,
    shutdown_timeout: Duration,
    changeable: Changeable,
    /// Held as long as the service lives.
    _lock: File,
}

/// What an orderly stop waits for.
struct Ends {
    committer: Committer,
    drain: DrainTasks,
    lanes: [JoinHandle<()>; 2],
    /// What goes on beside all this, until the drain has ended.
    tasks: Vec<AbortOnDropHandle<()>>,
}

impl App {
    /// Opens store and spool, starts the lanes and binds the port.
    ///
    /// # Errors
    /// [`StartError`], a sentence that says what to change.
    pub async fn build(config: Config, log: LogFilter) -> Result<Self, StartError> {
        let backend = config.check()?;
        questionable_settings::warn(&config, &backend);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let (workers, wanted) = (config.workers.workers, config.http.max_connections);
        let connections = descriptors::connections(&backend, workers, wanted);
        let entrance = Entrance::of(&config, connections)?;
        // Before anything is opened: a start that fails for its port leaves nothing behind.
        let listeners = binding::bind(&config.http).await?;
        let (folder, lock) = data_folder::take(&config.store.data_dir)?;
        let instance = config.http.instance();
        tracing::info!(version = env!("CARGO_PKG_VERSION"), %instance, data_dir = %folder.display(), "starting");
        let mut steps = Steps::begin(Arc::clone(&clock));
        let cursors = cursor_key::of(config.http.cursor_key(), &folder)?;
        let spool = wiring::find_spool(&folder)?;
        let (opened, queues) = match backend {
            Backend::Embedded => {
                let opened = chosen_store::open_embedded(&config, &folder, &clock, &spool)?;
                tell_store(&opened, &mut steps);
                let below = opened.forgotten_below;
                let queues = wiring::open_queues(&config.spool, &folder, spool, below, &clock)?;
                tell_spool(&queues.spool, &mut steps);
                (opened, queues)
            }
            Backend::MongoDb(address) => {
                spool.keep().map_err(SpoolError::Io)?;
                let queues = wiring::open_queues(&config.spool, &folder, spool, 0, &clock)?;
                tell_spool(&queues.spool, &mut steps);
                let new_format = queues.new_format();
                let opened = chosen_store::open_mongodb(&config, address, new_format, &clock);
                tell_store(&opened, &mut steps);
                (opened, queues)
            }
        };
        let (services, ends, changeable) = wiring::wire_up(
            (&config, &folder),
            opened,
            queues,
            (entrance, log),
            clock,
            cursors,
            instance,
        );
        Ok(Self {
            listeners,
            services,
            ends,
            shutdown_timeout: config.http.shutdown_timeout,
            changeable,
            _lock: lock,
        })
    }

    /// Serves until `stop` is cancelled, reads its settings anew whenever `reload` is asked to, and then ends in order: no new connections, requests that
    /// are under way, the last commit of the spool, what waits in it, the store. Lines of its own log that are to be
    /// stored are `unstored`.
    ///
    /// # Errors
    /// [`SpoolFailed`], at once, when nothing can be acknowledged any more.
    pub async fn run(
        mut self,
        stop: CancellationToken,
        reload: Reload,
        unstored: Option<Unstored>,
    ) -> Result<(), SpoolFailed> {
        self.ends.tasks.push(reload.start(self.changeable));
        for (_, address) in &self.listeners {
            let tls = self.services.tls.as_ref().map(|_| true);
            tracing::info!(%address, tls, "listening");
        }
        let tracker = TaskTracker::new();
        let own_log = unstored.map(|lines| OwnLog::start(lines, Arc::clone(&self.services)));
        let serving = {
            // It holds the services: what is left of it here would keep the spool open beyond the end.
            let router = http::router(Arc::clone(&self.services));
            let serve = |(listener, _)| {
                tokio::spawn(listener::serve(
                    listener,
                    router.clone(),
                    Arc::clone(&self.services.connections),
                    self.services.tls.clone(),
                    Arc::clone(&self.services.clock),
                    self.services.stopping.clone(),
                    tracker.clone(),
                ))
            };
            self.listeners.into_iter().map(serve).collect()
        };
        let stopping = self.services.stopping.clone();
        let spool = self.services.intake.spool().clone();
        let failed = tokio::select! {
            () = stop.cancelled() => None,
            reason = spool.poisoned() => Some(reason),
        };
        stopping.cancel();
        tracker.close();
        if let Some(reason) = failed {
            // Whether they take their answers or not, nothing of them was acknowledged.
            drop(tokio::time::timeout(LAST_WORDS, tracker.wait()).await);
            return Err(SpoolFailed(reason));
        }
        let clock = Arc::clone(&self.services.clock);
        let stop = Stop::within(self.shutdown_timeout, clock);
        stop.in_order(self.services, self.ends, serving, (&tracker, own_log))
            .await;
        Ok(())
    }
}

fn tell_store(opened: &Opened, steps: &mut Steps) {
    let status = opened.store.status();
    tracing::info!(
        store = status.kind,
        location = status.location,
        took_ms = steps.took_ms(),
        "keeping logs"
    );
}

fn tell_spool(spool: &Spool, steps: &mut Steps) {
    let waiting = spool.snapshot();
    tracing::info!(
        batches = waiting.batches,
        records = waiting.records,
        took_ms = steps.took_ms(),
        "the spool is read: what is in it waits for the store"
    );
}
