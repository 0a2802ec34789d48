//! Requests with records that are too large, a spool that fills up, disks that fail and kills between any two
//! operations: what was acknowledged is in the spool or aside, what was refused left nothing aside, nothing is
//! aside twice, and the counts are right at every look.

mod request;
mod service;

use crate::deliver::memory_disk::MemoryDisk;
use crate::ingest::acceptance::NotAccepted;
use logs::Timestamp;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt as _, SeedableRng as _};
use request::{Batches, Request};
use service::Service;
use spool::AppendError;
use std::collections::{BTreeMap, BTreeSet};

const HISTORIES: u64 = 150;
const REJECTED: &str = "rejected";
const SPOOL: &str = "spool";

/// What the histories met, so that a simulation that meets nothing fails.
#[derive(Debug, Default)]
struct Met {
    acknowledged: u64,
    /// Of those, requests of batches of their own.
    own: u64,
    taken_back: u64,
    repeated: u64,
    not_set_aside: u64,
    poisoned: u64,
    kills: u64,
    survived: u64,
}

struct World {
    disk: MemoryDisk,
    random: ChaCha8Rng,
    requests: BTreeMap<u64, Request>,
    stored: BTreeSet<String>,
    met: Met,
}

impl World {
    fn request(&mut self) -> Request {
        let number = self.requests.len() as u64;
        let mut records = Vec::new();
        for place in 0..self.random.random_range(1..5) {
            let large = self.random.random_bool(0.4);
            let padding = " ".repeat(self.random.random_range(0..600));
            records.push((format!("{number} {place}{padding}"), large));
        }
        let keyed = self.random.random_bool(0.7);
        Request {
            number,
            keyed,
            batches: match keyed && self.random.random_bool(0.3) {
                true => Batches::OwnEach,
                false => Batches::One,
            },
            received_at: Timestamp::from_nanos(i64::try_from(number).unwrap()),
            records,
            acknowledged: false,
            uncertain: false,
        }
    }

    /// A new one, or one that was sent before under a key.
    fn next(&mut self) -> Request {
        let keyed = self.requests.values().filter(|request| request.keyed);
        let keyed: Vec<u64> = keyed.map(|request| request.number).collect();
        if keyed.is_empty() || self.random.random_bool(0.5) {
            let request = self.request();
            self.requests.insert(request.number, request.clone());
            return request;
        }
        let mut again = self.requests[&keyed[self.random.random_range(0..keyed.len())]].clone();
        // It is received again.
        again.received_at = Timestamp::from_nanos(again.received_at.nanos() + 1_000_000);
        again
    }

    async fn send(&mut self, service: &mut Service, may_fail: bool) {
        let request = self.next();
        let at_once = self.random.random_bool(0.3) && request.keyed;
        let made_before = service.made();
        let both = [service.send(&request), service.send(&request)];
        let ended = match at_once {
            true => futures_util::future::join_all(both).await,
            false => vec![both.into_iter().next().unwrap().await],
        };
        let is_full = |ended: &Result<u64, NotAccepted>| {
            matches!(ended, Err(NotAccepted::Spool(AppendError::Full { .. })))
        };
        if ended.iter().all(is_full) && !request.is_own() {
            // It was aside, and the look that follows finds nothing of it.
            self.met.taken_back += service.made() - made_before;
        }
        for ended in ended {
            service.came += request.records.len() as u64;
            let known = self.requests.get_mut(&request.number).unwrap();
            match ended {
                Ok(apart) => {
                    self.met.repeated += u64::from(known.acknowledged);
                    self.met.own += u64::from(request.is_own());
                    known.acknowledged = true;
                    service.set_aside += apart;
                    service.taken += 1;
                    service.told += request.records.len() as u64;
                    self.met.acknowledged += 1;
                }
                Err(error) => {
                    let poisoned = matches!(error, NotAccepted::Spool(AppendError::Poisoned(_)));
                    self.met.poisoned += u64::from(poisoned && !self.disk.is_killed());
                    self.met.not_set_aside +=
                        u64::from(matches!(error, NotAccepted::DeadLetters(_)));
                    // Nothing is taken back of what is its own.
                    let stays = poisoned || may_fail || request.is_own();
                    known.uncertain |= stays || self.disk.is_killed();
                }
            }
        }
    }

