//! The folder of unsent batches: what is not answered outlives the producer, and is sent by the next one.

mod backlog;
mod foreign_answers;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::support::producer::{Ended, Producer};
use crate::support::scripted::{Action, Request, Scripted};
use crate::support::wait_until;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

struct Spool(TempDir);

impl Spool {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn start(&self, server: &Scripted, more: &[&str]) -> Producer {
        self.start_at(&server.url(), more)
    }

    fn start_at(&self, url: &str, more: &[&str]) -> Producer {
        let folder = self.0.path().to_str().unwrap();
        let known = ["--url", url, "--spool", folder, "--output", "json"];
        Producer::start(&[&known, more].concat())
    }

    async fn run(&self, server: &Scripted, more: &[&str]) -> Ended {
        self.start(server, more).ended().await
    }

    /// The whole batches in it.
    fn files(&self) -> BTreeSet<PathBuf> {
        batches_in(self.0.path())
    }
}

fn batches_in(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_batch = |path: &PathBuf| path.extension().is_some_and(|end| end == "batch");
    paths.filter(is_batch).collect()
}

/// The service's word on a batch of a hundred logs; lines of a compressed one tell nothing.
fn takes_100() -> Action {
    let body = r#"{"status":"success","accepted":100}"#;
    Action::Answer(200, Vec::new(), body.to_owned())
}

/// One batch of a hundred logs.
const ONE: [&str; 4] = ["--rate", "0", "--count", "100"];

fn refusing(status: u16) -> impl Fn(usize) -> Action {
    move |_| Action::Answer(status, Vec::new(), String::new())
}

/// What the summary says of the spool.
fn told(ended: &Ended) -> [u64; 4] {
    let spool = ended.summary()["spool"].clone();
    ["resent", "failed", "left", "damaged"].map(|name| spool[name].as_u64().unwrap())
}

