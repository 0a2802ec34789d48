//! The service under load, with a network between it and MongoDB that can be broken.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::support::mongod;
use crate::support::process::lock;
use crate::support::proxy::{Fault, Proxy};
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::traffic::{Senders, stored};
use crate::support::wait_until;

/// For what takes seconds on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(60);
/// The deadline of a write in these tests.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(2);
/// How many more connections the service may have after a fault than before: before it, not every
/// worker had one of its own.
const MORE_CONNECTIONS: usize = 4;
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

/// One test's service, proxy and senders.
pub(super) struct Scene {
    name: String,
    proxy: Proxy,
    service: Arc<Service>,
    senders: Mutex<Option<Arc<Senders>>>,
    /// When the fault began, or ended.
    turned: Mutex<Instant>,
    /// How often the breaker had opened before the fault.
    opened_before: AtomicU64,
}

impl Scene {
    /// Starts all of it, and waits until it is under load.
    pub(super) async fn start(name: &str) -> Self {
        Self::with_timeout(name, WRITE_TIMEOUT).await
    }

    /// The same with a deadline that no write on a working network comes near.
    pub(super) async fn start_patient(name: &str) -> Self {
        Self::with_timeout(name, PATIENCE).await
    }

    async fn with_timeout(name: &str, timeout: Duration) -> Self {
        let proxy = Proxy::before(mongod::shared().await.port()).await;
        let settings = Service::builder().mongodb(&proxy.uri(), &database(name));
        let timeout = format!("{}ms", timeout.as_millis());
        let service = Arc::new(settings.env("REQUEST_TIMEOUT", timeout).start().await);
        let senders = Senders::start(&service, 4);
        let scene = Self {
            name: name.to_owned(),
            proxy,
            service,
            senders: Mutex::new(Some(Arc::new(senders))),
            turned: Mutex::new(Instant::now()),
            opened_before: AtomicU64::new(0),
        };
        scene.batches_are_taken().await;
        scene.writes_flow_within(PATIENCE).await;
        scene
    }

    /// The network breaks.
    pub(super) async fn strike(&self, fault: Fault) {
        self.opened_before
            .store(self.opened().await, Ordering::Relaxed);
        *lock(&self.turned) = Instant::now();
        self.proxy.set(fault);
    }

    /// The network works again.
    pub(super) fn lift(&self) {
        assert!(self.proxy.struck() > 0, "the fault has struck nothing");
        *lock(&self.turned) = Instant::now();
        self.proxy.set(Fault::None);
    }

    /// How often the breaker of the write lane has opened.
    pub(super) async fn opened(&self) -> u64 {
        number(&self.service.health().await, "/breakers/write/opened")
    }

    /// Records that were there already when they were sent.
    pub(super) async fn already_stored(&self) -> u64 {
        number(&self.service.health().await, "/records/alreadyStored")
    }

    /// Waits for the breaker, and no longer than this since the fault began.
    pub(super) async fn breaker_opens_within(&self, bound: Duration) {
        let what = "the breaker of writes to open";
        let before = self.opened_before.load(Ordering::Relaxed);
        wait_until(what, bound, async || self.opened().await > before).await;
        self.say("the breaker opened");
    }

    /// Waits until some more batches are acknowledged.
    pub(super) async fn batches_are_taken(&self) {
        self.senders().wait_for_more(20).await;
    }

    /// The same, and `/health` tells of the fault with a status that keeps the service in use.
    pub(super) async fn batches_are_taken_while_degraded(&self) {
        self.batches_are_taken().await;
        let health = self.service.get("/health").await;
        assert_eq!(health.status, 200, "{}", health.text());
        assert_eq!(health.json()["status"], "degraded", "{}", health.text());
        assert!(health.json()["problem"].is_string(), "{}", health.text());
    }

    /// Waits until the store has more records than now, and no longer than this.
    pub(super) async fn writes_flow_within(&self, bound: Duration) {
        let in_store = async || {
            let health = self.service.health().await;
            number(&health, "/records/stored") + number(&health, "/records/alreadyStored")
        };
        let before = in_store().await;
        let what = "the store to take writes again";
        wait_until(what, bound, async || in_store().await > before).await;
        self.say("writes flowed");
    }

    /// Waits until `/health` has nothing to complain of.
    pub(super) async fn all_is_well(&self) {
        wait_until("/health to say ok", PATIENCE, async || {
            let health = self.service.health().await;
            health["status"] == "ok" && health["breakers"]["write"]["state"] == "closed"
        })
        .await;
        self.say("all was well");
    }

    /// Ends the load, and compares what was acknowledged with what is stored.
    pub(super) async fn everything_is_stored_once(&self) {
        let senders = lock(&self.senders).take().expect("called once");
        let senders = Arc::into_inner(senders).expect("nobody else has them");
        let expected = senders.finish().await;
        assert_eq!(stored(&self.service).await, expected);
    }

    /// What the service holds now.
    pub(super) fn footprint(&self) -> Footprint {
        let path = format!("/proc/{}/fd", self.service.pid());
        Footprint {
            connections: self.proxy.live(),
            threads: usize::try_from(self.service.threads()).expect("a small number"),
            descriptors: std::fs::read_dir(path).expect("a running process").count(),
        }
    }

    /// Waits until the service holds no more than it did.
    pub(super) async fn footprint_is_again(&self, before: Footprint) {
        let mut now = self.footprint();
        println!(
            "{}: before the fault {before:?}, at once {now:?}",
            self.name
        );
        wait_until("no more to be held than before", PATIENCE, async || {
            now = self.footprint();
            now.connections <= before.connections + MORE_CONNECTIONS
                && now.threads <= before.threads + MORE
                && now.descriptors <= before.descriptors + MORE
        })
        .await;
    }

    fn senders(&self) -> Arc<Senders> {
        Arc::clone(lock(&self.senders).as_ref().expect("still under load"))
    }

    fn say(&self, what: &str) {
        let millis = lock(&self.turned).elapsed().as_millis();
        println!("{}: {what} after {millis} ms", self.name);
    }
}

fn number(health: &Value, pointer: &str) -> u64 {
    let found = health.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("no {pointer} in {health}"))
}
