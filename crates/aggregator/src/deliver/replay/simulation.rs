//! Records are refused, put back by ids, by reason or all, and refused again, with kills between any two operations of
//! the disk: each record that was acknowledged is stored in the end, none is kept twice, the counts add up, and every time
//! that a record comes to the store it has the id that it had before, by which a store knows it.

use super::{Choice, replay};
use crate::accounting::admission::Admission;
use crate::breaker::Settings;
use crate::deliver::dead_letters::{DeadLetter, DeadLetters, ReasonCode};
use crate::deliver::memory_disk::MemoryDisk;
use crate::deliver::scripted::{Answer, Fixture, Place, TIMEOUT, message, open};
use logs::Timestamp;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use record::batch::{Batch, BatchBuilder};
use record::id::{BatchId, KeyDigest};
use spool::{Bounds, Portion};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const HISTORIES: u64 = 150;
const PORTION: Portion = Portion {
    documents: 4,
    bytes: 1 << 20,
};
/// What a look in vain for another portion takes.
const NOTHING: Duration = Duration::from_millis(2);

/// The outside: what was acknowledged, and what the store has. While it is picky it refuses what begins with "bad".
struct World {
    disk: MemoryDisk,
    random: ChaCha8Rng,
    sent: u64,
    acknowledged: BTreeSet<String>,
    stored: Arc<Mutex<BTreeSet<String>>>,
    /// The id by which each record came to the store, by its text.
    ids: BTreeMap<String, String>,
    picky: Arc<AtomicBool>,
    met: Met,
}

