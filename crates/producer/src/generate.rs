//! The generator of logs: the same seed, settings and start give the same bytes on every machine.
//!
//! Each batch has a random stream of its own, so that it does not matter who makes it, or when.

mod attributes;
mod corpus;
mod encode;
pub mod level_weights;
mod message;
mod template;

pub use encode::{TIME_BYTES, TimeWriter};
pub use level_weights::LevelWeights;

use attributes::Scratch;
use encode::RECORD_TIME_OFFSET;
use logs::{LogRecord, Timestamp};
use message::Messages;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt as _, SeedableRng as _};

/// By how many nanoseconds the time of a late log is older.
const LATENESS: std::ops::Range<i64> = 1_000_000_000..3_600_000_000_000;
/// Shares are compared as whole numbers: floating point differs between machines, these do not.
const SHARE_SCALE: u32 = 1_000_000;

/// The settings of a generator: what the logs are to be like.
#[derive(Debug, Clone)]
pub struct GeneratorSettings {
    /// Decides everything that is random.
    pub seed: u64,
    /// Levels and their weights.
    pub levels: LevelWeights,
    /// Length of every message in bytes, when all are to have the same.
    pub message_bytes: Option<usize>,
    /// Share of late logs, from 0 to 1.
    pub late: f64,
}

/// Where the text of a log's time stands in the batch, and how late the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSlot {
    /// First byte of the time's text.
    pub offset: usize,
    /// Nanoseconds to take from the log's time.
    pub lateness: i64,
}

/// Makes batches.
#[derive(Debug)]
pub struct Generator {
    settings: GeneratorSettings,
    late: u32,
    messages: Messages,
    scratch: Scratch,
    times: TimeWriter,
}

impl Generator {
    /// A generator with these settings.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share lies between 0 and 1"
    )]
    pub fn new(settings: GeneratorSettings) -> Self {
        let late = (settings.late * f64::from(SHARE_SCALE)).round() as u32;
        Self {
            late,
            messages: Messages::new(settings.message_bytes),
            scratch: Scratch::default(),
            times: TimeWriter::default(),
            settings,
        }
    }

    /// Appends a JSON array of `count` logs to `body` and tells where their times stand. `time` gives
    /// the time of a log from its index in the batch.
    ///
    /// # Errors
    /// When a log cannot be written as JSON, which none of these does.
    pub fn batch(
        &mut self,
        number: u64,
        count: usize,
        time: impl Fn(usize) -> Timestamp,
        body: &mut Vec<u8>,
    ) -> Result<Vec<TimeSlot>, serde_json::Error> {
        let mut random = ChaCha8Rng::seed_from_u64(self.settings.seed);
        random.set_stream(number);
        let mut slots = Vec::with_capacity(count);
        body.push(b'[');
        for index in 0..count {
            if index > 0 {
                // One line for each log: people can read a body, and count its logs by the lines.
                body.extend_from_slice(b",\n");
            }
            let lateness = self.lateness(&mut random);
            let slot = TimeSlot {
                offset: body.len() + RECORD_TIME_OFFSET,
                lateness,
            };
            self.log(&mut random, older(time(index), lateness), body)?;
            slots.push(slot);
        }
        body.push(b']');
        Ok(slots)
    }

    fn lateness(&self, random: &mut impl Rng) -> i64 {
        let late = self.late > 0 && random.random_range(0..SHARE_SCALE) < self.late;
        if late {
            random.random_range(LATENESS)
        } else {
            0
        }
    }

    fn log(
        &mut self,
        random: &mut impl Rng,
        timestamp: Timestamp,
        body: &mut Vec<u8>,
    ) -> Result<(), serde_json::Error> {
        let level = self.settings.levels.pick(random);
        let service = self
            .messages
            .write(random, logs::severity_of(level), &mut self.scratch);
        let (message, attributes) = self.scratch.fill(random, service);
        let record = LogRecord {
            timestamp,
            level: Some(level),
            message,
            attributes: Some(attributes),
        };
        encode::record(&record, &mut self.times, body)
    }
}

/// A time moved back.
pub fn older(time: Timestamp, nanos: i64) -> Timestamp {
    Timestamp::from_nanos(time.nanos().saturating_sub(nanos))
}

#[cfg(test)]
mod tests;
