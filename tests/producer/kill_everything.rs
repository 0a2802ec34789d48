//! SIGKILL of the service, of MongoDB, of the producer, or of two of them, at random moments under
//! load: every record that anyone sent is acknowledged in the end, and stored exactly once as it was
//! sent.

mod load;

use std::io::Read;
use std::time::Duration;

use flate2::read::GzDecoder;
use rand::seq::SliceRandom;
use tempfile::TempDir;
use tokio::sync::watch;

use self::load::{UNDATED_KEY, producer, undated_load};
use super::kill_loop::rounds;
use crate::support::contents::{self, Contents, UNDATED, stored};
use crate::support::mongod::Mongod;
use crate::support::producer::{Ended, Producer};
use crate::support::recorder::Recorder;
use crate::support::service::Service;
use crate::support::traffic::rest;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
const LONGEST_LIFE_MS: u64 = 300;
/// So long before half of the kills answers are lost at most: taken, and the sender does not know it.
const LONGEST_SILENCE_MS: u64 = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Aggregator,
    Mongod,
    Producer,
}

/// What is killed, and what sees to it that nothing is missed.
struct Everything {
    mongod: Option<Mongod>,
    service: Service,
    recorder: Recorder,
    spool: TempDir,
    producer: Producer,
    /// Lives of the producer so far.
    lives: u64,
}

impl Everything {
    async fn start(mongod: Option<Mongod>, layout: &str) -> Self {
        let service = match &mongod {
            Some(mongod) => Service::builder().mongodb(&mongod.uri(), "kills"),
            None => Service::builder().env("LAYOUT", layout),
        };
        let service = service.start().await;
        let recorder = Recorder::to(service.address()).await;
        let spool = tempfile::tempdir().unwrap();
        let producer = producer(&recorder, &spool, 0, &[]);
        Self {
            mongod,
            service,
            recorder,
            spool,
            producer,
            lives: 1,
        }
    }

    /// Sets of one and two parts, each as often as the others, in random order.
    fn victims(&self) -> Vec<Vec<Part>> {
        use Part::{Aggregator, Mongod, Producer};
        let mut sets = vec![vec![Aggregator], vec![Producer], vec![Aggregator, Producer]];
        if self.mongod.is_some() {
            let with_mongod = [
                vec![Mongod],
                vec![Mongod, Aggregator],
                vec![Mongod, Producer],
            ];
            sets.extend(with_mongod);
        }
        let mut random = rand::rng();
        sets.shuffle(&mut random);
        for set in &mut sets {
            set.shuffle(&mut random);
        }
        sets
    }

    async fn kill(&mut self, victims: &[Part]) {
        rest(random_time(LONGEST_LIFE_MS)).await;
        if rand::random() {
            let before = self.recorder.lost_answers();
            self.recorder.lose_answers(true);
            wait_until("an answer to be lost", PATIENCE, async || {
                self.recorder.lost_answers() > before
            })
            .await;
            rest(random_time(LONGEST_SILENCE_MS)).await;
        }
        for victim in victims {
            match victim {
                Part::Aggregator => {
                    self.recorder.to_nobody();
                    self.service.kill();
                }
                Part::Mongod => self.mongod.as_ref().unwrap().kill(),
                Part::Producer => {
                    assert!(self.producer.is_running(), "{}", self.producer.stderr());
                    self.producer.kill();
                }
            }
        }
        self.recorder.lose_answers(false);
    }

    /// Starts what was killed, in any order.
    async fn start_again(&mut self, victims: &[Part]) {
        let is_first = rand::random();
        if is_first {
            self.start_producer_if(victims);
        }
        let (mongod, service) = (self.mongod.as_ref(), &self.service);
        let mongod_starts = async {
            if victims.contains(&Part::Mongod) {
                mongod.unwrap().restart().await;
            }
        };
        let service_starts = async {
            if victims.contains(&Part::Aggregator) {
                service.restart().await;
                self.recorder.now_to(service.address());
            }
        };
        tokio::join!(mongod_starts, service_starts);
        if !is_first {
            self.start_producer_if(victims);
        }
    }

    fn start_producer_if(&mut self, victims: &[Part]) {
        if victims.contains(&Part::Producer) {
            self.producer = producer(&self.recorder, &self.spool, self.lives, &[]);
            self.lives += 1;
        }
    }