/// What the histories met, so that a simulation that meets nothing fails.
#[derive(Debug, Default)]
struct Met {
    all: u64,
    some: u64,
    again: u64,
    begun: u64,
    ended: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            disk: MemoryDisk::default(),
            random: ChaCha8Rng::seed_from_u64(seed),
            sent: 0,
            acknowledged: BTreeSet::new(),
            stored: Arc::default(),
            ids: BTreeMap::new(),
            picky: Arc::default(),
            met: Met::default(),
        }
    }

    fn open(&self) -> Option<Fixture> {
        let place = Place {
            spool: self.disk.folder("spool"),
            dead_letters: self.disk.folder("rejected"),
            bounds: Bounds {
                max_bytes: 1 << 20,
                min_free_disk: 0,
                segment_bytes: 700,
            },
            max_dead_letters: 1 << 20,
        };
        let (stored, picky) = (Arc::clone(&self.stored), Arc::clone(&self.picky));
        let script = move |messages: &[String]| {
            let mut stored = stored.lock().unwrap();
            let (mut there, mut refused) = (Vec::new(), Vec::new());
            for (place, text) in messages.iter().enumerate() {
                if stored.contains(text) {
                    there.push(place);
                } else if text.starts_with("bad") && picky.load(Ordering::Relaxed) {
                    refused.push(place);
                } else {
                    stored.insert(text.clone());
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
        for place in 0..self.random.random_range(1..5) {
            let kind = match self.random.random_bool(0.6) {
                true => "bad",
                false => "good",
            };
            let text = format!("{kind} {key} {place}");
            let dated = self.random.random_bool(0.7).then_some(time);
            builder.record(dated, None, &text, |_| Ok(()));
            texts.push(text);
        }
        (builder.finish().0, texts)
    }

    /// Some of what is kept, or all of it.
    fn choice(&mut self, kept: &[DeadLetter]) -> Choice {
        match self.random.random_range(0..4) {
            0 => Choice::All,
            1 => Choice::Reason(ReasonCode::Refused),
            _ => {
                let kept = kept.iter().filter(|_| self.random.random_bool(0.4));
                Choice::Ids(kept.map(DeadLetter::id).collect())
            }
        }
    }

    async fn act(&mut self, place: &mut Fixture) {
        match self.random.random_range(0..8) {
            0..3 => {
                let (batch, texts) = self.batch();
                if place.delivery.spool.append(batch, ()).await.is_ok() {
                    self.acknowledged.extend(texts);
                }
            }
            3..5 => deliver_one(place).await,
            5 => self
                .picky
                .store(self.random.random_bool(0.7), Ordering::Relaxed),
            _ => self.put_back(place).await,
        }
        self.look(place);
    }

    /// The counts add up, and the store has got each record under one id.
    fn look(&mut self, place: &Fixture) {
        let counts = place.accounting.snapshot();
        let rejected = counts.rejected;
        let refused = rejected.invalid + rejected.key_reused + rejected.not_taken;
        let ended = counts.stored + counts.already_stored + refused + rejected.set_aside;
        let came = counts.received + counts.recovered;
        assert_eq!(came, ended + counts.waiting, "{counts:?}");
        for (text, id) in place.store.ids.lock().unwrap().drain(..) {
            if let Some(known) = self.ids.get(&text) {
                assert_eq!(*known, id, "{text} is two records for a store");
                self.met.again += 1;
            }
            self.ids.insert(text, id);
        }
        let different: BTreeSet<_> = self.ids.values().collect();
        assert_eq!(different.len(), self.ids.len(), "two records have one id");
    }

    /// What was not meant is kept as it was, and what was meant is not.
    async fn put_back(&mut self, place: &Fixture) {
        let letters = Arc::clone(&place.delivery.dead_letters);
        let Some(before) = kept(&letters).await else {
            return;
        };
        let choice = self.choice(&before);
        let admission = Admission::new(1 << 20);
        self.met.begun += 1;
        let replayed = replay(&letters, &place.delivery.spool, &admission, &choice).await;
        let Ok(replayed) = replayed else {
            assert!(self.disk.is_killed(), "{replayed:?}");
            return;
        };
        self.met.ended += 1;
        let mut others = before;
        let meant = others.extract_if(.., |letter| choice.has(letter)).count();
        assert_eq!((replayed.records, replayed.not_found), (meant, 0));
        let names = |letters: &[DeadLetter]| -> BTreeSet<String> {
            letters
                .iter()
                .map(|letter| letter.id().to_string())
                .collect()
        };
        let Some(after) = kept(&letters).await else {
            return;
        };
        assert_eq!(names(&after), names(&others));
        match others.is_empty() {
            true => self.met.all += u64::from(meant > 0),
            false => self.met.some += u64::from(meant > 0),
        }
    }

    /// A life of the process, until it is killed or has done what it was to do.
    async fn live(&mut self, operations: u64) {
        self.disk.begin(operations);
        let Some(mut place) = self.open() else {
            return;
        };
        let disk = self.disk.clone();
        for _ in 0..30 {
            tokio::select! {
                biased;
                () = killed(&disk) => break,
                () = self.act(&mut place) => {}
            }
        }
        place.kill().await;
    }

    /// Where nothing is refused any more, all that was acknowledged is stored.
    async fn end(&mut self, seed: u64) {
        self.disk.begin(u64::MAX);
        self.picky.store(false, Ordering::Relaxed);
        let mut place = self.open().expect("nothing is damaged");
        let kept = place.set_aside().await;
        let once: BTreeSet<_> = kept.iter().map(|kept| message(&kept.document)).collect();
        assert_eq!(once.len(), kept.len(), "seed {seed}: {once:?}");
        let admission = Admission::new(1 << 20);
        let (letters, spool) = (&place.delivery.dead_letters, &place.delivery.spool);
        let replayed = replay(letters, spool, &admission, &Choice::All).await;
        assert_eq!(replayed.unwrap().records, kept.len(), "seed {seed}");
        while place.accounting.snapshot().waiting > 0 {
            deliver_one(&mut place).await;
        }
        self.look(&place);
        let stored = self.stored.lock().unwrap().clone();
        let lost: Vec<_> = self.acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?}");
        place.kill().await;
    }
}

/// What is kept; `None` when the process is killed meanwhile.
async fn kept(letters: &Arc<DeadLetters>) -> Option<Vec<DeadLetter>> {
    let (mut all, mut file) = (Vec::new(), 0);
    while let Some(next) = letters.after(file) {
        file = next;
        all.extend(letters.read(file).await.ok()?);
    }
    Some(all)
}

/// What is under way then has no end.
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_kept_twice_whatever_is_chosen_and_whenever_the_process_is_killed() {
    let mut met = Met::default();
    for seed in 0..HISTORIES {
        let mut world = World::new(seed);
        for _ in 0..world.random.random_range(1..5) {
            let operations = world.random.random_range(5..250);
            world.live(operations).await;
        }
        world.end(seed).await;
        met.all += world.met.all;
        met.some += world.met.some;
        met.again += world.met.again;
        met.begun += world.met.begun;
        met.ended += world.met.ended;
    }
    assert!(
        met.all > 20 && met.some > 20 && met.again > 20 && met.begun > met.ended + 10,
        "{met:?}"
    );
}
