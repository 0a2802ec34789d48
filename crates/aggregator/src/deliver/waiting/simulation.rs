//! Refused records without room, kills between any two operations of the disk, and at the end room: each
//! record that was acknowledged is stored, or set aside once, and the counts are right at every moment.

use super::Waiting;
use crate::breaker::Settings;
use crate::deliver::memory_disk::MemoryDisk;
use crate::deliver::scripted::{Answer, Fixture, Place, TIMEOUT, message, open};
use logs::Timestamp;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use record::batch::{Batch, BatchBuilder};
use record::id::{BatchId, KeyDigest};
use spool::{Bounds, Portion};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HISTORIES: u64 = 150;
const PORTION: Portion = Portion {
    documents: 4,
    bytes: 1 << 20,
};
/// What a look in vain for another portion takes.
const NOTHING: Duration = Duration::from_millis(2);

/// What no action takes that goes on.
const STUCK: Duration = Duration::from_millis(200);

/// The outside: what was sent, and what the store has. A message that begins with "bad" is refused.
struct World {
    disk: MemoryDisk,
    random: ChaCha8Rng,
    sent: u64,
    acknowledged: BTreeSet<String>,
    /// Records that this life of the process acknowledged.
    received: u64,
    stored: Arc<Mutex<BTreeSet<String>>>,
    /// What the histories met, so that a simulation that meets nothing fails.
    met: Met,
}

