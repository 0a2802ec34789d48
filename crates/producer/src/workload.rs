//! The workload: the payload of each batch, made when it is asked for or taken from a bounded pool.

pub mod pacer;
pub mod schedule;

pub use pacer::Pacer;
pub use schedule::Schedule;

use crate::generate::{Generator, GeneratorSettings, TIME_BYTES, TimeSlot, TimeWriter, older};
use crate::payload::Payload;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use logs::Timestamp;
use std::io::{self, Write as _};

/// Payloads of the pool at most.
const POOL_PAYLOADS: u64 = 4096;
/// Bytes of all payloads of the pool at most; the last one may reach beyond.
const POOL_BYTES: usize = 64 * 1024 * 1024;

/// What the payloads are to be.
#[derive(Debug, Clone)]
pub struct WorkloadSettings {
    /// The logs in them.
    pub generator: GeneratorSettings,
    /// How many logs, and when they are sent.
    pub schedule: Schedule,
    /// Logs in total; `None` without an end.
    pub count: Option<u64>,
    /// Time of the first log.
    pub start: Timestamp,
    /// Whether they are compressed.
    pub gzip: bool,
    /// Whether they are made beforehand.
    pub prebuilt: bool,
}

/// A payload of the pool.
#[derive(Debug)]
struct Prebuilt {
    payload: Payload,
    /// Where times are to be written over; none in a compressed payload, whose times repeat.
    slots: Vec<TimeSlot>,
}

/// Makes payloads, or takes them from its pool.
#[derive(Debug)]
pub struct Workload {
    settings: WorkloadSettings,
    generator: Generator,
    times: TimeWriter,
    pool: Vec<Prebuilt>,
}

impl Workload {
    /// A workload; fills the pool when one is asked for.
    ///
    /// # Errors
    /// When a payload cannot be made, for which there is no reason known.
    pub fn new(settings: WorkloadSettings) -> io::Result<Self> {
        let mut workload = Self {
            generator: Generator::new(settings.generator.clone()),
            times: TimeWriter::default(),
            pool: Vec::new(),
            settings,
        };
        if workload.settings.prebuilt {
            workload.fill_pool()?;
        }
        Ok(workload)
    }

    /// Payloads in the pool, and their bytes.
    pub fn pool(&self) -> (usize, usize) {
        let bytes = self
            .pool
            .iter()
            .map(|prebuilt| prebuilt.payload.bytes.len());
        (self.pool.len(), bytes.sum())
    }

    /// The payload of a batch; `None` after the last one.
    ///
    /// # Errors
    /// As for [`Workload::new`].
    pub fn payload(&mut self, number: u64) -> io::Result<Option<Payload>> {
        let logs = self.logs(number);
        if logs == 0 {
            return Ok(None);
        }
        let size = u64::try_from(self.pool.len()).unwrap_or(1).max(1);
        let index = usize::try_from(number % size).unwrap_or(0);
        match self.pool.get(index) {
            Some(prebuilt) if prebuilt.payload.logs == logs => {
                let first = self.settings.schedule.batch_size() * number;
                let settings = &self.settings;
                let time = |log| log_time(settings, first, log);
                Ok(Some(with_new_times(prebuilt, &mut self.times, time)))
            }
            _ => Ok(Some(self.make(number, logs)?.payload)),
        }
    }

    fn logs(&self, number: u64) -> u64 {
        let size = self.settings.schedule.batch_size();
        match self.settings.count {
            Some(count) => count.saturating_sub(number.saturating_mul(size)).min(size),
            None => size,
        }
    }

    fn fill_pool(&mut self) -> io::Result<()> {
        let mut bytes = 0;
        for number in 0..POOL_PAYLOADS {
            let logs = self.logs(number);
            if logs == 0 || bytes >= POOL_BYTES {
                break;
            }
            let prebuilt = self.make(number, logs)?;
            bytes += prebuilt.payload.bytes.len();
            self.pool.push(prebuilt);
        }
        Ok(())
    }

    fn make(&mut self, number: u64, logs: u64) -> io::Result<Prebuilt> {
        let settings = &self.settings;
        let first = settings.schedule.batch_size() * number;
        let count = usize::try_from(logs).unwrap_or(usize::MAX);
        let mut json = Vec::new();
        let time = |log| log_time(settings, first, log);
        let mut slots = self.generator.batch(number, count, time, &mut json)?;
        if settings.gzip {
            slots.clear();
            json = gzip(&json)?;
        }
        let bytes = Bytes::from(json);
        let gzip = settings.gzip;
        let payload = Payload { bytes, logs, gzip };
        Ok(Prebuilt { payload, slots })
    }
}

