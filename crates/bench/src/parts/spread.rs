//! Records spread evenly over a time, with needles behind it, and the ways in which they are delivered.

use crate::failure::Failure;
use crate::forms;
use crate::peer::VictoriaLogs;
use crate::records;
use crate::rig::Rig;
use crate::service::Service;
use crate::tally::BASE_NANOS;
use crate::usage::as_f64;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use logs::Timestamp;
use producer::generate::Generator;
use std::collections::VecDeque;
use std::time::Duration;

const SECOND_NANOS: i64 = 1_000_000_000;
/// All levels but TRACE, which no index knows, and FATAL, which one does.
const LEVELS: &str = "DEBUG=8,INFO=75,WARNING=12,ERROR=5";
/// A word that no other record has.
pub(super) const NEEDLE: &str = "haystack-needle";
const PATIENCE: Duration = Duration::from_secs(120);
/// Records that are made at one time.
const MADE: u64 = 1000;
/// Requests under way at one time, of those that come over many connections.
const UNDER_WAY: usize = 16;

/// What is delivered; its records begin with every run's first time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    pub(super) records: u64,
    /// The time over which they are spread.
    pub(super) nanos: i64,
    /// Records in a body.
    pub(super) batch: u64,
    pub(super) needles: u64,
}

/// How bodies get to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// One by one.
    Spooled,
    /// One by one, each when the one before is stored.
    Stored,
    /// Over many connections, each under a key of its own.
    Keyed,
}

impl Spread {
    /// Nanoseconds between two records.
    #[expect(
        clippy::cast_precision_loss,
        reason = "as the accounts count: see tally"
    )]
    pub(super) fn step(&self) -> f64 {
        self.nanos as f64 / as_f64(self.records)
    }

    /// The end of the time.
    pub(super) fn end(&self) -> i64 {
        BASE_NANOS + self.nanos
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "as the accounts count: see tally"
    )]
    fn time(&self, place: u64) -> Timestamp {
        Timestamp::from_nanos(BASE_NANOS + (as_f64(place) * self.step()) as i64)
    }

    /// The bodies in their order, each a JSON array. The records are the same ones, however many of them are
    /// in a body.
    pub(super) fn bodies(self) -> Result<Bodies, Failure> {
        Ok(Bodies {
            generator: records::generator(&["--levels", LEVELS])?,
            spread: self,
            made: 0,
            waiting: VecDeque::new(),
        })
    }

    fn needles(&self) -> Vec<u8> {
        let needle = |number: u64| {
            let after = i64::try_from(number + 1).unwrap_or(0) * SECOND_NANOS;
            let time = Timestamp::from_nanos(self.end() + after);
            format!(r#"{{"timestamp":"{time}","level":"INFO","message":"a {NEEDLE} is here"}}"#)
        };
        let bodies: Vec<String> = (0..self.needles).map(needle).collect();
        format!("[{}]", bodies.join(",")).into_bytes()
    }

    /// Stores all of them; what is wrong then, if anything is.
    pub(super) async fn fill(
        self,
        rig: &mut Rig<'_>,
        delivery: Delivery,
    ) -> Result<Option<String>, Failure> {
        let service = rig.service();
        match delivery {
            Delivery::Keyed => self.post_keyed(service).await?,
            Delivery::Spooled => {
                for body in self.bodies()? {
                    service.post(body?).await?;
                }
            }
            Delivery::Stored => {
                for body in self.bodies()? {
                    service.store(body?).await?;
                }
            }
        }
        if self.needles > 0 {
            service.post(self.needles()).await?;
        }
        rig.acknowledge(self.records + self.needles);
        rig.service().all_stored(PATIENCE).await?;
        rig.fault(self.step(), self.needles).await
    }

    async fn post_keyed(self, service: &Service) -> Result<(), Failure> {
        let posts = self.bodies()?.enumerate().map(async |(number, body)| {
            let key = format!("bench-{number}");
            service.post_keyed(body?, &key).await
        });
        let posts = stream::iter(posts).buffer_unordered(UNDER_WAY);
        posts.try_collect::<()>().await
    }

    /// Delivers the same to a peer, and waits until all of it can be found.
    pub(super) async fn fill_peer(self, peer: &VictoriaLogs) -> Result<(), Failure> {
        for body in self.bodies()? {
            peer.post(forms::lines(&body?)).await?;
        }
        peer.post(forms::lines(&self.needles())).await?;
        let records = self.records + self.needles;
        peer.all_found(records, PATIENCE).await.map(drop)
    }
}