    /// Does something; whether the process goes on.
    async fn act(&mut self, service: &mut Service) -> bool {
        let mut may_fail = false;
        match self.random.random_range(0..12) {
            0..7 => self.send(service, false).await,
            7..10 => service.deliver(&mut self.stored).await,
            10 => {
                may_fail = true;
                self.disk.break_folder(Some(REJECTED));
                self.send(service, true).await;
                self.disk.break_folder(None);
            }
            _ if self.random.random_bool(0.3) => {
                self.disk.break_syncs(Some(SPOOL));
                self.send(service, false).await;
                self.disk.break_syncs(None);
                return false;
            }
            _ => {}
        }
        if self.disk.is_killed() {
            return false;
        }
        service.is_balanced();
        self.look(service, may_fail).await;
        true
    }

    /// What is aside is what was acknowledged, once, and else only what nobody can know of.
    async fn look(&mut self, service: &Service, may_fail: bool) {
        let Some(aside) = service.aside().await else {
            assert!(self.disk.is_killed(), "what is aside cannot be read");
            return;
        };
        let once: BTreeSet<String> = aside.iter().cloned().collect();
        assert_eq!(once.len(), aside.len(), "aside twice: {aside:?}");
        for request in self.requests.values() {
            for text in request.texts(true) {
                let is_aside = once.contains(text.trim());
                let text = text.trim();
                assert!(is_aside || !request.acknowledged, "{text} is lost");
                let allowed = request.acknowledged || request.uncertain || may_fail;
                assert!(!is_aside || allowed, "{text} is aside, and was refused");
            }
        }
    }

    async fn live(&mut self, operations: u64, actions: u32) {
        self.disk.begin(operations);
        let Some(mut service) = Service::open(&self.disk) else {
            self.met.kills += 1;
            return;
        };
        for _ in 0..actions {
            if !self.act(&mut service).await {
                break;
            }
        }
        self.met.kills += u64::from(self.disk.is_killed());
        service.stop().await;
    }

    /// Everything that was acknowledged comes to its end, and what the clients sent in vain is sent again.
    async fn end(&mut self) {
        self.disk.begin(u64::MAX);
        let mut service = Service::open(&self.disk).expect("nothing is damaged");
        self.look(&service, false).await;
        let unknown: Vec<Request> = self.requests.values().cloned().collect();
        for request in unknown.iter().filter(|request| request.keyed) {
            self.met.survived += u64::from(request.uncertain && !request.acknowledged);
            let apart = loop {
                service.came += request.records.len() as u64;
                match service.send(request).await {
                    Ok(apart) => break apart,
                    Err(_) => service.deliver(&mut self.stored).await,
                }
            };
            service.set_aside += apart;
            service.taken += 1;
            service.told += request.records.len() as u64;
            self.requests.get_mut(&request.number).unwrap().acknowledged = true;
            service.is_balanced();
        }
        self.look(&service, false).await;
        while service.counts().waiting > 0 {
            service.deliver(&mut self.stored).await;
        }
        let acknowledged = self.requests.values();
        for request in acknowledged.filter(|request| request.acknowledged) {
            for text in request.texts(false) {
                assert!(self.stored.contains(text.trim()), "{text} is lost");
            }
        }
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_aside_is_what_was_acknowledged_whichever_step_fails() {
    let mut met = Met::default();
    for seed in 0..HISTORIES {
        let mut world = World {
            disk: MemoryDisk::default(),
            random: ChaCha8Rng::seed_from_u64(seed),
            requests: BTreeMap::new(),
            stored: BTreeSet::new(),
            met: std::mem::take(&mut met),
        };
        for _ in 0..world.random.random_range(1..5) {
            let operations = world.random.random_range(5..400);
            world.live(operations, 30).await;
        }
        world.end().await;
        met = world.met;
    }
    let least = [
        met.acknowledged,
        met.own,
        met.taken_back,
        met.repeated,
        met.not_set_aside,
        met.poisoned,
        met.kills,
        met.survived,
    ];
    assert!(least.iter().all(|count| *count > 20), "{met:?}");
}