fn log_time(settings: &WorkloadSettings, first: u64, log: usize) -> Timestamp {
    let log = first.saturating_add(u64::try_from(log).unwrap_or(u64::MAX));
    let after = settings.schedule.log_nanos(log);
    Timestamp::from_nanos(settings.start.nanos().saturating_add(after))
}

/// The prebuilt payload with the times of another batch.
fn with_new_times(
    prebuilt: &Prebuilt,
    times: &mut TimeWriter,
    time: impl Fn(usize) -> Timestamp,
) -> Payload {
    if prebuilt.slots.is_empty() {
        return prebuilt.payload.clone();
    }
    let mut json = prebuilt.payload.bytes.to_vec();
    for (log, slot) in prebuilt.slots.iter().enumerate() {
        let text = times.text(older(time(log), slot.lateness));
        if let Some(old) = json.get_mut(slot.offset..slot.offset + TIME_BYTES) {
            old.copy_from_slice(text);
        }
    }
    Payload {
        bytes: Bytes::from(json),
        ..prebuilt.payload
    }
}

fn gzip(json: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 4), Compression::fast());
    encoder.write_all(json)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn settings() -> WorkloadSettings {
        WorkloadSettings {
            generator: GeneratorSettings {
                seed: 1,
                levels: "INFO=1".parse().unwrap(),
                message_bytes: None,
                late: 0.3,
            },
            schedule: Schedule::new(0.0, 10),
            count: Some(95),
            start: Timestamp::from_nanos(1_728_345_600_000_000_000),
            gzip: false,
            prebuilt: false,
        }
    }

    fn all(settings: WorkloadSettings) -> Vec<Payload> {
        let mut workload = Workload::new(settings).unwrap();
        (0..)
            .map_while(|number| workload.payload(number).unwrap())
            .collect()
    }

    #[test]
    fn the_batches_hold_exactly_so_many_logs_as_asked_for() {
        let logs: Vec<u64> = all(settings()).iter().map(|body| body.logs).collect();
        assert_eq!(logs, [10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    }

    #[test]
    fn prebuilt_bodies_are_the_same_bytes_as_others_until_the_pool_repeats() {
        let prebuilt = all(WorkloadSettings {
            prebuilt: true,
            ..settings()
        });
        for (one, other) in all(settings()).iter().zip(&prebuilt) {
            assert_eq!(one.bytes, other.bytes);
        }
        assert_eq!(prebuilt.len(), 10);
    }

    #[test]
    fn a_pool_that_repeats_has_new_times() {
        let mut workload = Workload::new(WorkloadSettings {
            prebuilt: true,
            count: None,
            ..settings()
        })
        .unwrap();
        let (bodies, bytes) = workload.pool();
        assert!(bodies == 4096 && bytes < 2 * POOL_BYTES, "{bodies} {bytes}");
        let first = workload.payload(0).unwrap().unwrap();
        let again = workload.payload(4096).unwrap().unwrap();
        assert_eq!(first.bytes.len(), again.bytes.len());
        let values = |body: &Payload| -> Vec<serde_json::Value> {
            serde_json::from_slice(&body.bytes).unwrap()
        };
        for (one, other) in values(&first).iter().zip(values(&again)) {
            assert_eq!(one["message"], other["message"]);
            let nanos = |log: &serde_json::Value| {
                Timestamp::parse(log["timestamp"].as_str().unwrap())
                    .unwrap()
                    .nanos()
            };
            assert_eq!(nanos(&other) - nanos(one), 4096 * 10 * 1000);
        }
    }

    #[test]
    fn the_pool_is_bounded_also_for_large_bodies() {
        let mut large = settings();
        large.generator.message_bytes = Some(1024 * 1024);
        let workload = Workload::new(WorkloadSettings {
            prebuilt: true,
            count: None,
            ..large
        })
        .unwrap();
        let (_, bytes) = workload.pool();
        assert!(bytes < POOL_BYTES + 12 * 1024 * 1024, "{bytes}");
    }

    #[test]
    fn a_compressed_body_holds_the_same_json() {
        let plain = all(settings());
        for prebuilt in [false, true] {
            let packed = all(WorkloadSettings {
                gzip: true,
                prebuilt,
                ..settings()
            });
            for (one, other) in plain.iter().zip(packed) {
                let mut json = Vec::new();
                flate2::read::GzDecoder::new(&other.bytes[..])
                    .read_to_end(&mut json)
                    .unwrap();
                assert_eq!(one.bytes, json);
            }
        }
    }
}
