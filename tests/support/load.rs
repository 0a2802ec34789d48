//! A service under load while something happens to it: how long until what, and whether everything
//! acknowledged is stored, once each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::process::lock;
use super::service::{Builder, Service};
use super::traffic::{Senders, stored};
use super::wait_until;

/// For what takes seconds on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(60);
const SENDERS: usize = 4;

/// A service, and senders that never give up a batch.
pub(crate) struct Load {
    service: Arc<Service>,
    senders: Senders,
    state: Mutex<State>,
    seen: ToldOnFailure,
}

/// The senders hold the service too, and outlive the test: what it said is printed here.
struct ToldOnFailure {
    service: Arc<Service>,
    /// What `/health` said last.
    health: Mutex<Value>,
}

impl Drop for ToldOnFailure {
    fn drop(&mut self) {
        self.service.tell_if_failed();
        if std::thread::panicking() {
            println!("/health said last: {}", lock(&self.health));
        }
    }
}

/// How things stood when something happened.
struct State {
    name: String,
    at: Instant,
    opened: u64,
}

impl Load {
    /// Starts both, and waits until records are being stored. What is printed bears the name.
    pub(crate) async fn start(name: &str, settings: Builder) -> Self {
        let service = Arc::new(settings.start().await);
        let load = Self {
            senders: Senders::start(&service, SENDERS),
            seen: ToldOnFailure {
                service: Arc::clone(&service),
                health: Mutex::default(),
            },
            service,
            state: Mutex::new(State {
                name: name.to_owned(),
                at: Instant::now(),
                opened: 0,
            }),
        };
        load.batches_are_taken().await;
        load.writes_flow_within(PATIENCE).await;
        load
    }

    /// The service.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// From here on it is measured: something is about to happen.
    pub(crate) async fn mark(&self) {
        let opened = self.opened().await;
        let mut state = lock(&self.state);
        (state.at, state.opened) = (Instant::now(), opened);
    }

    /// The same, and what is printed bears another name.
    pub(crate) async fn mark_as(&self, name: &str) {
        name.clone_into(&mut lock(&self.state).name);
        self.mark().await;
    }

    /// How often the breaker of writes has opened.
    pub(crate) async fn opened(&self) -> u64 {
        self.number("/breakers/write/opened").await
    }

    /// A number that `/health` tells.
    pub(crate) async fn number(&self, pointer: &str) -> u64 {
        number(&self.health().await, pointer)
    }

    async fn health(&self) -> Value {
        let health = self.service.health().await;
        lock(&self.seen.health).clone_from(&health);
        health
    }

    /// Waits until the breaker of writes opens after the mark, and no longer than this.
    pub(crate) async fn breaker_opens_within(&self, bound: Duration) {
        let before = lock(&self.state).opened;
        let what = "the breaker of writes to open";
        wait_until(what, bound, async || self.opened().await > before).await;
        self.say("the breaker opened");
    }

    /// Waits until some more batches are acknowledged.
    pub(crate) async fn batches_are_taken(&self) {
        self.senders.wait_for_more(20).await;
    }

    /// The same, and `/health` tells of the fault with a status that keeps the service in use.
    pub(crate) async fn batches_are_taken_while_degraded(&self) {
        self.batches_are_taken().await;
        let health = self.service.get("/health").await;
        assert_eq!(health.status, 200, "{}", health.text());
        assert_eq!(health.json()["status"], "degraded", "{}", health.text());
        assert!(health.json()["problem"].is_string(), "{}", health.text());
    }

    /// Waits until a record that was accepted after this call is stored, and no longer than this.
    pub(crate) async fn writes_flow_within(&self, bound: Duration) {
        let accepted = self.number("/records/received").await;
        let what = "a record accepted from now on to be stored";
        wait_until(what, bound, async || {
            let health = self.health().await;
            // Everything that was accepted before is stored, and a record after it.
            let waiting = number(&health, "/records/waiting");
            number(&health, "/records/received") > accepted + waiting
        })
        .await;
        self.say("writes flow again");
    }

    /// Waits until `/health` has nothing to complain of.
    pub(crate) async fn all_is_well(&self) {
        wait_until("/health to say ok", PATIENCE, async || {
            let health = self.health().await;
            health["status"] == "ok" && health["breakers"]["write"]["state"] == "closed"
        })
        .await;
        self.say("all is well");
    }

    /// Ends the load, and compares what was acknowledged with what is stored: nothing lost, nothing
    /// doubled. Gives the service back.
    pub(crate) async fn everything_is_stored_once(self) -> Arc<Service> {
        let expected = self.senders.finish().await;
        let stored = stored(&self.service).await;
        assert_eq!(stored.len(), expected.len(), "lost, or never sent");
        assert_eq!(stored, expected);
        self.service
    }

    /// Prints how long ago the mark was.
    fn say(&self, what: &str) {
        let state = lock(&self.state);
        let millis = state.at.elapsed().as_millis();
        println!("{}: {what} after {millis} ms", state.name);
    }
}

/// A number in what `/health` tells.
pub(crate) fn number(health: &Value, pointer: &str) -> u64 {
    let found = health.pointer(pointer).and_then(Value::as_u64);
    found.unwrap_or_else(|| panic!("no {pointer} in {health}"))
}