/// Makes the bodies.
pub(super) struct Bodies {
    generator: Generator,
    spread: Spread,
    /// Records that have been made.
    made: u64,
    /// Those that are in no body yet.
    waiting: VecDeque<String>,
}

impl Iterator for Bodies {
    type Item = Result<Vec<u8>, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = usize::try_from(self.spread.batch).unwrap_or(usize::MAX);
        while self.waiting.len() < batch && self.made < self.spread.records {
            if let Err(failure) = self.make() {
                return Some(Err(failure));
            }
        }
        let count = batch.min(self.waiting.len());
        let body: Vec<String> = self.waiting.drain(..count).collect();
        (count > 0).then(|| Ok(format!("[{}]", body.join(",\n")).into_bytes()))
    }
}

impl Bodies {
    fn make(&mut self) -> Result<(), Failure> {
        let first = self.made;
        let count = MADE.min(self.spread.records - first);
        let time = |place| self.spread.time(first + place as u64);
        let mut json = Vec::new();
        let size = usize::try_from(count).unwrap_or(0);
        self.generator.batch(first / MADE, size, time, &mut json)?;
        let lines = String::from_utf8(forms::lines(&json));
        let lines = lines.map_err(|error| Failure::told(error.to_string()))?;
        self.waiting.extend(lines.lines().map(str::to_owned));
        self.made += count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Tally;
    use serde_json::Value;

    fn tally(spread: Spread, bodies: Vec<Vec<u8>>) -> Option<String> {
        let mut tally = Tally::new(spread.records, spread.step());
        for body in bodies {
            for record in serde_json::from_slice::<Vec<Value>>(&body).unwrap() {
                let time = Timestamp::parse(record["timestamp"].as_str().unwrap()).unwrap();
                tally.record(time.nanos());
            }
        }
        tally.fault(spread.needles)
    }

    #[test]
    fn the_bodies_hold_every_record_once_and_the_needles_lie_behind() {
        for (records, batch) in [(1_000, 7), (999, 1_000), (2_000, 1_000)] {
            let spread = Spread {
                records,
                nanos: 86_400 * SECOND_NANOS,
                batch,
                needles: 3,
            };
            let bodies = spread.bodies().unwrap().collect::<Result<Vec<_>, _>>();
            let mut bodies = bodies.unwrap();
            assert!(tally(spread, bodies.clone()).is_some(), "{spread:?}");
            bodies.push(spread.needles());
            assert_eq!(tally(spread, bodies), None, "{spread:?}");
        }
    }

    #[test]
    fn the_records_are_the_same_ones_however_many_are_in_a_body() {
        let records = |batch| {
            let spread = Spread {
                records: 2_500,
                nanos: 3_600 * SECOND_NANOS,
                batch,
                needles: 0,
            };
            let bodies = spread.bodies().unwrap().map(Result::unwrap);
            let records = bodies.map(|body| {
                let records: Vec<Value> = serde_json::from_slice(&body).unwrap();
                assert!(records.len() as u64 <= batch);
                records
            });
            records.flatten().collect::<Vec<_>>()
        };
        let all = records(1_000);
        assert_eq!(all.len(), 2_500);
        assert!(records(7) == all && records(100) == all);
    }
}
