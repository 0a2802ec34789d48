//! The composition root: settings to a service that listens, and its orderly end.
//!
//! Takes checked settings; opens every part, hands each what it needs, and stops them in order. It makes
//! no rule of its own, and nobody below knows it.

mod binding;
mod check;
mod chosen_store;
pub mod cursor_key;
mod data_folder;
mod descriptors;
mod emptying;
mod entrance;
mod looks;
pub mod migration;
mod new_format;
mod questionable_settings;
pub mod reload;
pub mod shutdown;
pub mod telemetry;
mod tls;
mod tokens;
mod wiring;

pub use check::check;
pub(crate) use data_folder::SPOOL_FOLDER;

use crate::app::cursor_key::CursorKeyError;
use crate::config::{Backend, Config, ConfigError};
use crate::deliver::drain::DrainTasks;
use crate::http::{self, Services, listener};
use entrance::Entrance;
use logs::clock::{Clock, SystemClock};
use reload::{Changeable, Reload};
use spool::{Committer, Spool, SpoolError};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::layout::LayoutError;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// How long a spool that failed lets its callers take their answers, and a stop that is late the
/// store close.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// For the ends of an orderly stop that are quick unless the disk stands still.
const LAST_WRITES: Duration = Duration::from_secs(2);
/// How long a stop waits for a store that does not take batches; they are safe where they are.
const DRAIN_OF_A_DEAD_STORE: Duration = Duration::from_secs(1);

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
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let backend = config.check()?;
        questionable_settings::warn(&config, &backend);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
        let (workers, wanted) = (config.workers.workers, config.http.max_connections);
        let connections = descriptors::connections(&backend, workers, wanted);
        let entrance = Entrance::of(&config, connections)?;
        // Before anything is opened: a start that fails for its port leaves nothing behind.
        let listeners = binding::bind(&config.http).await?;
        let (folder, lock) = data_folder::take(&config.store.data_dir)?;
        let cursors = cursor_key::load_or_make(&folder)?;
        let spool = wiring::find_spool(&folder)?;
        let (opened, queues) = match backend {
            Backend::Embedded => {
                let opened = chosen_store::open_embedded(&config, &folder, &clock, &spool)?;
                let below = opened.forgotten_below;
                let queues = wiring::open_queues(&config.spool, &folder, spool, below, &clock)?;
                (opened, queues)
            }
            Backend::MongoDb(address) => {
                spool.keep().map_err(SpoolError::Io)?;
                let queues = wiring::open_queues(&config.spool, &folder, spool, 0, &clock)?;
                let new_format = queues.new_format();
                let opened = chosen_store::open_mongodb(&config, address, new_format, &clock);
                (opened, queues)
            }
        };
        let (services, ends, changeable) =
            wiring::wire_up(&config, opened, queues, entrance, clock, cursors);
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
    /// are under way, the last commit of the spool, what waits in it, the store.
    ///
    /// # Errors
    /// [`SpoolFailed`], at once, when nothing can be acknowledged any more.
    pub async fn run(mut self, stop: CancellationToken, reload: Reload) -> Result<(), SpoolFailed> {
        self.ends.tasks.push(reload.start(self.changeable));
        let status = self.services.store.status();
        tracing::info!(
            store = status.kind,
            location = status.location,
            "keeping logs"
        );
        for (_, address) in &self.listeners {
            let tls = self.services.tls.as_ref().map(|_| true);
            tracing::info!(%address, tls, "listening");
        }
        let tracker = TaskTracker::new();
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
        let now = self.services.clock.elapsed();
        let deadline = now + self.shutdown_timeout;
        let last = (LAST_WRITES + LAST_WORDS).min(self.shutdown_timeout / 8);
        let stop = Stop {
            clock: Arc::clone(&self.services.clock),
            end_of_requests: now + self.shutdown_timeout / 4 * 3,
            end_of_drain: deadline.saturating_sub(last),
            end_of_lanes: deadline.saturating_sub(last / 3),
            deadline,
        };
        stop.in_order(self.services, self.ends, serving, &tracker)
            .await;
        Ok(())
    }
}

/// An orderly stop.
struct Stop {
    clock: Arc<dyn Clock>,
    /// When requests that are still under way are cut off: after three quarters of the time, so that
    /// the drain has the rest however long they take.
    end_of_requests: Duration,
    /// When what is not delivered stays in the spool.
    end_of_drain: Duration,
    /// When jobs that nobody waits for any more are left to themselves, and the store closes.
    end_of_lanes: Duration,
    /// When it is over.
    deadline: Duration,
}

impl Stop {
    async fn in_order(
        &self,
        services: Arc<Services>,
        ends: Ends,
        serving: Vec<JoinHandle<()>>,
        tracker: &TaskTracker,
    ) {
        let for_requests = self.until(self.end_of_requests);
        let cut_off = tokio::time::timeout(for_requests, tracker.wait())
            .await
            .is_err();
        if cut_off {
            tracing::warn!(
                connections = tracker.len(),
                "three quarters of SHUTDOWN_TIMEOUT are over: requests that are still under way are cut off; none of them was acknowledged"
            );
        }
        let committed = tokio::task::spawn_blocking(|| ends.committer.close());
        let committed = tokio::time::timeout(LAST_WRITES, committed).await;
        let committed = matches!(committed, Ok(Ok(true)));
        let patience = match services.drain.store_is_away() {
            true => self.until(self.end_of_drain).min(DRAIN_OF_A_DEAD_STORE),
            false => self.until(self.end_of_drain),
        };
        ends.drain.finish(patience).await;
        let (store, spool) = (Arc::clone(&services.store), services.intake.spool().clone());
        drop(services);
        let lanes = async {
            for ended in serving.into_iter().chain(ends.lanes) {
                if let Err(error) = ended.await {
                    tracing::error!(%error, "a part of the service ended badly");
                }
            }
        };
        if !cut_off {
            // They end with the last of those who use them.
            drop(tokio::time::timeout(self.until(self.end_of_lanes), lanes).await);
        }
        if tokio::time::timeout(self.until(self.deadline), store.close())
            .await
            .is_err()
        {
            tracing::warn!("the store did not close in time; nothing depends on that");
        }
        leave(spool, committed).await;
    }

    fn until(&self, time: Duration) -> Duration {
        time.saturating_sub(self.clock.elapsed())
    }
}

/// Marks the stop as an orderly one, and says what is left.
async fn leave(spool: Spool, committed: bool) {
    let snapshot = spool.snapshot();
    if committed {
        match tokio::task::spawn_blocking(move || spool.mark_clean()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the orderly stop could not be marked"),
            Err(error) => tracing::error!(%error, "marking the orderly stop panicked"),
        }
    }
    let (batches, records) = (snapshot.batches, snapshot.records);
    if records == 0 && batches == 0 {
        tracing::info!("stopped; everything that was accepted is stored");
    } else {
        tracing::warn!(
            batches,
            records,
            "stopped; what is left waits in the spool and is stored after the next start"
        );
    }
}