    /// A kill of MongoDB is to meet writes: the breaker lets them through again after a while.
    async fn writes_flow(&self) {
        let taken = async || self.service.health().await["records"]["stored"].as_u64();
        let before = taken().await;
        wait_until("the store to take records", PATIENCE, async || {
            taken().await > before
        })
        .await;
    }

    /// Stops the load, and lets one more life send what is left.
    async fn finish(&mut self) -> Ended {
        // It may have started this very moment. A background job of a shell ignores INT until it asks for it,
        // and would go on for ever.
        self.producer.signal("TERM");
        self.producer.ended().await;
        let last = ["--count", "10"];
        producer(&self.recorder, &self.spool, self.lives, &last)
            .ended()
            .await
    }
}

fn random_time(most_ms: u64) -> Duration {
    Duration::from_micros(rand::random_range(0..=most_ms * 1000))
}

fn json_of(body: &[u8]) -> Vec<u8> {
    if !body.starts_with(&[0x1f, 0x8b]) {
        return body.to_vec();
    }
    let mut json = Vec::new();
    GzDecoder::new(body).read_to_end(&mut json).unwrap();
    json
}

/// What has to be stored: all records of all batches that were ever sent, once for each key.
fn expected(recorder: &Recorder) -> Contents {
    let mut contents = Contents::new();
    let (mut again, mut lost) = (0, 0);
    for (key, seen) in recorder.batches() {
        assert!(seen.acknowledged, "{key} was sent and never acknowledged");
        assert!(!seen.has_other_body, "{key} was sent with two bodies");
        // The load repeats batches without times on purpose.
        again += usize::from(seen.tries > 1 && !key.starts_with(UNDATED_KEY));
        lost += seen.lost_answers;
        contents::add(&mut contents, &json_of(&seen.body));
    }
    // No two batches hold the same record: a batch under two keys would be stored twice, and rightly.
    for (record, count) in &contents {
        let in_its_batch = if record.contains(UNDATED) && record.contains(" b\"") {
            2
        } else {
            1
        };
        assert_eq!(*count, in_its_batch, "sent under two keys: {record}");
    }
    println!(
        "{again} of the producer's batches were sent more than once, {lost} answers of the service were lost"
    );
    assert!(again > 0 && lost > 0, "the kills met nothing");
    contents
}

/// `layout` is that of the embedded store, without a `mongod`.
async fn everything_is_killed(mongod: Option<Mongod>, layout: &str) {
    let mut all = Everything::start(mongod, layout).await;
    let (stop, stopped) = watch::channel(false);
    let undated = undated_load(all.recorder.url() + "/logs/batch", stopped);
    let mut kills = [Part::Aggregator, Part::Mongod, Part::Producer].map(|part| (part, 0));
    let mut coming = Vec::new();
    for round in 0..rounds() {
        if coming.is_empty() {
            coming = all.victims();
        }
        let victims = coming.pop().unwrap();
        if victims.contains(&Part::Mongod) {
            all.writes_flow().await;
        }
        all.kill(&victims).await;
        all.start_again(&victims).await;
        for (part, count) in &mut kills {
            *count += u64::from(victims.contains(part));
        }
        if round % 50 == 49 {
            println!("{} rounds", round + 1);
        }
    }
    let last = all.finish().await;
    assert_eq!(last.code, Some(0), "{last:?}");
    assert_eq!(last.summary()["spool"]["left"], 0, "{last:?}");
    stop.send(true).unwrap();
    undated.await.unwrap();
    let expected = expected(&all.recorder);
    let found = stored(&all.service).await;
    let records: usize = expected.values().sum();
    println!(
        "{} rounds, {kills:?}: {records} records acknowledged",
        rounds()
    );
    assert_eq!(found.values().sum::<usize>(), records);
    assert!(found == expected, "the contents differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn service_mongodb_and_producer_killed_again_and_again_lose_and_double_nothing() {
    everything_is_killed(Some(Mongod::start().await), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_sqlite_and_its_producer_killed_again_and_again_lose_and_double_nothing() {
    everything_is_killed(None, "rows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_blocks_and_its_producer_killed_again_and_again_lose_and_double_nothing() {
    everything_is_killed(None, "blocks").await;
}