#[derive(Debug, Default)]
struct Met {
    deferred: u64,
    put_off: u64,
    moved: u64,
    kills: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            disk: MemoryDisk::default(),
            random: ChaCha8Rng::seed_from_u64(seed),
            sent: 0,
            acknowledged: BTreeSet::new(),
            received: 0,
            stored: Arc::default(),
            met: Met::default(),
        }
    }

    fn open(&self, max_dead_letters: u64) -> Option<Fixture> {
        let place = Place {
            spool: self.disk.folder("spool"),
            dead_letters: self.disk.folder("rejected"),
            bounds: Bounds {
                max_bytes: 1 << 20,
                min_free_disk: 0,
                segment_bytes: 700,
            },
            max_dead_letters,
        };
        let stored = Arc::clone(&self.stored);
        let script = move |messages: &[String]| {
            let mut stored = stored.lock().unwrap();
            let (mut there, mut refused) = (Vec::new(), Vec::new());
            for (place, text) in messages.iter().enumerate() {
                if text.starts_with("bad") {
                    refused.push(place);
                } else if !stored.insert(text.clone()) {
                    there.push(place);
                }
            }
            Answer::Judge(there, refused)
        };
        open(&place, Settings::write_lane(TIMEOUT), Box::new(script)).ok()
    }

    fn batch(&mut self) -> (Batch, Vec<String>) {
        self.sent += 1;
        let key = self.sent.to_string();
        let time = Timestamp::from_nanos(i64::try_from(self.sent).unwrap());
        let digest = self.random.random_bool(0.5).then(|| KeyDigest::of(&key));
        let id = BatchId::keyed(&key, b"");
        let mut builder = BatchBuilder::new(id, digest, time, usize::MAX);
        let mut texts = Vec::new();
        for place in 0..self.random.random_range(1..4) {
            let kind = if self.random.random_bool(0.3) {
                "bad"
            } else {
                "good"
            };
            let text = format!("{kind} {key} {place}");
            let dated = self.random.random_bool(0.7).then_some(time);
            builder.record(dated, None, &text, |_| Ok(()));
            texts.push(text);
        }
        (builder.finish().0, texts)
    }

    /// Does something.
    async fn act(&mut self, place: &mut Fixture, waiting: &mut Waiting) {
        let delivery = Arc::clone(&place.delivery);
        match self.random.random_range(0..11) {
            0..4 => {
                let (batch, texts) = self.batch();
                if delivery.spool.append(batch, ()).await.is_ok() {
                    self.received += texts.len() as u64;
                    self.acknowledged.extend(texts);
                }
            }
            4..7 => {
                deliver_one(place).await;
            }
            7 => {
                self.met.put_off += u64::from(waiting.keep_put_off().await);
                // As in the service, where both go on at once.
                tokio::join!(waiting.look(), deliver_one(place));
            }
            8 => self.met.moved += u64::from(waiting.move_on().await),
            9 => {
                let rooms = [0, 200, 400, usize::MAX, usize::MAX];
                self.disk
                    .fill(rooms[self.random.random_range(0..rooms.len())]);
            }
            _ => drop(tokio::task::spawn_blocking(move || delivery.spool.tidy()).await),
        }
        self.met.deferred += u64::from(place.delivery.deferral.parked().len() > 0);
        is_balanced(place);
    }

    /// A life of the process, until it is killed or has done what it was to do.
    async fn live(&mut self, operations: u64, actions: u32) {
        self.disk.begin(operations);
        self.received = 0;
        let full = self.random.random_bool(0.8);
        let Some(mut place) = self.open(if full { 0 } else { 1 << 20 }) else {
            self.met.kills += 1;
            return;
        };
        let mut waiting = Waiting::new(Arc::clone(&place.delivery));
        let disk = self.disk.clone();
        for _ in 0..actions {
            tokio::select! {
                biased;
                () = killed(&disk) => break,
                // On a full disk a delivery waits, and what waits when the process is killed is begun again.
                () = tokio::time::sleep(STUCK) => break,
                () = self.act(&mut place, &mut waiting) => {}
            }
        }
        self.met.kills += u64::from(disk.is_killed());
        let counts = place.accounting.snapshot();
        let taken = counts.received - counts.rejected.not_taken;
        assert!(disk.is_killed() || taken == self.received, "{counts:?}");
        drop(waiting);
        place.kill().await;
    }

    /// With room for what is refused, everything comes to its end.
    async fn end(&mut self, seed: u64) {
        self.disk.begin(u64::MAX);
        let mut place = self.open(1 << 20).expect("nothing is damaged");
        let mut waiting = Waiting::new(Arc::clone(&place.delivery));
        while place.accounting.snapshot().waiting > 0 {
            deliver_one(&mut place).await;
            waiting.look().await;
            is_balanced(&place);
        }
        let aside: Vec<String> = place
            .set_aside()
            .await
            .iter()
            .map(|letter| message(&letter.document))
            .collect();
        let once: BTreeSet<&String> = aside.iter().collect();
        assert_eq!(once.len(), aside.len(), "seed {seed}: {aside:?}");
        let stored = self.stored.lock().unwrap().clone();
        for text in &self.acknowledged {
            let is_there = stored.contains(text) || aside.contains(text);
            assert!(is_there, "seed {seed}: {text} is lost");
        }
        drop(waiting);
        place.kill().await;
    }
}

async fn killed(disk: &MemoryDisk) {
    while !disk.is_killed() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

async fn deliver_one(place: &mut Fixture) {
    let next = tokio::time::timeout(NOTHING, place.consumer.next(PORTION)).await;
    if let Ok(Ok(Some(portion))) = next {
        place.park_or_deliver(portion).await;
    }
}

fn is_balanced(place: &Fixture) {
    let counts = place.accounting.snapshot();
    let ended = counts.stored
        + counts.already_stored
        + counts.rejected.set_aside
        + counts.rejected.not_taken;
    let came = counts.received + counts.recovered;
    assert_eq!(came, ended + counts.waiting, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_was_refused_is_lost_or_doubled_whenever_the_process_is_killed() {
    let mut met = Met::default();
    for seed in 0..HISTORIES {
        let mut world = World::new(seed);
        for _ in 0..world.random.random_range(1..5) {
            let operations = world.random.random_range(5..150);
            world.live(operations, 30).await;
        }
        world.end(seed).await;
        met.deferred += world.met.deferred;
        met.put_off += world.met.put_off;
        met.moved += world.met.moved;
        met.kills += world.met.kills;
    }
    assert!(
        met.deferred > 100 && met.put_off > 10 && met.moved > 10 && met.kills > 50,
        "{met:?}"
    );
}