fn keys_and_bodies(requests: &[Request]) -> BTreeSet<(String, Vec<u8>)> {
    let both = |request: &Request| (request.key.clone(), request.body.clone());
    requests.iter().map(both).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_producer_that_was_killed_sends_what_it_left_in_its_spool_under_the_same_keys() {
    for gzip in ["false", "true"] {
        let script = |number| {
            if number < 5 {
                takes_100()
            } else {
                Action::Hang
            }
        };
        let server = Scripted::start(script).await;
        let spool = Spool::new();
        let args = ["--rate", "0", "--concurrency", "4", "--gzip", gzip];
        let producer = spool.start(&server, &args);
        // Five are answered, and four are under way.
        wait_until("nine requests", PATIENCE, async || server.count() >= 9).await;
        producer.kill();
        let unanswered = server.requests().split_off(5);
        assert_eq!((unanswered.len(), spool.files().len()), (4, 4));

        let server = Scripted::start(|_| takes_100()).await;
        let ended = spool.run(&server, &ONE).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.numbers(["sent", "accepted", "failed"]), [100, 100, 0]);
        assert_eq!(told(&ended), [400, 0, 0, 0], "{ended:?}");
        let mut first = server.requests();
        let own = first.split_off(4);
        assert_eq!(keys_and_bodies(&first), keys_and_bodies(&unanswered));
        for request in &first {
            assert_eq!(request.header("content-encoding").is_some(), gzip == "true");
        }
        assert_eq!(own.len(), 1);
        assert!(own[0].header("content-encoding").is_none());
        assert!(spool.files().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_in_the_spool_before_its_first_try() {
    let spool = Spool::new();
    let folder = spool.0.path().to_owned();
    let (sender, at_each_try) = std::sync::mpsc::sync_channel(100);
    let script = move |_| {
        let batches = batches_in(&folder).into_iter();
        let contents: Vec<_> = batches.map(|path| fs::read(path).unwrap()).collect();
        sender.send(contents).unwrap();
        Action::Take
    };
    let server = Scripted::start(script).await;
    let args = ["--rate", "0", "--count", "1000", "--concurrency", "1"];
    let ended = spool.run(&server, &args).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for request in server.requests() {
        let there = at_each_try.recv().unwrap();
        let is_it = |file: &Vec<u8>| {
            String::from_utf8_lossy(file).contains(&request.key) && file.ends_with(&request.body)
        };
        assert!(there.iter().any(is_it), "{} was not kept", request.key);
    }
    assert!(spool.files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_stays_for_the_next_run() {
    let spool = Spool::new();
    let server = Scripted::start(refusing(503)).await;
    let impatient = [&ONE[..], &["--give-up-after", "300ms"]].concat();
    let ended = spool.run(&server, &impatient).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent", "failed"]), [100, 100]);
    assert_eq!(told(&ended), [0, 0, 100, 0], "{ended:?}");
    let given_up = keys_and_bodies(&server.requests());

    // Given up once more: it stays. Taken: it goes.
    let ended = spool.run(&server, &impatient).await;
    assert_eq!(told(&ended), [0, 100, 200, 0], "{ended:?}");
    let server = Scripted::start(|_| Action::Take).await;
    let ended = spool.run(&server, &ONE).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(told(&ended), [200, 0, 0, 0], "{ended:?}");
    assert!(keys_and_bodies(&server.requests()).is_superset(&given_up));
    assert!(spool.files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_answered_before_the_end_of_the_grace_period_stays() {
    let spool = Spool::new();
    let server = Scripted::start(|_| Action::Hang).await;
    let producer = spool.start(
        &server,
        &["--rate", "1000", "--concurrency", "2", "--grace", "1s"],
    );
    wait_until("two requests", PATIENCE, async || server.count() >= 2).await;
    producer.signal("INT");
    let ended = producer.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(told(&ended), [0, 0, 200, 0], "{ended:?}");
    assert_eq!(spool.files().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_while_old_batches_are_sent_leaves_them_and_begins_nothing_new() {
    let spool = Spool::new();
    let refused = Scripted::start(refusing(503)).await;
    spool
        .run(&refused, &[&ONE[..], &["--give-up-after", "1ms"]].concat())
        .await;
    let server = Scripted::start(|_| Action::Hang).await;
    let producer = spool.start(&server, &["--grace", "1s"]);
    wait_until("a request", PATIENCE, async || server.count() == 1).await;
    producer.signal("TERM");
    let ended = producer.ended().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent"]), [0]);
    assert_eq!(told(&ended), [0, 100, 100, 0], "{ended:?}");
    assert_eq!(server.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_for_good_is_not_kept() {
    let spool = Spool::new();
    let own = r#"{"status":"error","code":"invalid_records","message":"no"}"#;
    let server = Scripted::start(|_| Action::Answer(400, Vec::new(), own.to_owned())).await;
    let ended = spool.run(&server, &ONE).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.numbers(["sent", "failed"]), [100, 100]);
    assert_eq!(told(&ended), [0; 4], "{ended:?}");
    assert!(spool.files().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_that_is_full_ends_the_run_and_says_so() {
    let spool = Spool::new();
    let server = Scripted::start(refusing(503)).await;
    let args = [
        "--rate",
        "1000",
        "--spool-max-bytes",
        "100kB",
        "--grace",
        "1s",
    ];
    let ended = spool.run(&server, &args).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let problem = ended.summary()["spool"]["problem"].clone();
    assert!(
        problem
            .as_str()
            .unwrap()
            .contains("--spool-max-bytes 100000"),
        "{problem}"
    );
    let sizes = spool
        .files()
        .into_iter()
        .map(|path| path.metadata().unwrap().len());
    let size: u64 = sizes.sum();
    assert!((50_000..=100_000).contains(&size), "{size}");
    // Nothing was sent that is not kept.
    let [sent, failed] = ended.numbers(["sent", "failed"]);
    assert_eq!((told(&ended), failed), ([0, 0, sent, 0], sent), "{ended:?}");
    assert_eq!(keys_of(&server).len(), spool.files().len());
}

/// The keys of the batches that were sent.
fn keys_of(server: &Scripted) -> BTreeSet<String> {
    let requests = server.requests().into_iter();
    requests.map(|request| request.key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_producers_do_not_share_a_spool() {
    let spool = Spool::new();
    let server = Scripted::start(|_| Action::Hang).await;
    let _first = spool.start(&server, &ONE);
    wait_until("a request", PATIENCE, async || server.count() > 0).await;
    let second = spool.run(&server, &[]).await;
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(
        second.stderr.contains("in use by another producer"),
        "{second:?}"
    );
    // The first may have sent its batch again meanwhile; the second sent nothing.
    assert_eq!(keys_of(&server).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_batch_is_told_of_and_the_others_are_sent() {
    let spool = Spool::new();
    let refused = Scripted::start(refusing(503)).await;
    let two = ["--rate", "0", "--count", "200", "--give-up-after", "1ms"];
    spool.run(&refused, &two).await;
    let damaged = spool.files().pop_first().unwrap();
    let mut bytes = fs::read(&damaged).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&damaged, &bytes).unwrap();
    let server = Scripted::start(|_| Action::Take).await;
    let ended = spool.run(&server, &ONE).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(told(&ended), [100, 0, 0, 1], "{ended:?}");
    assert!(ended.stderr.contains("is damaged"), "{ended:?}");
    assert_eq!(server.count(), 2);
    assert_eq!(fs::read(damaged.with_extension("damaged")).unwrap(), bytes);
}
