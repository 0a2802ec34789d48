//! A service under load, with a network between it and MongoDB that can be broken, and what the
//! service holds before and after.

use std::time::Duration;

use crate::support::load::Load;
use crate::support::mongod;
use crate::support::proxy::{Fault, Proxy};
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::wait_until;

/// For what takes seconds on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The deadline of a write in these tests.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// How many more connections the service may have after a fault than before. The pool keeps what a
/// fault has made it open, up to its bound of eight (four workers, and four to spare); before the
/// fault at least two of these were open. That no connection of the pool is stuck is seen by writes
/// that flow.
const MORE_CONNECTIONS: usize = 6;
/// How many more threads, and descriptors: those that are busy with the disk come and go.
const MORE: usize = 8;

/// What a process holds, and would hold more of if it leaked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Footprint {
    /// To MongoDB, counted by the proxy.
    connections: usize,
    threads: usize,
    /// Open files and sockets.
    descriptors: usize,
}

/// One test's service and network.
pub(super) struct Scene {
    proxy: Proxy,
    pub(super) load: Load,
}

impl Scene {
    /// Starts both, and waits until records are being stored.
    pub(super) async fn start(name: &str) -> Self {
        Self::with_timeout(name, WRITE_TIMEOUT).await
    }

    /// The same with a deadline that no write on a working network comes near.
    pub(super) async fn start_patient(name: &str) -> Self {
        Self::with_timeout(name, PATIENCE).await
    }

    async fn with_timeout(name: &str, timeout: Duration) -> Self {
        let proxy = Proxy::before(mongod::shared().await.port()).await;
        let database = database(&name.replace(' ', "_"));
        let settings = Service::builder().mongodb(&proxy.uri(), &database);
        let settings = settings.env("REQUEST_TIMEOUT", format!("{}ms", timeout.as_millis()));
        Self {
            load: Load::start(name, settings).await,
            proxy,
        }
    }

    /// The network breaks.
    pub(super) async fn strike(&self, fault: Fault) {
        self.load.mark().await;
        self.proxy.set(fault);
    }

    /// The network works again.
    pub(super) async fn lift(&self) {
        assert!(self.proxy.struck() > 0, "the fault has struck nothing");
        self.load.mark().await;
        self.proxy.set(Fault::None);
    }

    /// What the service holds now.
    pub(super) fn footprint(&self) -> Footprint {
        footprint(self.load.service(), &self.proxy)
    }

    /// Ends the load: everything acknowledged is stored once, and the service holds no more than it
    /// did.
    pub(super) async fn end(self, before: Footprint) {
        let service = self.load.everything_is_stored_once().await;
        let mut now = footprint(&service, &self.proxy);
        println!("before the fault {before:?}, at its end {now:?}");
        wait_until("no more to be held than before", PATIENCE, async || {
            now = footprint(&service, &self.proxy);
            now.connections <= before.connections + MORE_CONNECTIONS
                && now.threads <= before.threads + MORE
                && now.descriptors <= before.descriptors + MORE
        })
        .await;
    }
}

fn footprint(service: &Service, proxy: &Proxy) -> Footprint {
    let path = format!("/proc/{}/fd", service.pid());
    Footprint {
        connections: proxy.live(),
        threads: usize::try_from(service.threads()).expect("a small number"),
        descriptors: std::fs::read_dir(path).expect("a running process").count(),
    }
}
