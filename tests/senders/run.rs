//! What every sender goes through: all is well, MongoDB is away, answers are lost, the service is killed.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use crate::network::{Network, Way};
use crate::outcome::{self, Outcome};
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::traffic::{drained, found};
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);

/// All that is sent.
pub(crate) const RECORDS: usize = 1000;
/// Sent while all is well.
pub(crate) const ALL_WELL: Range<usize> = 0..200;
/// Sent while MongoDB is away: the service takes it.
pub(crate) const STORE_AWAY: Range<usize> = 200..400;
/// Sent while answers are lost, then the service is killed: it was taken, and its sender does not know.
pub(crate) const ANSWERS_LOST: Range<usize> = 400..600;
/// Sent while the service is away.
pub(crate) const SERVICE_AWAY: Range<usize> = 600..800;
/// Sent when it is back.
pub(crate) const BACK: Range<usize> = 800..RECORDS;

/// A sender under test.
pub(crate) trait Sender {
    /// Hands it lines that it is to send, one a record.
    fn log(&mut self, lines: &str);

    /// Does what its supervisor does, again and again.
    fn tend(&mut self) {}

    /// What it has said so far.
    fn said(&self) -> String;

    /// Waits until it has ended in order, as it does when the program that it is part of ends.
    async fn end(&mut self);
}

/// A sender, and the service that it sends to.
pub(crate) struct Run<S> {
    // The sender goes first, so that its last words are not about the others.
    sender: S,
    network: Network,
    service: Service,
    mongod: Mongod,
}

impl<S: Sender> Run<S> {
    /// Starts all of them.
    pub(crate) async fn start(sender: impl FnOnce(SocketAddr) -> S) -> Self {
        let mongod = Mongod::start().await;
        let service = Service::builder()
            .mongodb(&mongod.uri(), "logdb")
            .start()
            .await;
        let network = Network::start(Way::To(service.address())).await;
        Self {
            sender: sender(network.address()),
            network,
            service,
            mongod,
        }
    }

    /// A sender that sends again until it is told that a record is taken: nothing is lost.
    pub(crate) async fn through_all(mut self) -> Outcome {
        self.all_well().await;
        self.store_away().await;
        self.answers_lost_then_killed().await;
        self.log(SERVICE_AWAY);
        self.turned_away().await;
        self.started_again().await;
        self.found(SERVICE_AWAY.end).await;
        self.log(BACK);
        self.found(RECORDS).await;
        // Also what had no answer has come again by now: a sender that is ended may drop what it is yet to send again.
        self.counted(
            "received",
            ANSWERS_LOST.len() + SERVICE_AWAY.len() + BACK.len(),
        )
        .await;
        self.ended().await
    }

    pub(crate) async fn all_well(&mut self) {
        self.log(ALL_WELL);
        self.found(ALL_WELL.end).await;
    }

    /// MongoDB is away until the service has taken all that was sent meanwhile.
    pub(crate) async fn store_away(&mut self) {
        self.mongod.kill();
        self.log(STORE_AWAY);
        self.counted("waiting", STORE_AWAY.len()).await;
        self.mongod.restart().await;
        self.found(STORE_AWAY.end).await;
    }

    /// The service has taken as many records as were sent (some senders send the same ones again and again), and
    /// is killed before it has told so.
    pub(crate) async fn answers_lost_then_killed(&mut self) {
        let before = self.count("received").await;
        self.network.go(Way::WithoutAnswers(self.service.address()));
        self.log(ANSWERS_LOST);
        self.counted("received", before + ANSWERS_LOST.len()).await;
        self.until("an answer to be lost", async |run| {
            run.network.lost_answers() > 0
        })
        .await;
        self.killed();
    }

    /// The service is killed; connections are closed at once.
    pub(crate) fn killed(&mut self) {
        self.network.go(Way::Closed);
        self.service.kill();
    }

    /// Waits until the sender has learnt that the service is away.
    pub(crate) async fn turned_away(&mut self) {
        let before = self.network.closed();
        self.closed(before + 1).await;
    }

    /// Waits until so many connections were closed at once.
    pub(crate) async fn closed(&mut self, count: usize) {
        self.until("connections to be closed", async |run| {
            run.network.closed() >= count
        })
        .await;
    }

    /// Nothing listens any more where the service was.
    pub(crate) async fn refused(&mut self) {
        self.network.refuse().await;
    }

    /// The service is started again; until it listens, connections are refused.
    pub(crate) async fn started_again(&mut self) {
        self.refused().await;
        self.service.restart().await;
        self.network.accept(Way::To(self.service.address())).await;
    }

    /// Hands the sender these records.
    pub(crate) fn log(&mut self, records: Range<usize>) {
        let lines: String = records.map(|number| outcome::line(number) + "\n").collect();
        self.sender.log(&lines);
    }

    /// Waits until so many different records are found.
    pub(crate) async fn found(&mut self, count: usize) {
        self.until(&format!("{count} records to be found"), async |run| {
            run.service.health().await["store"]["available"] == true
                && outcome::different(&found(&run.service, "").await) >= count
        })
        .await;
    }

    /// Waits until the sender has said that it gave up each of these.
    pub(crate) async fn gave_up(&mut self, records: Range<usize>) {
        self.until("records to be given up", async |run| {
            let gave_up = outcome::given_up(&run.sender.said());
            records.clone().all(|record| gave_up.contains(&record))
        })
        .await;
    }

    /// Waits for the end of the sender: what is found then.
    pub(crate) async fn ended(mut self) -> Outcome {
        self.sender.end().await;
        drained(&self.service).await;
        Outcome::new(found(&self.service, "").await, self.sender.said())
    }

    async fn count(&self, name: &str) -> usize {
        let health = self.service.health().await;
        let count = health["records"][name].as_u64().map(usize::try_from);
        count
            .unwrap_or_else(|| panic!("no {name}: {health}"))
            .expect("a small number")
    }

    async fn counted(&mut self, name: &str, count: usize) {
        self.until(&format!("{count} records {name}"), async |run| {
            run.count(name).await >= count
        })
        .await;
    }

    async fn until(&mut self, what: &str, mut condition: impl AsyncFnMut(&mut Self) -> bool) {
        wait_until(what, PATIENCE, async || {
            self.sender.tend();
            condition(self).await
        })
        .await;
    }
}
