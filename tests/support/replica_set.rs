//! Three real MongoDB servers on this machine that elect one of them.

use std::time::Duration;

use bson::{Bson, Document, doc};
use mongodb::Client;
use mongodb::options::ClientOptions;

use super::mongod::Mongod;
use super::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
/// To connect to a member, which may be frozen.
const SHORT: Duration = Duration::from_secs(1);
/// For its answer.
const LONGER: Duration = Duration::from_secs(15);
const NAME: &str = "rs";
/// Small, because this machine has three of them; fail points want the first one.
const ARGS: [&str; 8] = [
    "--setParameter",
    "enableTestCommands=1",
    "--replSet",
    NAME,
    "--oplogSize",
    "64",
    "--setParameter",
    "diagnosticDataCollectionEnabled=false",
];

/// A running set; dropping it kills the servers and removes their data.
pub(crate) struct ReplicaSet {
    members: Vec<Mongod>,
}

impl ReplicaSet {
    /// Starts three servers that find a lost primary out within seconds, and waits for a primary.
    pub(crate) async fn start() -> Self {
        let start = || Mongod::start_with(&ARGS);
        let (first, second, third) = tokio::join!(start(), start(), start());
        let set = Self {
            members: vec![first, second, third],
        };
        let member = |(id, mongod): (usize, &Mongod)| {
            let id = i32::try_from(id).expect("three of them");
            doc! { "_id": id, "host": address(mongod) }
        };
        let members: Vec<Document> = set.members.iter().enumerate().map(member).collect();
        let settings = doc! {
            "electionTimeoutMillis": 2000,
            "heartbeatIntervalMillis": 500,
            "heartbeatTimeoutSecs": 2,
            // A new primary does not wait for writes of the old one that it cannot reach.
            "catchUpTimeoutMillis": 0,
        };
        let config = doc! { "_id": NAME, "members": members, "settings": settings };
        let initiate = doc! { "replSetInitiate": config };
        set.ask(0, initiate).await.expect("the set is initiated");
        set.primary().await;
        set.all_are_there().await;
        set
    }

    /// Where the service finds the set.
    pub(crate) fn uri(&self) -> String {
        let hosts: Vec<String> = self.members.iter().map(address).collect();
        format!("mongodb://{}/?replicaSet={NAME}", hosts.join(","))
    }

    /// A member.
    pub(crate) fn member(&self, index: usize) -> &Mongod {
        &self.members[index]
    }

    /// Waits until a member is the primary; which.
    pub(crate) async fn primary(&self) -> usize {
        let mut found = None;
        wait_until("a primary", PATIENCE, async || {
            for index in 0..self.members.len() {
                let hello = self.ask(index, doc! { "hello": 1 }).await;
                if hello.is_some_and(|told| told.get_bool("isWritablePrimary").unwrap_or(false)) {
                    found = Some(index);
                }
            }
            found.is_some()
        })
        .await;
        found.expect("just seen")
    }

    /// Waits until each member is the primary or follows it, as the primary sees it.
    pub(crate) async fn all_are_there(&self) {
        wait_until("every member to follow the primary", PATIENCE, async || {
            let primary = self.primary().await;
            let status = self.ask(primary, doc! { "replSetGetStatus": 1 }).await;
            let members = status.as_ref().map(|status| status.get_array("members"));
            let is_there = |member: &Bson| {
                let state = member.as_document().map(|member| member.get_i32("state"));
                matches!(state, Some(Ok(1 | 2)))
            };
            matches!(members, Some(Ok(members)) if members.iter().all(is_there))
        })
        .await;
    }

    /// The others stay in touch with this member, and take no writes over from it. Once this
    /// returns they have stopped.
    pub(crate) async fn stop_replication_to_others(&self, index: usize) {
        for other in self.all_but(index) {
            let told = self.ask(other, stop_producer("alwaysOn")).await;
            let entered = told.and_then(|told| told.get_i32("count").ok());
            let entered = entered.expect("the fail point is set");
            let wait = doc! {
                "waitForFailPoint": "stopReplProducer",
                "timesEntered": entered + 1,
                "maxTimeMS": 10_000,
            };
            let stopped = self.ask(other, wait).await;
            assert!(stopped.is_some(), "a member goes on replicating");
        }
    }

    /// The end of it.
    pub(crate) async fn resume_replication_to_others(&self, index: usize) {
        for other in self.all_but(index) {
            let told = self.ask(other, stop_producer("off")).await;
            assert!(told.is_some(), "a member cannot go on replicating");
        }
    }

    /// The indices of the members but this one's.
    pub(crate) fn all_but(&self, index: usize) -> impl Iterator<Item = usize> {
        (0..self.members.len()).filter(move |other| *other != index)
    }

    /// What a member answers to a command for the whole server; `None` if it does not in time, or
    /// with an error.
    pub(crate) async fn ask(&self, index: usize, command: Document) -> Option<Document> {
        let client = client(&self.members[index]).await;
        let admin = client.database("admin");
        let answer = admin.run_command(command);
        tokio::time::timeout(LONGER, answer).await.ok()?.ok()
    }

    /// Lets this command fail on every member, as `data` says, `times` times.
    pub(crate) async fn fail(&self, times: i32, data: Document) {
        let command = doc! {
            "configureFailPoint": "failCommand",
            "mode": { "times": times },
            "data": data,
        };
        for index in 0..self.members.len() {
            let set = self.ask(index, command.clone()).await;
            assert!(set.is_some(), "no fail point could be set: {command}");
        }
    }
}

fn stop_producer(mode: &str) -> Document {
    doc! { "configureFailPoint": "stopReplProducer", "mode": mode }
}

fn address(mongod: &Mongod) -> String {
    format!("127.0.0.1:{}", mongod.port())
}

async fn client(mongod: &Mongod) -> Client {
    let mut options = ClientOptions::parse(mongod.uri())
        .await
        .expect("a valid URI");
    options.server_selection_timeout = Some(SHORT);
    options.connect_timeout = Some(SHORT);
    Client::with_options(options).expect("valid options")
}
